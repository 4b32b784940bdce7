/** From the device's own clock to the hub's timeline: when a measurement was true of the patient, and how sure we are. */
import type { Effective, Received } from '../reading/entry.ts';
import { isZone, momentsShowing } from './local-time.ts';

export interface Told {
  /** Local wall time as the device told it, without zone (see MeasurementFacts). */
  readonly deviceTime?: string;
  readonly clock?: 'not-set';
  readonly received: Received;
  /** IANA zone or fixed offset (+01:00) in which the device's clock runs. */
  readonly zone: string;
}

/** A device clock further ahead of the hub's than this is not believed. */
const AHEAD_MAX_MS = 5 * 60_000;
/** A device clock nobody has compared is taken to be off by as much as we would let it run ahead: behind, it cannot be seen. */
const DEVICE_CLOCK_UNCERTAINTY_MS = AHEAD_MAX_MS;
/** In the hour that occurs twice, or never, the device's clock leaves one hour open. */
const SHIFT_UNCERTAINTY_MS = 3_600_000;
/** The device tells a time that is not to be trusted, so the measurement may be as old as the daily routine it belongs to. */
const UNKNOWN_AGE_UNCERTAINTY_MS = 24 * 3_600_000;
/** No device in use was set before this; clocks that were never set begin in 1970 or in year 0. */
const EARLIEST_MS = Date.UTC(2000, 0, 1);

/**
 * Device time mapped to UTC where it can be believed, else the time of reception. Never throws: a text that is no time, or a
 * zone that is none, counts as a clock that was never set. A hub that has no time itself does not sit in judgement on the device's.
 */
export function effectiveTime({ deviceTime, clock, received, zone }: Told): Effective {
  if (deviceTime === undefined && clock === undefined) return atReception(received, received.uncertaintyMs);
  const localMs = clock === undefined && deviceTime !== undefined ? parseLocal(deviceTime) : undefined;
  const mapped = localMs !== undefined && isZone(zone) ? toUtc(localMs, zone, received) : undefined;
  if (!mapped) return atReception(received, received.uncertaintyMs + UNKNOWN_AGE_UNCERTAINTY_MS);
  return { at: new Date(mapped.atMs).toISOString(), from: 'device', uncertaintyMs: mapped.uncertaintyMs };
}

function atReception(received: Received, uncertaintyMs: number): Effective {
  return { at: received.wall, from: 'hub', uncertaintyMs };
}

/**
 * In the repeated hour the later moment is taken unless it lies ahead of reception: readings mostly arrive soon after they were
 * made. A clock that shows a skipped hour was not put forward, so it still runs by the offset from before.
 */
function toUtc(localMs: number, zone: string, received: Received): { atMs: number; uncertaintyMs: number } | undefined {
  const { moments, offsetBeforeMs } = momentsShowing(zone, localMs);
  const possible = moments.length > 0 ? moments : [localMs - offsetBeforeMs];
  const latestMs = received.clock === 'unsynced' ? Number.POSITIVE_INFINITY : Date.parse(received.wall) + AHEAD_MAX_MS;
  const believed = possible.filter((atMs) => atMs >= EARLIEST_MS && atMs <= latestMs);
  const atMs = believed.at(-1);
  if (atMs === undefined) return undefined;
  const certain = moments.length > 0 && believed.length === 1;
  return { atMs, uncertaintyMs: certain ? DEVICE_CLOCK_UNCERTAINTY_MS : SHIFT_UNCERTAINTY_MS };
}

const LOCAL = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?$/;

/** Local time text as milliseconds, as if it were UTC; undefined when no clock shows it. A leap second, :60, becomes :59. */
function parseLocal(text: string): number | undefined {
  const found = LOCAL.exec(text);
  if (!found) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, told = 0] = found.slice(1, 7).map(Number);
  const second = told === 60 ? 59 : told;
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  const date = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  if (date.getUTCFullYear() !== year || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return date.getTime() + Number((found[7] ?? '').padEnd(3, '0').slice(0, 3));
}
