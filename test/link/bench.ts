/** What the link tests share: a listener that writes everything down, and a way to wait for it on a virtual clock. */
import { stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LinkFrame, LinkListener } from '../../agent/link/link.ts';
import type { VirtualWorld } from '../virtual-world.ts';

export interface Recorder extends LinkListener {
  readonly ups: { readonly channels: readonly string[]; readonly about: Readonly<Record<string, string | number>> }[];
  readonly frames: LinkFrame[];
  readonly downs: string[];
  /** Everything in order: 'up', 'frame', 'down'. */
  readonly order: string[];
}

/** Keeps each frame at once unless told otherwise. */
export function recorder({ keep = true }: { readonly keep?: boolean } = {}): Recorder {
  const told: Recorder = {
    ups: [],
    frames: [],
    downs: [],
    order: [],
    up(channels, about) {
      told.order.push('up');
      told.ups.push({ channels: [...channels].sort(), about });
    },
    frame(frame) {
      told.order.push('frame');
      told.frames.push(frame);
      if (keep) frame.kept();
    },
    down(cause) {
      told.order.push('down');
      told.downs.push(cause);
    },
  };
  return told;
}

/**
 * Moves the clock in small steps until the condition holds, never much faster than real sockets, threads and processes can
 * follow. Throws when `limitMs` of that clock are over and real patience is, too.
 */
export async function until(world: VirtualWorld, what: string, holds: () => boolean, limitMs = 60_000): Promise<void> {
  const stepMs = 10;
  for (let spentMs = 0; !holds() && spentMs <= limitMs; spentMs += stepMs) {
    await world.advance(stepMs);
    if (spentMs % 100 === 0) await threadsCaughtUp();
  }
  // A busy machine may still be at what it was given to do; the clock waits for it.
  for (let looks = 0; !holds(); looks++) {
    if (looks === PATIENT_LOOKS) throw new Error(`not within ${limitMs} ms: ${what}`);
    await sleep(LOOK_EVERY_MS);
  }
}

const LOOK_EVERY_MS = 20;
const PATIENT_LOOKS = 500;

/** Ports and files are worked on by libuv's four threads; the clock must not run ahead of what they were given to do. */
async function threadsCaughtUp(): Promise<void> {
  await Promise.all([sleep(1), ...Array.from({ length: 4 }, () => stat('/'))]);
}

/** The clock runs on for this long, with real input and output in between. */
export async function pass(world: VirtualWorld, ms: number): Promise<void> {
  const end = world.monotonicMs() + ms;
  await until(world, 'time passing', () => world.monotonicMs() >= end, ms + 10);
}

/** Settles a promise while the clock runs. */
export async function settled<T>(world: VirtualWorld, promise: Promise<T>, limitMs?: number): Promise<T> {
  let done = false;
  const mark = (): void => {
    done = true;
  };
  promise.then(mark, mark);
  await until(world, 'a promise settling', () => done, limitMs);
  return promise;
}
