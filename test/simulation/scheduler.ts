/** Virtual time: what is due happens in order, and each thing is over, promises and all, before the next begins. */
import type { Timer } from '../../agent/world.ts';

export interface Scheduler {
  /** True time, milliseconds since 1970-01-01 UTC: what a clock would show that was always right. */
  readonly nowMs: number;
  at(atMs: number, fn: () => void): Timer;
  /** Before time goes on, and after everything that is ready now. */
  soon(fn: () => void): void;
  /** Lets time pass. Rejects with what a callback threw. */
  run(untilMs: number): Promise<void>;
  /** Things that have happened. */
  readonly count: number;
}

interface Due {
  readonly atMs: number;
  readonly order: number;
  fn: (() => void) | undefined;
}

/**
 * Node empties its queue of promises after each callback of a bunch of setImmediate: so a bunch of callbacks that each let one
 * thing happen costs one turn of the event loop, and between any two of them the hub is at rest.
 */
const BUNCH = 64;

export function scheduler(startMs: number): Scheduler {
  const heap: Due[] = [];
  let ready: (() => void)[] = [];
  let nowMs = startMs;
  let order = 0;
  let count = 0;

  /** The next thing up to that time; undefined when there is none. */
  function next(untilMs: number): (() => void) | undefined {
    const first = ready.shift();
    if (first) return first;
    for (let due = heap[0]; due && due.atMs <= untilMs; due = heap[0]) {
      pop(heap);
      const { fn } = due;
      if (!fn) continue;
      nowMs = Math.max(nowMs, due.atMs);
      due.fn = undefined;
      return fn;
    }
    return undefined;
  }

  return {
    get nowMs() {
      return nowMs;
    },
    get count() {
      return count;
    },
    at: (atMs, fn) => {
      const due: Due = { atMs, order: order++, fn };
      push(heap, due);
      return {
        cancel: () => {
          due.fn = undefined;
        },
      };
    },
    soon: (fn) => {
      ready.push(fn);
    },
    run: (untilMs) =>
      new Promise((resolve, reject) => {
        let isOver = false;
        let left = 0;
        const one = (): void => {
          if (isOver) return;
          const fn = next(untilMs);
          try {
            fn?.();
            if (fn) count += 1;
          } catch (error) {
            isOver = true;
            ready = [];
            reject(error);
            return;
          }
          if (!fn) {
            isOver = true;
            nowMs = Math.max(nowMs, untilMs);
            resolve();
            return;
          }
          left -= 1;
          if (left === 0) bunch();
        };
        const bunch = (): void => {
          left = BUNCH;
          for (let i = 0; i < BUNCH; i++) setImmediate(one);
        };
        bunch();
      }),
  };
}

function isBefore(a: Due, b: Due): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function push(heap: Due[], due: Due): void {
  let at = heap.length;
  heap.push(due);
  while (at > 0) {
    const parent = (at - 1) >>> 1;
    const above = heap[parent];
    if (!above || isBefore(above, due)) break;
    heap[at] = above;
    at = parent;
  }
  heap[at] = due;
}

function pop(heap: Due[]): void {
  const last = heap.pop();
  if (!last || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const [a, b] = [heap[left], heap[left + 1]];
    if (!a) break;
    const isRight = b !== undefined && isBefore(b, a);
    const child = isRight ? b : a;
    if (!isBefore(child, last)) break;
    heap[at] = child;
    at = isRight ? left + 1 : left;
  }
  heap[at] = last;
}
