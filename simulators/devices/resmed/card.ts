/** Puts a whole card together: the nights, what the machine tells about them, and the sidecar of each file. */
import {
  abortedFile,
  type CardFile,
  cheyneStokesFile,
  eventFile,
  identificationFile,
  sampledFile,
  sessionPath,
} from './card-file.ts';
import { writeSidecar } from './edf-writer.ts';
import { type Night, type Session, sleep, summarise, unusedDay } from './night.ts';
import { PLD_SIGNALS, SAD_SIGNALS } from './signals.ts';
import { summaryFile } from './summary.ts';

export interface CardStory {
  /** Nights slept with the machine, 1..400. */
  readonly nights: number;
  /** Evening of the last night, YYYY-MM-DD. */
  readonly lastNight: string;
  /** Mask-on time of a night, minutes, 1..900. */
  readonly sessionMinutes: number;
}

const DAY_MS = 86_400_000;

/** The files of the card, in the order the machine would have written them. Deterministic in `random`. */
export function writeCard(random: () => number, story: CardStory): readonly CardFile[] {
  const nights = sleepAll(random, story);
  const last = nights.at(-1);
  const files = nights.flatMap(nightFiles);
  if (last !== undefined) files.push(...abortedSession(last));
  const days = nights.map((night, index) => summarise(night, 1200 + index * 6));
  // Nobody slept with the machine on the day before the last: the card counts that day too.
  if (last !== undefined) days.splice(-1, 0, unusedDay(last.noonMs - DAY_MS));
  return [...files, summaryFile(days), identificationFile()].flatMap(withSidecar);
}

function sleepAll(random: () => number, { nights, lastNight, sessionMinutes }: CardStory): readonly Night[] {
  const lastNoonMs = Date.parse(`${lastNight}T12:00:00Z`);
  if (Number.isNaN(lastNoonMs)) throw new RangeError(`lastNight must be a date like 2026-03-01, not "${lastNight}"`);
  inRange('nights', nights, 400);
  inRange('sessionMinutes', sessionMinutes, 900); // until the next noon, with a pause and a late evening
  return Array.from({ length: nights }, (_, index) => {
    const before = nights - 1 - index;
    return sleep(random, lastNoonMs - (before === 0 ? 0 : before + 1) * DAY_MS, sessionMinutes, before % 2 === 0);
  });
}

function inRange(name: string, value: number, highest: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= highest) return;
  throw new RangeError(`${name} must be a whole number from 1 to ${highest}, not ${value}`);
}

function nightFiles(night: Night): CardFile[] {
  return night.sessions.flatMap((session, index) => sessionFiles(night, session, index));
}

function sessionFiles(night: Night, session: Session, index: number): CardFile[] {
  const path = (kind: string): string => sessionPath(night.noonMs, session.startMs, kind);
  const startMs = session.startMs + index * 1000; // a header may begin a second after its file's name
  const stretches = index === 0 && session.minutes >= 20 ? [{ startS: 420, durationS: 300 }] : [];
  return [
    cheyneStokesFile(path('CSL'), session.startMs, stretches),
    eventFile(path('EVE'), startMs, session.events),
    sampledFile(path('PLD'), startMs, PLD_SIGNALS, session.breathing),
    sampledFile(path('SAD'), startMs, SAD_SIGNALS, session.oximetry),
  ];
}

/** The mask was put on and taken off again before the first record was full. */
function abortedSession(night: Night): CardFile[] {
  const startMs = (night.sessions[0]?.startMs ?? night.noonMs) - 4 * 60_000;
  return [
    abortedFile(sessionPath(night.noonMs, startMs, 'PLD'), startMs, PLD_SIGNALS),
    abortedFile(sessionPath(night.noonMs, startMs, 'SAD'), startMs, SAD_SIGNALS),
  ];
}

function withSidecar(file: CardFile): CardFile[] {
  const path = file.path.replace(/\.[a-z]+$/, '.crc');
  return [file, { path, bytes: writeSidecar(file.path, file.bytes), means: [] }];
}
