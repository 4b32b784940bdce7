/** The devices of the rig: simulated ones that have more to say than a run can hear, each with a book of what it gave and when. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { randomFrom, type World } from '../../agent/world.ts';
import { measurementKey } from '../../simulators/demo/measurement-key.ts';
import type { PumpState } from '../../simulators/devices/alaris-gh-frames.ts';
import { alarisGhSerialSimulator, type PumpScript } from '../../simulators/devices/alaris-gh-serial.ts';
import {
  bluetoothSigPulseOximeterSimulator,
  type OximeterScript,
} from '../../simulators/devices/bluetooth-sig-pulse-oximeter.ts';
import {
  bluetoothSigWeightScaleSimulator,
  type ScaleScript,
} from '../../simulators/devices/bluetooth-sig-weight-scale.ts';
import type { Ledger, Place, Running, Simulator } from '../../simulators/devices/contract.ts';
import { localMs, localText } from '../../simulators/devices/date-time.ts';
import { writeCard } from '../../simulators/devices/resmed/card.ts';

/** One thing a device said in one go. */
export interface Given {
  readonly keys: readonly string[];
  readonly atMs: number;
}

export interface Book {
  readonly device: string;
  /**
   * promised: the device keeps what it was not told is safe, and gives it again. in order: nobody tells it, so that what is
   * between it and the disk is lost with the power; frames that are equal can be told apart by their order alone.
   */
  readonly keeps: 'promised' | 'in order';
  readonly given: Given[];
  /** Keys that the device was told are safe. */
  readonly confirmed: string[];
}

export interface Feeder {
  readonly book: Book;
  readonly driver: string;
  readonly reach: Running['reach'];
  stop(): Promise<void>;
}

/** As the devices would have it after the seconds of the whole run, with room to spare. */
const PER_CYCLE = { scale: 500, oximeter: 60, pump: 20 } as const;
const AT_LEAST = 2_000;

export async function startFeeders(place: Place, cycles: number): Promise<readonly Feeder[]> {
  const many = (perCycle: number): number => AT_LEAST + cycles * perCycle;
  return Promise.all([
    feed(place, 'scale', 'promised', bluetoothSigWeightScaleSimulator, weighings(many(PER_CYCLE.scale))),
    feed(place, 'oximeter', 'in order', bluetoothSigPulseOximeterSimulator, samples(many(PER_CYCLE.oximeter))),
    feed(place, 'pump', 'in order', alarisGhSerialSimulator, infusion(many(PER_CYCLE.pump))),
  ]);
}

async function feed<Script>(
  place: Place,
  device: string,
  keeps: Book['keeps'],
  simulator: Simulator<Script>,
  script: Script,
): Promise<Feeder> {
  const book = openBook(device, keeps);
  const ledger: Ledger = {
    sent: (measurements) =>
      void book.given.push({ keys: measurements.map(measurementKey), atMs: place.world.monotonicMs() }),
    acknowledged: (measurements) => void book.confirmed.push(...measurements.map(measurementKey)),
    doing: () => undefined,
  };
  const { reach, stop } = await simulator.play(place, device, script, ledger);
  return { book, driver: simulator.driver, reach, stop };
}

export function openBook(device: string, keeps: Book['keeps']): Book {
  return { device, keeps, given: [], confirmed: [] };
}

const FIRST_WEIGHING = '2026-01-01T00:00:00';

/** A weighing for every second since the year began: no two have the same stamp. */
function weighings(count: number): ScaleScript {
  const firstMs = localMs(FIRST_WEIGHING);
  return {
    name: 'Scale',
    clock: { startsAt: localText(firstMs + count * 1000) },
    stored: Array.from({ length: count }, (_, at) => ({
      at: localText(firstMs + at * 1000),
      kg: (800 + (at % 1_000)) / 20,
    })),
    weighings: [],
  };
}

const SAMPLE_EVERY_MS = 100;

/** No two frames are equal: pulse and perfusion count, in tenths and hundredths. Saturation goes up and down, so that there are alerts. */
function samples(count: number): OximeterScript {
  return {
    name: 'Oximeter',
    live: Array.from({ length: count }, (_, at) => ({
      afterMs: at * SAMPLE_EVERY_MS,
      spo2: at % 80 < 40 ? 95 + (at % 10) / 10 : 80 + (at % 10) / 10,
      pulse: 60 + (Math.floor(at / 1_500) % 300) / 10,
      pai: 1 + (at % 1_500) / 100,
    })),
    stored: [],
  };
}

const PUMP: PumpState = {
  rate: '5.00',
  volume: '0.000',
  pressure: '20.00',
  status: 'SET',
  alarm: 'AL_NOALM',
  drug: 'MORPHINE',
  timeLeft: '06:30:00',
};

/** The volume grows by a microlitre with each answer. */
function infusion(count: number): PumpScript {
  return { states: Array.from({ length: count }, (_, at) => ({ ...PUMP, volume: (at / 1_000).toFixed(3) })) };
}

/** A card of its own night for each that is asked for, and what is on it. */
export interface Cards {
  readonly book: Book;
  /** Puts the next card into a folder; the same again while the last was not taken. */
  next(): string;
  taken(): void;
}

const CARD_MINUTES = 12;
const FIRST_NIGHT_MS = Date.UTC(2025, 0, 1);
const DAY_MS = 86_400_000;

export function openCards(world: World, folder: string, seed: number): Cards {
  const book = openBook('cpap', 'promised');
  let night = 0;
  let waiting: Given | undefined;

  function write(): Given {
    const lastNight = new Date(FIRST_NIGHT_MS + night * 3 * DAY_MS).toISOString().slice(0, 10);
    const files = writeCard(randomFrom(seed + night), { nights: 1, lastNight, sessionMinutes: CARD_MINUTES });
    for (const { path, bytes } of files) {
      const file = join(folder, String(night), path);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, bytes);
    }
    const given = { keys: files.flatMap(({ means }) => means.map(measurementKey)), atMs: world.monotonicMs() };
    book.given.push(given);
    return given;
  }

  return {
    book,
    next: () => {
      waiting ??= write();
      return join(folder, String(night));
    },
    taken: () => {
      book.confirmed.push(...(waiting?.keys ?? []));
      waiting = undefined;
      night += 1;
    },
  };
}
