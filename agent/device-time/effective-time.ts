/** From the device's own clock to the hub's timeline: when a measurement was true of the patient, and how sure we are. */
import type { Effective, Received } from '../reading/entry.ts';
import { isZone, momentsShowing } from './local-time.ts';

/** How far a device's clock was off when the hub looked at it. */
export interface ClockLook {
  /** Hub minus device, milliseconds. */
  readonly offsetMs: number;
  readonly uncertaintyMs: number;
  /** The hub's wall clock then. */
  readonly atMs: number;
}

export interface Told {
  /** Local wall time as the device told it, without zone (see MeasurementFacts). */
  readonly deviceTime?: string;
  readonly clock?: 'not-set';
  readonly received: Received;
  /** IANA zone or fixed offset (+01:00) in which the device's clock runs. */
  readonly zone: string;
  /** The clock that stamped it comes first; the first look is taken that makes the time possible. */
  readonly looks?: readonly ClockLook[];
}

/** A device clock further ahead of the hub's than this is not believed. */
const AHEAD_MAX_MS = 5 * 60_000;
/** A device clock nobody has compared is taken to be off by as much as we would let it run ahead: behind, it cannot be seen. */
const DEVICE_CLOCK_UNCERTAINTY_MS = AHEAD_MAX_MS;
/** In the hour that occurs twice, or never, the device's clock leaves one hour open. */
const SHIFT_UNCERTAINTY_MS = 3_600_000;
/** The device tells a time that is not to be trusted, so the measurement may be as old as the daily routine it belongs to. */
const UNKNOWN_AGE_UNCERTAINTY_MS = 24 * 3_600_000;
/** Device clocks show whole seconds, and the answer takes some time. */
const LOOK_UNCERTAINTY_MS = 1_500;
/** A contact in which the clock was looked at may go on, and the device go on measuring. */
const STAMPED_AFTER_MAX_MS = 10 * 60_000;
/** No device that we read was sold before this. Clocks that were never set, or were reset, begin in 1970 or 2000, and run from there. */
const EARLIEST_MS = Date.UTC(2010, 0, 1);

/**
 * Device time mapped to UTC where it can be believed, else the time of reception. Never throws: a text that is no time, or a
 * zone that is none, counts as a clock that was never set. A hub that has no time itself does not sit in judgement on the device's.
 */
export function effectiveTime({ deviceTime, clock, received, zone, looks = [] }: Told): Effective {
  if (deviceTime === undefined && clock === undefined) return atReception(received, received.uncertaintyMs);
  const localMs = deviceTime === undefined ? undefined : parseLocal(deviceTime);
  const mapped = localMs !== undefined && isZone(zone) ? mapLocal(localMs, zone, received, clock, looks) : undefined;
  if (!mapped) return atReception(received, received.uncertaintyMs + UNKNOWN_AGE_UNCERTAINTY_MS);
  return { at: new Date(mapped.atMs).toISOString(), from: 'device', uncertaintyMs: mapped.uncertaintyMs };
}

interface Mapped {
  readonly atMs: number;
  readonly uncertaintyMs: number;
}

/** A clock that was never set still runs: with a look at it, its times can be told. */
function mapLocal(
  localMs: number,
  zone: string,
  received: Received,
  clock: 'not-set' | undefined,
  looks: readonly ClockLook[],
): Mapped | undefined {
  for (const look of received.clock === 'unsynced' ? [] : looks) {
    const mapped = corrected(localMs, zone, look);
    if (mapped) return mapped;
  }
  return clock === undefined ? toUtc(localMs, zone, received) : undefined;
}

/** A look corrects what that same run of the clock stamped: nothing later than the look itself. A device that was reset has older records, which are then of another run. */
function corrected(localMs: number, zone: string, { offsetMs, uncertaintyMs, atMs }: ClockLook): Mapped | undefined {
  const { moments, offsetBeforeMs } = momentsShowing(zone, localMs);
  const possible = (moments.length > 0 ? moments : [localMs - offsetBeforeMs]).map((moment) => moment + offsetMs);
  const believed = possible.filter((moment) => moment >= EARLIEST_MS && moment <= atMs + STAMPED_AFTER_MAX_MS);
  const latest = believed.at(-1);
  if (latest === undefined) return undefined;
  return { atMs: latest, uncertaintyMs: believed.length === 1 ? uncertaintyMs : SHIFT_UNCERTAINTY_MS };
}

/** How far a device's clock is off that shows this now; undefined where the hub does not know the time itself, or it is no time. */
export function offsetOf(shows: string, zone: string, received: Received): ClockLook | undefined {
  const localMs = parseLocal(shows);
  if (localMs === undefined || received.clock === 'unsynced' || !isZone(zone)) return undefined;
  const atMs = Date.parse(received.wall);
  const { moments, offsetBeforeMs } = momentsShowing(zone, localMs);
  const offsets = (moments.length > 0 ? moments : [localMs - offsetBeforeMs]).map((moment) => atMs - moment);
  // In the hour that occurs twice the smaller offset is the likelier.
  const [offsetMs = 0] = offsets.sort((a, b) => Math.abs(a) - Math.abs(b));
  return { offsetMs, uncertaintyMs: received.uncertaintyMs + LOOK_UNCERTAINTY_MS, atMs };
}

function atReception(received: Received, uncertaintyMs: number): Effective {
  return { at: received.wall, from: 'hub', uncertaintyMs };
}

/**
 * In the repeated hour the later moment is taken unless it lies ahead of reception: readings mostly arrive soon after they were
 * made. A clock that shows a skipped hour was not put forward, so it still runs by the offset from before.
 */
function toUtc(localMs: number, zone: string, received: Received): Mapped | undefined {
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
