/** What makes two tellings of a measurement the same, from the device's side alone: the account does not trust the hub's ids. */
import type { Measurement } from '../../agent/reading/measurement.ts';

/** Metric, device time or record, and value as told, in one text. */
export function measurementKey(m: Measurement): string {
  return [m.metric, m.deviceTime ?? '', m.sequence ?? '', m.durationMs ?? '', told(m)].join('|');
}

function told(m: Measurement): string {
  if ('value' in m) return m.value;
  if ('absent' in m) return `absent:${m.absent}`;
  if ('code' in m) return `code:${m.code}`;
  if ('bits' in m) return `bits:${m.raw}`;
  if ('text' in m) return `text:${m.text}`;
  return `samples:${m.periodMs}:${m.samples.join(' ')}`;
}

/** How often each key occurs. */
export type Tally = Map<string, number>;

export function count(tally: Tally, key: string): void {
  tally.set(key, (tally.get(key) ?? 0) + 1);
}

/** Keys that `a` has more often than `b`, once per missing occurrence. */
export function excess(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): readonly string[] {
  return [...a].flatMap(([key, times]) => Array<string>(Math.max(0, times - (b.get(key) ?? 0))).fill(key));
}
