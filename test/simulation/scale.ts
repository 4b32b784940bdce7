/** A weight scale: keeps each weighing until the hub has confirmed it, and stamps it with a clock that may be wrong. */
import type { Measurement } from '../../agent/reading/measurement.ts';
import { dateTimeBytes, dateTimeText, localMs, localText } from '../../simulators/devices/date-time.ts';
import { WEIGHT, type Weighed, weighedBytes, weighedMeans } from '../../simulators/devices/weight-scale-frames.ts';
import type { Chance } from './chance.ts';
import type { Contact, Moment, Peripheral } from './radio.ts';
import type { Scheduler } from './scheduler.ts';
import type { Trace } from './trace.ts';

/** One measurement as the device knows it. */
export interface Taken {
  readonly device: string;
  readonly measurement: Measurement;
  /** When it was true of the patient, true time. */
  readonly trueMs: number;
  /** False once it was told in a contact whose first look at the device's clock was not at the run of it that stamped this. */
  isDatable: boolean;
}

export interface DeviceWatcher {
  /** The device has measured it, and can tell it more than once. */
  taken(taken: Taken): void;
  /** The hub has got these. */
  delivered(taken: readonly Taken[], at: Moment): void;
  /** The hub told the device that these, which it got then, are kept. */
  kept(taken: readonly Taken[], at: Moment): void;
}

export interface Scale extends Peripheral {
  /** Somebody steps on it. */
  weigh(): void;
  /** Somebody touches it: it is reachable for a while. */
  wake(): void;
  /** Its clock begins anew in 2000, as after a change of batteries. */
  resetClock(): void;
  /** Somebody sets its clock by hand, badly. */
  setClockBadly(): void;
  readonly stored: number;
}

export interface ScaleOptions {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly watcher: DeviceWatcher;
  readonly onChanged: (scale: Scale) => void;
  /** Offset of the home's zone from UTC, milliseconds. */
  readonly zoneMs: number;
  /** Whether the hub can tell how far this clock is off when it looks at it. */
  readonly hubKnowsTheTime: () => boolean;
}

interface Stored {
  /** Of the device's clock: one that is set or reset begins another. */
  readonly clockRun: number;
  readonly frame: Weighed;
  readonly taken: readonly Taken[];
}

const CLOCK = '2a08';
const AWAKE_MS = 45_000;
/** It sends what it stored so long after it was met, or after its clock was set. */
const SPEAKS_AFTER_MS = 300;
const GIVES_UP_MS = 30_000;
const STORED_MOST = 30;

export function openScale({
  scheduler,
  chance,
  trace,
  watcher,
  onChanged,
  zoneMs,
  hubKnowsTheTime,
}: ScaleOptions): Scale {
  const name = 'scale';
  const obedience = chance.one(['sets', 'refuses', 'ignores'] as const);
  let stored: Stored[] = [];
  let awakeUntilMs = 0;
  let clockRun = 1;
  let offsetMs = zoneMs + chance.one([0, 0, 1_500, -40_000, 3_600_000, -7_200_000]);
  let contact: Contact | undefined;
  /** The run of the clock at which the hub looked first in this contact. */
  let runLookedAt: number | undefined;

  const shows = (): string => localText(scheduler.nowMs + offsetMs);

  function weigh(): void {
    const isDone = chance.odds(0.9);
    const frame: Weighed = {
      unit: chance.odds(0.8) ? 'kg' : 'lb',
      weight: isDone ? chance.whole(11_000, 20_000) : 0xffff,
      at: shows(),
      ...(chance.odds(0.3) && { user: chance.whole(1, 3) }),
      ...(chance.odds(0.3) && { body: { bmi: chance.whole(180, 320), height: chance.whole(1_500, 1_900) } }),
    };
    const taken = weighedMeans(frame).map((measurement) => ({
      device: name,
      measurement,
      trueMs: scheduler.nowMs,
      isDatable: true,
    }));
    for (const one of taken) watcher.taken(one);
    stored = [...stored, { frame, taken, clockRun }].slice(-STORED_MOST);
    trace.note(name, `weighed ${isDone ? frame.weight : 'nobody'} at ${frame.at}`);
    wake();
  }

  function wake(): void {
    awakeUntilMs = scheduler.nowMs + AWAKE_MS;
    onChanged(scale);
    scheduler.at(awakeUntilMs + 1, () => {
      if (scheduler.nowMs > awakeUntilMs) contact?.hangUp();
    });
  }

  function tellNext(during: Contact): void {
    const [first] = stored;
    if (during.isOver || during !== contact) return;
    if (!first) {
      // With nothing left to tell it goes to sleep.
      scheduler.at(scheduler.nowMs + chance.scale(100, 3_000), () => {
        if (during !== contact || stored.length > 0) return;
        awakeUntilMs = scheduler.nowMs;
        during.hangUp();
      });
      return;
    }
    trace.note(name, `tells the weighing of ${first.frame.at}`);
    for (const one of first.taken) one.isDatable &&= first.clockRun === runLookedAt;
    during.send(WEIGHT, weighedBytes(first.frame), {
      delivered: (at) => watcher.delivered(first.taken, at),
      kept: (at) => watcher.kept(first.taken, at),
      confirmed: () => {
        stored = stored.filter((one) => one !== first);
        tellNext(during);
      },
    });
  }

  const scale: Scale = {
    name,
    channels: [WEIGHT, '2a9e', CLOCK],
    weigh,
    wake,
    resetClock: () => {
      clockRun += 1;
      offsetMs = localMs('2000-01-01T00:00:00') - scheduler.nowMs;
      trace.note(name, 'clock reset');
    },
    setClockBadly: () => {
      clockRun += 1;
      offsetMs = zoneMs + chance.between(-90, 90) * 60_000;
      trace.note(name, `clock shows ${shows()}`);
    },
    get stored() {
      return stored.length;
    },
    isReachable: () => scheduler.nowMs < awakeUntilMs,
    met: (made) => {
      contact = made;
      runLookedAt = undefined;
      scheduler.at(scheduler.nowMs + SPEAKS_AFTER_MS * chance.scale(0.5, 4), () => tellNext(made));
      scheduler.at(scheduler.nowMs + GIVES_UP_MS, () => made === contact && made.hangUp());
    },
    parted: () => {
      contact = undefined;
    },
    read: (channel) => {
      if (channel === '2a9e') return Uint8Array.from([0x21, 0, 0, 0]);
      if (channel !== CLOCK) return undefined;
      if (hubKnowsTheTime()) runLookedAt ??= clockRun;
      return Uint8Array.from(dateTimeBytes(shows()));
    },
    write: (channel, bytes) => {
      const text = channel === CLOCK ? dateTimeText(bytes) : undefined;
      if (text === undefined || obedience === 'refuses') return false;
      if (obedience === 'sets') {
        clockRun += 1;
        offsetMs = localMs(text) - scheduler.nowMs;
      }
      trace.note(name, `clock set to ${text}: ${obedience}`);
      return true;
    },
  };
  return scale;
}
