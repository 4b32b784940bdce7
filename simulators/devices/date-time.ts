/** A device's own clock and its Date Time (2A08): local wall time, without zone. Source: Bluetooth SIG, Date Time 2A08. */
import type { World } from '../../agent/world.ts';
import { u16 } from './bytes.ts';

/** Date Time whose year, month and day say "not known". */
export const UNKNOWN_TIME = 'unknown';

const TEXT = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)$/;

/** Seven bytes. `text` is '2024-11-29T23:08:57' or UNKNOWN_TIME; throws RangeError on anything else. */
export function dateTimeBytes(text: string): readonly number[] {
  if (text === UNKNOWN_TIME) return [0, 0, 0, 0, 0, 0, 0];
  const [year, ...rest] = fields(text);
  return [...u16(year), ...rest];
}

/** What seven bytes say, as text; undefined where they say no time. A device checks what is written to it. */
export function dateTimeText(bytes: Uint8Array): string | undefined {
  const [low, high, ...rest] = bytes;
  if (low === undefined || high === undefined || rest.length !== 5) return undefined;
  const two = rest.map((field) => String(field).padStart(2, '0'));
  const text = `${String(low + 256 * high).padStart(4, '0')}-${two[0]}-${two[1]}T${two[2]}:${two[3]}:${two[4]}`;
  return TEXT.test(text) && localText(localMs(text)) === text ? text : undefined;
}

/** Local wall time as if it were UTC, so that it can be counted in; milliseconds. */
export function localMs(text: string): number {
  const [year, month, day, hour, minute, second] = fields(text);
  return Date.UTC(year, month - 1, day, hour, minute, second);
}

/** The other way; fractions of a second are dropped, for no such clock shows them. */
export function localText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19);
}

export interface DeviceClock {
  now(): string;
  set(text: string): void;
}

/** A clock that shows `startsAt` now and runs with the world from there; nobody tells it about zones. */
export function deviceClock(world: World, startsAt: string): DeviceClock {
  let offsetMs = localMs(startsAt) - world.monotonicMs();
  return {
    now: () => localText(world.monotonicMs() + offsetMs),
    set: (text) => {
      offsetMs = localMs(text) - world.monotonicMs();
    },
  };
}

function fields(text: string): [number, number, number, number, number, number] {
  const match = TEXT.exec(text);
  if (!match) throw new RangeError(`not a local time such as 2024-11-29T23:08:57: "${text}"`);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1).map(Number);
  return [year, month, day, hour, minute, second];
}
