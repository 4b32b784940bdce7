/** How long links wait for others, and how long between tries: time limits and back-off, both on the World's clock. */
import type { World } from '../world.ts';
import { LinkError } from './link.ts';

const BACK_OFF_FIRST_MS = 1_000;
export const BACK_OFF_MOST_MS = 60_000;
/** A contact that lasted this long was a good one: the next failure starts from the shortest wait again. */
export const STABLE_MS = 60_000;

/** Doubling waits from 1 s up, each drawn from its upper half so that hubs do not try in step. Never ends. */
export function* backOff(world: World, mostMs = BACK_OFF_MOST_MS): Generator<number, never, void> {
  for (let waitMs = BACK_OFF_FIRST_MS; ; waitMs = Math.min(waitMs * 2, mostMs)) {
    yield waitMs / 2 + (waitMs / 2) * world.random();
  }
}

/** The waits between contacts: grow with every failure, start again after a contact that was good. */
export interface Waits {
  /** Milliseconds until the next try. */
  next(): number;
  reset(): void;
}

export function waits(world: World, mostMs?: number): Waits {
  let steps = backOff(world, mostMs);
  return {
    next: () => steps.next().value,
    reset: () => {
      steps = backOff(world, mostMs);
    },
  };
}

export interface Limits {
  readonly world: World;
  readonly limitMs: number;
  /** Completes the sentence "... took longer than 5 s". */
  readonly what: string;
  /** Ends the wait as well; its reason is the cause. */
  readonly gone?: AbortSignal;
}

/** Settles as `work` does, or rejects with a LinkError at the time limit or when the signal aborts. */
export function within<T>({ world, limitMs, what, gone }: Limits, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const release = (): void => {
      timer.cancel();
      gone?.removeEventListener('abort', stop);
    };
    const fail = (cause: string): void => {
      release();
      reject(new LinkError(cause));
    };
    const stop = (): void => fail(String(gone?.reason));
    const timer = world.after(limitMs, () => fail(`${what} took longer than ${limitMs / 1000} s`));
    gone?.addEventListener('abort', stop);
    if (gone?.aborted) stop();
    work.then(resolve, reject).finally(release);
  });
}

/** The words of whatever was thrown. */
export function causeOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
