/** What a rule is told: a reading from the journal, or that time has passed. */
import { entryOf, type Line } from '../journal/contract.ts';
import type { Entry, Reading } from '../reading/entry.ts';
import type { Flag } from '../reading/measurement.ts';
import { DEFAULT_FRESH_SECONDS } from './plan.ts';

export interface ReadingEvent {
  readonly kind: 'reading';
  readonly reading: Reading;
  readonly seq: number;
  readonly id: string;
  /** When it was true of the patient, milliseconds since 1970 UTC: its effective time, at most `receivedMs`. */
  readonly atMs: number;
  /** When the hub took it, by the hub's wall clock. */
  readonly receivedMs: number;
}

export interface TimeEvent {
  readonly kind: 'time';
  readonly wallMs: number;
  /** How far the wall clock was set since the last event, as the monotonic clock shows; absent where it was not. */
  readonly steppedMs?: number;
}

export type RuleEvent = ReadingEvent | TimeEvent;

/** The reading of a line; undefined for lines that hold none, 'unreadable' for one that is not what its kind says. */
export function readingOf(line: Line): ReadingEvent | 'unreadable' | undefined {
  if (line.kind !== 'reading' && line.kind !== 'waveform') return undefined;
  try {
    const { body } = entryOf(line) as Extract<Entry, { kind: 'reading' | 'waveform' }>;
    return readingEvent(body, line.seq, line.id) ?? 'unreadable';
  } catch {
    return 'unreadable'; // the wire's and the disk's faults are values; the runner counts them
  }
}

/** Undefined where a time cannot be read. */
function readingEvent(reading: Reading, seq: number, id: string): ReadingEvent | undefined {
  const receivedMs = Date.parse(reading.received.wall);
  // A reading over a period was true until the end of it.
  const trueMs = Date.parse(reading.effective.at) + (reading.durationMs ?? 0);
  if (!Number.isFinite(receivedMs) || !Number.isFinite(trueMs)) return undefined;
  // Nothing was true after it was received: a device clock that runs ahead must not push readings into the future.
  return { kind: 'reading', reading, seq, id, atMs: Math.min(trueMs, receivedMs), receivedMs };
}

/** Values that say nothing of the patient now, whatever the number. */
const NOT_NOW: ReadonlySet<Flag> = new Set([
  'demonstration',
  'test',
  'calibrating',
  'setting',
  'unavailable',
  'invalid',
]);

/**
 * Whether a reading may start or end an alert: of this patient, and not older than `freshSeconds` when it was received.
 * A stored reading whose time the hub had to invent may be of any age, and so is never live.
 */
export function isLive(event: ReadingEvent, freshSeconds = DEFAULT_FRESH_SECONDS): boolean {
  const { reading } = event;
  if (event.receivedMs - event.atMs > freshSeconds * 1000) return false;
  if (reading.flags === undefined) return true;
  if (reading.effective.from === 'hub' && reading.flags.includes('from-storage')) return false;
  return !reading.flags.some((flag) => NOT_NOW.has(flag));
}
