/** The end of a run: time passes in a home where all is well, until devices, hub and hospital agree that nothing is left to do. */
import type { Home } from './home.ts';

const STREAM_MS = 90_000;
const LOOK_EVERY_MS = 10_000;
/** Long enough for every back-off, every wait for a resend and every repeated look. */
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
  const untilMs = scheduler.nowMs + PATIENCE_MS;
  let wakeMs = 0;
  while (scheduler.nowMs < untilMs) {
    if (scale.stored > 0 && scheduler.nowMs >= wakeMs) {
      scale.wake();
      wakeMs = scheduler.nowMs + 60_000;
    }
    const failure = await advance(LOOK_EVERY_MS);
    if (failure) return failure;
    if (leftToDo(home) === undefined) return undefined;
  }
  return `after ${PATIENCE_MS / 60_000} minutes in which all was well: ${leftToDo(home)}`;
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
