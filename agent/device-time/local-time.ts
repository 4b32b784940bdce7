/** Zones: what a wall clock in the patient's home shows at a moment, and at which moments it shows a given time. */
import type { LocalTime } from '../../drivers/contract/driver.ts';

/** A fixed offset such as +01:00; the largest in use is +14:00. */
const FIXED = /^([+-])(0\d|1[0-4]):([0-5]\d)$/;
const DAY_MS = 86_400_000;

/** Whether this is a fixed offset (+01:00) or an IANA zone that this machine knows. */
export function isZone(zone: string): boolean {
  return FIXED.test(zone) || clockIn(zone) !== undefined;
}

/** What a clock in this zone shows. Throws RangeError for a text that is no zone: settings are checked with isZone. */
export function localTimeIn(zone: string, wallMs: number): LocalTime {
  const shown = new Date(wallMs + offsetMs(zone, wallMs));
  return {
    year: shown.getUTCFullYear(),
    month: shown.getUTCMonth() + 1,
    day: shown.getUTCDate(),
    hour: shown.getUTCHours(),
    minute: shown.getUTCMinutes(),
    second: shown.getUTCSeconds(),
  };
}

/**
 * The moments (UTC milliseconds, ascending) at which a clock in this zone shows `localMs`, the local time written as if it were
 * UTC: one, or two in the hour that summer time's end repeats, or none in the hour that its beginning skips; and the offset in
 * force before. Sound for zones that shift at most once in two days, which is all of them.
 */
export function momentsShowing(
  zone: string,
  localMs: number,
): { readonly moments: readonly number[]; readonly offsetBeforeMs: number } {
  const offsetBeforeMs = offsetMs(zone, localMs - DAY_MS);
  const offsets = new Set([offsetBeforeMs, offsetMs(zone, localMs + DAY_MS)]);
  const moments = [...offsets].map((offset) => localMs - offset).filter((at) => at + offsetMs(zone, at) === localMs);
  return { moments: moments.sort((a, b) => a - b), offsetBeforeMs };
}

/** Local time minus UTC at a moment, milliseconds. Throws RangeError for a text that is no zone. */
function offsetMs(zone: string, atMs: number): number {
  const fixed = FIXED.exec(zone);
  if (fixed) return (fixed[1] === '-' ? -60_000 : 60_000) * (Number(fixed[2]) * 60 + Number(fixed[3]));
  const clock = clockIn(zone);
  if (!clock)
    throw new RangeError(`no such zone: "${zone}"; use an IANA name such as Europe/Oslo, or an offset such as +01:00`);
  const part: Partial<Record<Intl.DateTimeFormatPartTypes, number>> = {};
  for (const { type, value } of clock.formatToParts(atMs)) part[type] = Number(value);
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0 } = part;
  const secondMs = Math.floor(atMs / 1000) * 1000;
  return Date.UTC(year, month - 1, day, hour, minute, second) - secondMs;
}

/** Building one costs far more than using it. Only valid zones are kept, so it grows no larger than the zones there are. */
const clocks = new Map<string, Intl.DateTimeFormat>();

function clockIn(zone: string): Intl.DateTimeFormat | undefined {
  const known = clocks.get(zone);
  if (known) return known;
  try {
    const clock = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    clocks.set(zone, clock);
    return clock;
  } catch {
    return undefined; // Intl has no other way to ask whether a zone exists
  }
}
