/** Seeded chance and calendar for the stories: the same seed and day always tell the same story. */
import { randomFrom } from '../../agent/world.ts';
import { localMs, localText } from '../devices/date-time.ts';

/** A number between the two, with so many decimals. */
export type Chance = (low: number, high: number, decimals?: number) => number;

/** Each device draws from a stream of its own, so that a longer run of one leaves the others as they are. */
export function chanceOf(seed: number, stream: number): Chance {
  const random = randomFrom(seed * 16 + stream);
  return (low, high, decimals = 0) => Number((low + random() * (high - low)).toFixed(decimals));
}

export interface Calendar {
  /** Local time when the run begins, '2026-03-02T08:00:00'. */
  readonly now: string;
  /** '2026-03-01' for 1. */
  daysAgo(days: number): string;
  /** Local time so long after the run began. */
  after(ms: number): string;
  /** Local time so many hours before the run. */
  hoursAgo(hours: number): string;
}

const HOUR_MS = 3_600_000;

/** Throws RangeError when `now` is no local time such as 2026-03-02T08:00:00. */
export function calendarOf(now: string): Calendar {
  const nowMs = localMs(now);
  const hoursAgo = (hours: number) => localText(nowMs - hours * HOUR_MS);
  return { now, hoursAgo, after: (ms) => localText(nowMs + ms), daysAgo: (days) => hoursAgo(days * 24).slice(0, 10) };
}
