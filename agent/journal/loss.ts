/** How a loss is told: gap entries about the numbers of which nothing is left. */
import type { Draft, Gap } from '../reading/entry.ts';
import type { Span } from './ranges.ts';

/** Makes the gap entry about these numbers. */
export type GapOf = (from: number, to: number, body: Gap) => Draft;

/** What is left of a store, and the newest number ever given out. */
export interface Left {
  readonly tail: number;
  /** Newest number that is left; 0 where none is. */
  readonly left: number;
  readonly head: number;
}

/** At a start, which knows no more than what it found. */
export function lossAtStart({ tail, left, head }: Left, detail: string, gapOf: GapOf): readonly Draft[] {
  const told = { cause: 'store-corrupt', detail } as const;
  // Whether what is below the oldest that is left was removed or lost, nobody knows any more; the hospital knows what it lacks.
  const below = left > 0 && tail > 1 ? [gapOf(1, tail - 1, { ...told, to: tail - 1 })] : [];
  // With nothing left the hub does not know where the hospital's own record ends: no `from`.
  const range = head > left ? { ...(left > 0 ? { from: left + 1 } : {}), to: head } : {};
  return [...below, gapOf(left + 1, head, { ...told, ...range })];
}

/**
 * While the journal is in use: `before` is the oldest number it had, `tail` the oldest it has now, or the next where none is left.
 * What is missing in between is found when it is read.
 */
export function lossInUse(before: number, { tail, left, head }: Left, detail: string, gapOf: GapOf): readonly Draft[] {
  const spans: readonly Span[] = [[before, tail - 1], ...(left >= tail ? [[left + 1, head] as const] : [])];
  return spans
    .filter(([from, to]) => from <= to)
    .map(([from, to]) => gapOf(from, to, { cause: 'store-corrupt', from, to, detail }));
}
