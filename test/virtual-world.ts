/** A World whose clocks move only when a test pushes them, and whose chance is a function of its seed. */
import type { ClockState } from '../agent/reading/entry.ts';
import { randomFrom, type Timer, type World } from '../agent/world.ts';

export interface VirtualWorld extends World {
  /** Moves both clocks forward, firing timers in order of their time; lets promises settle between them. */
  advance(ms: number): Promise<void>;
  /** Steps the wall clock alone, as a network time correction does. */
  stepWall(ms: number): void;
  /** What is known of the wall clock from now on (default: synced, to 10 ms). */
  setClock(state: ClockState, uncertaintyMs?: number): void;
}

export interface VirtualWorldOptions {
  readonly seed?: number;
  readonly startWallMs?: number;
  readonly boot?: string;
}

interface Due {
  readonly at: number;
  readonly order: number;
  readonly fn: () => void;
}

export function virtualWorld(options: VirtualWorldOptions = {}): VirtualWorld {
  let monotonic = 1_000;
  let wallOffset = (options.startWallMs ?? Date.UTC(2026, 2, 2, 8, 0, 0)) - monotonic;
  let order = 0;
  let clock = { state: 'synced' as ClockState, uncertaintyMs: 10 };
  const due = new Set<Due>();

  function after(ms: number, fn: () => void): Timer {
    const timer: Due = { at: monotonic + Math.max(0, ms), order: order++, fn };
    due.add(timer);
    return { cancel: () => due.delete(timer) };
  }

  function next(until: number): Due | undefined {
    let first: Due | undefined;
    for (const timer of due) {
      if (timer.at > until) continue;
      if (!first || timer.at < first.at || (timer.at === first.at && timer.order < first.order)) first = timer;
    }
    return first;
  }

  return {
    wallMs: () => monotonic + wallOffset,
    monotonicMs: () => monotonic,
    boot: options.boot ?? 'virtualboot1',
    clock: () => clock,
    setClock: (state, uncertaintyMs = 10) => {
      clock = { state, uncertaintyMs };
    },
    after,
    soon: (fn) => void setImmediate(fn),
    sleep: sleepBy(after),
    random: randomFrom(options.seed ?? 1),
    stepWall: (ms) => {
      wallOffset += ms;
    },
    advance: async (ms) => {
      const until = monotonic + ms;
      await settle();
      for (let timer = next(until); timer; timer = next(until)) {
        due.delete(timer);
        monotonic = Math.max(monotonic, timer.at);
        timer.fn();
        await settle();
      }
      monotonic = until;
    },
  };
}

/** Lets everything that is ready run, including work queued by it. */
async function settle(): Promise<void> {
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** The sleep of a world that has this timer. */
export function sleepBy(after: World['after']): World['sleep'] {
  return (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const over = (): void => {
        timer.cancel();
        signal?.removeEventListener('abort', over);
        resolve();
      };
      const timer = after(ms, over);
      signal?.addEventListener('abort', over);
    });
}
