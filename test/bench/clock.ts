/** One clock for all processes of a measurement: CLOCK_MONOTONIC of the machine, which the C programs read as well. */
import { setTimeout as sleep } from 'node:timers/promises';

export { sleep };

/** Milliseconds, fractions included. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Looks until `holds`, at most so long; rejects with what was missed. */
export async function until(what: string, withinMs: number, holds: () => boolean, everyMs = 20): Promise<void> {
  const endMs = nowMs() + withinMs;
  while (!holds()) {
    if (nowMs() > endMs) throw new Error(`not within ${withinMs / 1000} s: ${what}`);
    await sleep(everyMs);
  }
}
