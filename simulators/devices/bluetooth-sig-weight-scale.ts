/** A bathroom scale of the A&D kind: is in the air only when it has something to say, says it, and hangs up. */
import type { Timer, World } from '../../agent/world.ts';
import type { GattService, Peripheral } from '../radio/gatt.ts';
import { ascii } from './bytes.ts';
import type { Ledger, Place, Running, Simulator } from './contract.ts';
import { type DeviceClock, dateTimeBytes, dateTimeText, deviceClock } from './date-time.ts';
import { endingOf } from './ending.ts';
import { FEATURES, scaleCases, WEIGHT, type Weighed, weighedBytes, weighedMeans } from './weight-scale-frames.ts';

export interface StoredWeighing {
  /** Local time of the device's own clock, '2026-03-01T06:30:00'. */
  readonly at: string;
  /** 0..327.67, sent in steps of 5 g. */
  readonly kg: number;
}

export interface ComingWeighing {
  /** Milliseconds after the start; rising. */
  readonly afterMs: number;
  readonly kg: number;
  /** Time stamp; left out, it is what the device's clock shows then. */
  readonly at?: string;
}

export interface ScaleScript {
  readonly name: string;
  readonly address?: string;
  /** What the device's clock shows at the start; whether it is right is another matter. */
  readonly clock: { readonly startsAt: string };
  readonly stored: readonly StoredWeighing[];
  readonly weighings: readonly ComingWeighing[];
}

const ADDRESS = '00:09:1f:18:1d:01';
/** A&D app note: the hub has a moment after discovery to set the clock, before the data come. */
const FIRST_INDICATION_MS = 50;
const HANG_UP_MS = 100;
/** A central that connects and asks for nothing is let go. */
const PATIENCE_MS = 30_000;
/** Application error of ATT: the bytes are no date. Source: Bluetooth Core 5.4, Vol 3, Part F, 3.4.1.1. */
const NOT_A_DATE = 0x80;

export const bluetoothSigWeightScaleSimulator: Simulator<ScaleScript> = {
  driver: 'bluetooth-sig-weight-scale',
  scenarios: {
    'one-weighing': {
      name: 'Scale',
      clock: { startsAt: '2026-03-01T07:00:00' },
      stored: [],
      weighings: [{ afterMs: 2_000, kg: 78.4 }],
    },
    'stored-week': {
      name: 'Scale',
      clock: { startsAt: '2026-03-08T07:00:00' },
      stored: [1, 2, 3, 4, 5, 6, 7].map((day) => ({ at: `2026-03-0${day}T07:02:00`, kg: 78 + day / 10 })),
      weighings: [],
    },
    'clock-lost': {
      name: 'Scale',
      clock: { startsAt: '2010-01-01T00:00:00' },
      stored: [],
      weighings: [{ afterMs: 2_000, kg: 78.4 }],
    },
  },
  cases: scaleCases,
  play,
};

async function play(place: Place, _device: string, script: ScaleScript, ledger: Ledger): Promise<Running> {
  const { world } = place;
  const ending = endingOf('handed over');
  const clock = deviceClock(world, script.clock.startsAt);
  const memory: Weighed[] = script.stored.map(({ at, kg }) => weighing(kg, at));
  const peripheral = place.addPeripheral({
    address: script.address ?? ADDRESS,
    name: script.name,
    advertises: ['181d'],
    services: services(clock, ledger),
  });
  let coming = script.weighings.length;

  /** The radio is on as long as there is something to say; a connection silences it for its length. */
  function offer(): void {
    if (coming === 0 && memory.length === 0) ending.reached('handed over');
    if (memory.length > 0 && !peripheral.connected) ledger.doing(`advertising, ${memory.length} to hand over`);
    peripheral.advertise(memory.length > 0);
  }
  const timers = script.weighings.map(({ afterMs, kg, at }) =>
    world.after(afterMs, () => {
      ledger.doing(`somebody weighs ${kg.toFixed(1)} kg`);
      memory.push(weighing(kg, at ?? clock.now()));
      coming--;
      offer();
    }),
  );
  const stopContact = holdContacts(world, peripheral, memory, ledger, offer);
  offer();
  return {
    done: ending.done,
    reach: { address: peripheral.address },
    stop: async () => {
      for (const timer of timers) timer.cancel();
      stopContact();
      peripheral.close();
    },
  };
}

/** Empties the memory over each contact; calls back after each. Returns the way to stop. */
function holdContacts(world: World, peripheral: Peripheral, memory: Weighed[], ledger: Ledger, ended: () => void) {
  const sent = new Set<Weighed>();
  let handingOver = false;
  let timer: Timer | undefined;

  function next(afterMs: number, fn: () => void): void {
    timer?.cancel();
    timer = world.after(afterMs, fn);
  }
  function hangUp(): void {
    if (peripheral.connected) peripheral.disconnect();
  }
  /** One at a time, the next only when the last is confirmed; what is not confirmed stays, stamp and all, for the next contact. */
  async function handOver(): Promise<void> {
    handingOver = true;
    for (let oldest = memory[0]; oldest && peripheral.subscribed(WEIGHT); oldest = memory[0]) {
      if (!sent.has(oldest)) ledger.sent(weighedMeans(oldest));
      sent.add(oldest);
      if (!(await peripheral.indicate(WEIGHT, weighedBytes(oldest)))) break;
      memory.shift();
      ledger.acknowledged(weighedMeans(oldest));
    }
    handingOver = false;
    ended();
    if (peripheral.connected) next(HANG_UP_MS, hangUp);
  }

  peripheral.on('connected', () => next(PATIENCE_MS, hangUp));
  peripheral.on('subscribed', (characteristic) => {
    if (characteristic === WEIGHT && !handingOver) next(FIRST_INDICATION_MS, () => void handOver());
  });
  peripheral.on('disconnected', () => {
    timer?.cancel();
    ended();
  });
  return () => timer?.cancel();
}

function services(clock: DeviceClock, ledger: Ledger): readonly GattService[] {
  function setClock(value: Uint8Array): number | undefined {
    const text = dateTimeText(value);
    if (text === undefined) return NOT_A_DATE;
    clock.set(text);
    ledger.doing(`clock set to ${text}`);
    return undefined;
  }
  return [
    {
      uuid: '181d',
      characteristics: [
        { uuid: WEIGHT, properties: ['indicate'] },
        { uuid: '2a9e', properties: ['read'], read: () => Uint8Array.from(FEATURES) },
        {
          uuid: '2a08',
          properties: ['read', 'write'],
          read: () => Uint8Array.from(dateTimeBytes(clock.now())),
          write: setClock,
        },
      ],
    },
    {
      uuid: '180a',
      characteristics: [
        { uuid: '2a29', properties: ['read'], read: () => ascii('Hjemmebro simulators') },
        { uuid: '2a24', properties: ['read'], read: () => ascii('WSS-1') },
      ],
    },
  ];
}

function weighing(kg: number, at: string): Weighed {
  return { unit: 'kg', weight: Math.round(kg / 0.005), at };
}
