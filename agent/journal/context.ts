/** The context of alerts: what was measured around one is kept when the rest is thinned. Pure. */
import type { Alert } from '../reading/entry.ts';

/** Before the start of an alert and after its end. */
export const CONTEXT_MS = 600_000;

export interface AlertAt {
  readonly atMs: number;
  readonly alert: Pick<Alert, 'alert' | 'phase' | 'device'>;
}

export interface Context {
  /** Whether a reading of this device at this moment belongs to an alert. */
  holds(device: string, atMs: number): boolean;
}

interface Stretch {
  sinceMs: number;
  untilMs: number;
}

/** From all alert entries there are, in their order. One without a start began before the oldest; one without an end still stands. */
export function contextOf(alerts: readonly AlertAt[]): Context {
  const stretches = new Map<string, Map<string, Stretch>>();
  for (const { atMs, alert } of alerts) {
    const device = alert.device ?? '';
    const ofDevice = stretches.get(device) ?? new Map<string, Stretch>();
    stretches.set(device, ofDevice);
    const before = ofDevice.get(alert.alert);
    const sinceMs = before?.sinceMs ?? (alert.phase === 'start' ? atMs - CONTEXT_MS : Number.NEGATIVE_INFINITY);
    const untilMs = alert.phase === 'end' ? atMs + CONTEXT_MS : Number.POSITIVE_INFINITY;
    ofDevice.set(alert.alert, { sinceMs, untilMs });
  }
  const merged = new Map([...stretches].map(([device, ofDevice]) => [device, merge([...ofDevice.values()])]));
  return {
    // An alert of no device is about the hub: what all devices said then belongs to it.
    holds: (device, atMs) => [device, ''].some((name) => covers(merged.get(name) ?? [], atMs)),
  };
}

function merge(stretches: Stretch[]): readonly Stretch[] {
  const merged: Stretch[] = [];
  for (const stretch of stretches.sort((a, b) => a.sinceMs - b.sinceMs)) {
    const last = merged.at(-1);
    if (last && stretch.sinceMs <= last.untilMs) last.untilMs = Math.max(last.untilMs, stretch.untilMs);
    else merged.push({ ...stretch });
  }
  return merged;
}

function covers(stretches: readonly Stretch[], atMs: number): boolean {
  let low = 0;
  let high = stretches.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((stretches[middle]?.untilMs ?? 0) < atMs) low = middle + 1;
    else high = middle;
  }
  return (stretches[low]?.sinceMs ?? Number.POSITIVE_INFINITY) <= atMs;
}
