/** Bluetooth Date Time (2A08): seven bytes of the device's own local wall time, with no zone and no summer-time mark. */
import type { ByteReader } from './bytes.ts';
import type { LocalTime } from './driver.ts';

const DATE_TIME_BYTES = 7;

/**
 * Reads the field off a frame as local time text, ready to be spread into a measurement. Year, month or day 0 means unknown
 * (GSS 3.64) and yields nothing; a date or time that cannot be is rejected at the reader.
 */
export function readDateTime(read: ByteReader): { readonly deviceTime?: string } {
  const time: LocalTime = {
    year: read.u16('year'),
    month: read.u8('month'),
    day: read.u8('day'),
    hour: read.u8('hour'),
    minute: read.u8('minute'),
    second: read.u8('second'),
  };
  if (!possible(time)) read.reject(`impossible date and time: ${localText(time)}`);
  return time.year === 0 || time.month === 0 || time.day === 0 ? {} : { deviceTime: localText(time) };
}

/** The seven bytes that set a device's clock. Fields out of range throw RangeError: they come from our own clock. */
export function encodeDateTime(time: LocalTime): Uint8Array {
  if (!isSettable(time)) throw new RangeError(`no clock shows ${localText(time)}`);
  return Uint8Array.of(time.year & 0xff, time.year >>> 8, time.month, time.day, time.hour, time.minute, time.second);
}

/** Whether a device may be set to this: possible, and with nothing unknown. */
function isSettable(time: LocalTime): boolean {
  return time.year !== 0 && time.month !== 0 && time.day !== 0 && possible(time);
}

/** The same judgement on the bytes about to be written. */
export function isSettableDateTime(bytes: Uint8Array): boolean {
  const [low = 0, high = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = bytes;
  return bytes.length === DATE_TIME_BYTES && isSettable({ year: low + 256 * high, month, day, hour, minute, second });
}

/** GSS 3.64: year 0 or 1582..9999, month 0..12, day 0..31, hour 0..23, minute and second 0..59; and no 30 February. */
function possible({ year, month, day, hour, minute, second }: LocalTime): boolean {
  if (hour > 23 || minute > 59 || second > 59) return false;
  if (month > 12 || day > 31 || year > 9999 || (year > 0 && year < 1582)) return false;
  return day <= daysIn(year, month);
}

/** An unknown year may be a leap year, an unknown month may have 31 days. */
function daysIn(year: number, month: number): number {
  if (month === 0) return 31;
  return new Date(Date.UTC(year === 0 ? 2000 : year, month, 0)).getUTCDate();
}

function localText({ year, month, day, hour, minute, second }: LocalTime): string {
  const two = (n: number) => String(n).padStart(2, '0');
  return `${String(year).padStart(4, '0')}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`;
}
