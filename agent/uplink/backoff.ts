/** How long to wait between attempts, as an iterator of durations. */

const FIRST_MS = 1_000;
const MOST_MS = 60_000;
/** A connection that held this long was a good one: the next outage starts from the shortest wait again. */
export const STABLE_MS = 60_000;

/**
 * Milliseconds, never ending: 1 s and on top of it anything up to a ceiling that doubles from 1 s to 59 s. The whole range
 * is drawn from, so that a thousand hubs do not come back to a broker in step.
 */
export function* backoff(random: () => number): Generator<number, never> {
  for (let ceilingMs = FIRST_MS; ; ceilingMs = Math.min(ceilingMs * 2, MOST_MS - FIRST_MS)) {
    yield FIRST_MS + Math.round(random() * ceilingMs);
  }
}
