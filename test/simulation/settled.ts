/** The end of a run: time passes in a home where all is well, until devices, hub and hospital agree that nothing is left to do. */
import type { Home } from './home.ts';

const STREAM_MS = 90_000;
const LOOK_EVERY_MS = 10_000;
/** Without any progress; long enough for every back-off, every wait for a resend and every repeated look. */
const PATIENCE_MS = 45 * 60_000;

/** What failed on the way, or what is still not done, in words. */
export async function settle<T>(
  home: Home,
  advance: (ms: number) => Promise<T | undefined>,
): Promise<T | string | undefined> {
  const { scheduler, oximeter, scale } = home;
  const streamed = await advance(STREAM_MS);
  if (streamed) return streamed;
  oximeter.switchOn(false);
  let progress = { left: amountLeft(home), atMs: scheduler.nowMs };
  let wakeMs = 0;
  while (scheduler.nowMs < progress.atMs + PATIENCE_MS) {
    if (scale.stored > 0 && scheduler.nowMs >= wakeMs) {
      scale.wake();
      wakeMs = scheduler.nowMs + 60_000;
    }
    const failure = await advance(LOOK_EVERY_MS);
    if (failure) return failure;
    if (leftToDo(home) === undefined) return undefined;
    const left = amountLeft(home);
    if (left < progress.left) progress = { left, atMs: scheduler.nowMs };
  }
  return `all was well, and for ${PATIENCE_MS / 60_000} minutes nothing more was done: ${leftToDo(home)}`;
}

/** Entries and weighings that are still to arrive: a slow link takes its time for them. */
function amountLeft({ evidence, hospital, scale }: Home): number {
  const { missing, highest } = hospital.statement();
  return Math.max(0, evidence.head - highest) + missing + scale.stored;
}

function leftToDo({ service, connection, scale, hospital, evidence, broker }: Home): string | undefined {
  if (!service.isUp) return 'the agent is not up';
  if (connection() === undefined) return 'the hub is not connected';
  if (scale.stored > 0) return `the scale still holds ${scale.stored} weighings`;
  if (broker.waiting > 0) return `${broker.waiting} messages wait for the hospital`;
  const { complete, incompleteBecause, highest, holes } = hospital.statement();
  if (!complete) return `at the hospital ${incompleteBecause.join(', ')}: ${JSON.stringify(holes.list)}`;
  return highest < evidence.head ? `the hospital has ${highest} of ${evidence.head}` : undefined;
}
