/** A syringe pump on a serial line that is noisy, torn, and sometimes pulled out. */
import type { Link, LinkListener } from '../../agent/link/link.ts';
import { LinkError } from '../../agent/link/link.ts';
import type { Measurement } from '../../agent/reading/measurement.ts';
import type { World } from '../../agent/world.ts';
import type { PumpState } from '../../simulators/devices/alaris-gh-frames.ts';
import { alarisGhSerialSimulator } from '../../simulators/devices/alaris-gh-serial.ts';
import type { Place } from '../../simulators/devices/contract.ts';
import type { Chance } from './chance.ts';
import type { Life } from './life.ts';
import type { DeviceWatcher, Taken } from './scale.ts';
import type { Scheduler } from './scheduler.ts';
import type { Trace } from './trace.ts';

export interface Pump {
  readonly name: string;
  /** The hub's side of the line, for one life. */
  linkTo(life: Life): Link;
  plug(isIn: boolean): void;
  /** It says nothing, or speaks again. */
  switchOn(isOn: boolean): void;
}

export interface PumpOptions {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly watcher: DeviceWatcher;
}

const STATES = 5_000;
const LINE_MS = 20;

interface Port {
  readonly life: Life;
  readonly listener: LinkListener;
}

export function openPump({ scheduler, chance, trace, watcher }: PumpOptions): Pump {
  const name = 'pump';
  let toDevice: (bytes: Uint8Array) => void = () => undefined;
  /** What the last answer means. */
  let last: { means: readonly Measurement[] } = { means: [] };
  let port: Port | undefined;
  let waiting: (() => void)[] = [];
  let isIn = true;
  let isOn = true;

  /** What the pump writes reaches the hub in one piece, in two, or spoilt. */
  function write(bytes: Uint8Array): void {
    const to = port;
    const trueMs = scheduler.nowMs;
    const answer = { means: [] as readonly Measurement[] };
    last = answer;
    const said = (): readonly Taken[] =>
      answer.means.map((measurement) => ({ device: name, measurement, trueMs, isDatable: true }));
    if (!to || !isOn) return;
    const isSpoilt = chance.odds(0.02);
    const sent = isSpoilt ? bytes.map((byte, at) => (at === 5 ? byte ^ 1 : byte)) : bytes;
    const cut = chance.odds(0.3) ? chance.whole(1, sent.length - 1) : sent.length;
    const arriveMs = scheduler.nowMs + LINE_MS * chance.scale(0.3, 3);
    const piece = (part: Uint8Array): void =>
      to.listener.frame({ channel: 'serial', bytes: part, kept: () => undefined });
    const isThere = (): boolean => port === to && !to.life.isOver;
    if (cut < sent.length) scheduler.at(arriveMs, () => isThere() && piece(sent.subarray(0, cut)));
    scheduler.at(arriveMs + 2, () => {
      if (!isThere()) return;
      const { world } = to.life;
      if (!isSpoilt) watcher.delivered(said(), { boot: world.boot, monotonicMs: world.monotonicMs() });
      piece(cut < sent.length ? sent.subarray(cut) : sent);
    });
  }

  // The simulator says what its answer means just after it has given it to the wire, and before any time has passed.
  const place: Place = {
    world: {} as World,
    addPeripheral: () => {
      throw new Error('a pump has no radio');
    },
    cardFolder: () => '',
    openPort: async () => ({
      path: '/dev/ttyUSB0',
      onBytes: (listener) => {
        toDevice = listener;
      },
      write,
      close: () => undefined,
    }),
  };
  void alarisGhSerialSimulator.play(
    place,
    name,
    { states: states(chance) },
    {
      sent: (measurements) => {
        last.means = measurements;
      },
      acknowledged: () => undefined,
      doing: () => undefined,
    },
  );

  function tryToOpen(open: () => void): void {
    if (isIn) open();
    else waiting.push(open);
  }

  function linkTo(life: Life): Link {
    let mine: Port | undefined;
    let isClosed = false;
    const open = (listener: LinkListener): void => {
      life.later(chance.scale(10, 2_000), () =>
        tryToOpen(() => {
          if (isClosed || life.isOver) return;
          mine = { life, listener };
          port = mine;
          listener.up(new Set(['serial']), {});
        }),
      );
    };
    return {
      open: (listener) => {
        waiting = [];
        open(listener);
      },
      write: async (_channel, bytes) => {
        if (!mine || port !== mine) throw new LinkError('the port is not open');
        await life.world.sleep(1);
        const copy = Uint8Array.from(bytes);
        if (isOn) life.later(LINE_MS, () => port === mine && toDevice(copy));
      },
      read: async () => {
        throw new LinkError('a serial device cannot be read');
      },
      hangUp: async () => undefined,
      close: async () => {
        isClosed = true;
        if (port === mine) port = undefined;
      },
    };
  }

  return {
    name,
    linkTo,
    plug: (is) => {
      if (isIn === is) return;
      isIn = is;
      trace.note(name, is ? 'plugged in' : 'pulled out');
      if (is) {
        for (const open of waiting.splice(0)) open();
        return;
      }
      const lost = port;
      port = undefined;
      if (!lost || lost.life.isOver) return;
      lost.listener.down('the port is gone', 'link-fault');
      waiting.push(() => {
        if (lost.life.isOver) return;
        port = lost;
        lost.listener.up(new Set(['serial']), {});
      });
    },
    switchOn: (is) => {
      isOn = is;
      trace.note(name, is ? 'on' : 'off');
    },
  };
}

/** Mostly steady; now and then the line is blocked for a while. */
function states(chance: Chance): readonly PumpState[] {
  let blocked = 0;
  return Array.from({ length: STATES }, (_, at) => {
    if (blocked === 0 && chance.odds(0.03)) blocked = chance.whole(1, 6);
    else if (blocked > 0) blocked -= 1;
    return {
      rate: '5.00',
      volume: (at / 1000).toFixed(3),
      pressure: blocked > 0 ? '612.40' : '17.91',
      status: blocked > 0 ? ('HLD' as const) : ('SET' as const),
      alarm: blocked > 0 ? 'AL_OCCL' : 'AL_NOALM',
      drug: 'MORPHINE',
      timeLeft: '06:30:00',
    };
  });
}
