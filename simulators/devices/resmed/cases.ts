/** Every kind of file a card can hold, at the ends of its range and through the middle, for the laws all drivers obey. */
import type { Case } from '../contract.ts';
import {
  abortedFile,
  type CardFile,
  cheyneStokesFile,
  eventFile,
  identificationFile,
  sampledFile,
  sessionPath,
} from './card-file.ts';
import {
  annotationSignals,
  type CardSignal,
  EVENT_METRICS,
  MASK_SLOTS,
  MODES,
  PLD_BILEVEL_SIGNALS,
  PLD_SIGNALS,
  SA2_SIGNALS,
  SAD_SIGNALS,
  STR_SIGNALS,
} from './signals.ts';
import { type Day, summaryFile } from './summary.ts';

const NOON_MS = Date.UTC(2024, 1, 28, 12); // the leap day is near
const START_MS = Date.UTC(2024, 1, 28, 23, 52, 7);
const DAY_MS = 86_400_000;

/** Deterministic in `random`. */
export function* resmedCases(random: () => number): Generator<Case> {
  yield asCase('identification', identificationFile());
  yield* sampledCases(random);
  yield* eventCases();
  yield* summaryCases(random);
  yield* abortedCases();
}

function asCase(name: string, file: CardFile): Case {
  return { name, frame: { channel: file.path, bytes: file.bytes }, means: file.means };
}

function* sampledCases(random: () => number): Generator<Case> {
  const full = PLD_BILEVEL_SIGNALS;
  const anywhere = (signal: CardSignal): number =>
    signal.digital[0] + Math.floor(random() * (signal.digital[1] - signal.digital[0] + 1));
  const now = (signal: CardSignal): number => (random() < 0.2 ? -1 : anywhere(signal));
  for (const records of [1, 2, 15, 16, 31]) {
    yield sampled(`PLD, ${records} records`, 'PLD', PLD_SIGNALS, records, anywhere);
  }
  yield sampled('PLD, bilevel model', 'PLD', full, 1, anywhere);
  yield sampled('PLD, lowest values', 'PLD', full, 1, (signal) => signal.digital[0]);
  yield sampled('PLD, highest values', 'PLD', full, 1, (signal) => signal.digital[1]);
  for (const records of [1, 16]) {
    yield sampled(`SAD, ${records} records`, 'SAD', SAD_SIGNALS, records, anywhere);
    yield sampled(`SAD, finger in and out, ${records} records`, 'SAD', SAD_SIGNALS, records, now);
    yield sampled(`SAD, nothing attached, ${records} records`, 'SAD', SAD_SIGNALS, records, () => -1);
  }
  yield sampled('SAD, lowest values', 'SAD', SAD_SIGNALS, 1, (signal) => signal.digital[0]);
  yield sampled('SAD, highest values', 'SAD', SAD_SIGNALS, 1, (signal) => signal.digital[1]);
  yield sampled('SA2, finger in and out', 'SA2', SA2_SIGNALS, 2, now);
  yield sampled('SA2, nothing attached', 'SA2', SA2_SIGNALS, 2, () => -1);
}

function sampled(
  name: string,
  kind: string,
  signals: readonly CardSignal[],
  records: number,
  sample: (signal: CardSignal) => number,
): Case {
  const series = signals.map((signal) => Array.from({ length: records * signal.perRecord }, () => sample(signal)));
  return asCase(name, sampledFile(sessionPath(NOON_MS, START_MS, kind), START_MS, signals, series));
}

function* eventCases(): Generator<Case> {
  const eve = sessionPath(NOON_MS, START_MS, 'EVE');
  const labels = Object.keys(EVENT_METRICS);
  yield asCase('EVE, a quiet night', eventFile(eve, START_MS, []));
  for (const label of labels) {
    yield asCase(`EVE, ${label}`, eventFile(eve, START_MS, [{ label, startS: 600, durationS: 12 }]));
  }
  const all = labels.map((label, index) => ({ label, startS: index * 7001, durationS: 10 + index * 20 }));
  yield asCase('EVE, all labels, over midnight', eventFile(eve, START_MS, all));
  yield asCase('EVE, AirSense 11 records', eventFile(eve, START_MS, all, 62));
  const csl = sessionPath(NOON_MS, START_MS, 'CSL');
  yield asCase('CSL, none', cheyneStokesFile(csl, START_MS, []));
  yield asCase('CSL, one stretch', cheyneStokesFile(csl, START_MS, [{ startS: 3600, durationS: 540 }]));
  const two = [
    { startS: 60, durationS: 200 },
    { startS: 4000, durationS: 61 },
  ];
  yield asCase('CSL, two stretches', cheyneStokesFile(csl, START_MS, two));
}

function* summaryCases(random: () => number): Generator<Case> {
  const day = (extra: Partial<Day> = {}): Day => ({ noonMs: NOON_MS, sessions: [[631, 1015]], columns: {}, ...extra });
  const filled = (sample: (signal: CardSignal) => number): Record<string, number> =>
    Object.fromEntries(STR_SIGNALS.map((signal) => [signal.label, sample(signal)]));
  const drawn = (): Record<string, number> =>
    filled(({ digital: [low, high] }) => low + Math.floor(random() * (high - low + 1)));
  const used = { ...drawn(), Mode: 1 };
  yield asCase('STR, one day', summaryFile([day({ columns: used })]));
  yield asCase('STR, a day not used', summaryFile([day({ sessions: [], columns: { Duration: 0, MaskEvents: 0 } })]));
  const slots = Array.from({ length: MASK_SLOTS }, (_, i): [number, number] => [i * 100, i * 100 + 51]);
  yield asCase('STR, ten sessions', summaryFile([day({ sessions: slots, columns: { ...used, Duration: 510 } })]));
  yield asCase('STR, little reported', summaryFile([day({ columns: { Duration: 384, Mode: 0 } })]));
  yield asCase('STR, lowest values', summaryFile([day({ columns: filled(({ digital }) => digital[0]) })]));
  const highest = { ...filled(({ digital }) => digital[1]), Mode: 11 };
  yield asCase('STR, highest values', summaryFile([day({ columns: highest })]));
  for (const mode of Object.keys(MODES)) {
    yield asCase(
      `STR, mode ${MODES[Number(mode)]}`,
      summaryFile([day({ columns: { ...drawn(), Mode: Number(mode) } })]),
    );
  }
  const month = Array.from({ length: 30 }, (_, i) =>
    i === 11
      ? day({ noonMs: NOON_MS + i * DAY_MS, sessions: [], columns: { Duration: 0 } })
      : day({ noonMs: NOON_MS + i * DAY_MS, columns: { ...drawn(), Mode: 1 } }),
  );
  yield asCase('STR, thirty days', summaryFile(month));
}

function* abortedCases(): Generator<Case> {
  const kinds: readonly (readonly [string, readonly CardSignal[]])[] = [
    ['PLD', PLD_SIGNALS],
    ['SAD', SAD_SIGNALS],
    ['EVE', annotationSignals(38)],
    ['CSL', annotationSignals(30)],
  ];
  for (const [kind, signals] of kinds) {
    yield asCase(`${kind}, aborted session`, abortedFile(sessionPath(NOON_MS, START_MS, kind), START_MS, signals));
  }
}
