/** Sorted sets of sequence numbers as ranges: what was receipted, what is known to be missing. Pure. */

/** Inclusive at both ends. */
export type Span = readonly [from: number, to: number];

/** Sorted, disjoint, with at least one number between any two. */
export type Ranges = readonly Span[];

/** `ranges` with from..to added. */
export function include(ranges: Ranges, from: number, to: number): Ranges {
  let [low, high] = [from, to];
  const before: Span[] = [];
  const after: Span[] = [];
  for (const span of ranges) {
    if (span[1] < low - 1) before.push(span);
    else if (span[0] > high + 1) after.push(span);
    else [low, high] = [Math.min(low, span[0]), Math.max(high, span[1])];
  }
  return [...before, [low, high], ...after];
}

/** The parts of from..to that are not in `ranges`. */
export function missing(ranges: Ranges, from: number, to: number): Ranges {
  const holes: Span[] = [];
  let next = from;
  for (const [low, high] of ranges) {
    if (high < next) continue;
    if (low > to) break;
    if (low > next) holes.push([next, low - 1]);
    next = high + 1;
  }
  if (next <= to) holes.push([next, to]);
  return holes;
}

export function contains(ranges: Ranges, seq: number): boolean {
  return missing(ranges, seq, seq).length === 0;
}

/** Reads what JSON.stringify made of a Ranges; anything else, or more than `most` spans, is undefined. */
export function parseRanges(value: unknown, most: number): Ranges | undefined {
  if (!Array.isArray(value) || value.length > most) return undefined;
  let ranges: Ranges = [];
  for (const span of value) {
    if (!Array.isArray(span) || span.length !== 2) return undefined;
    const [from, to]: unknown[] = span;
    if (!isSeq(from) || !isSeq(to) || from > to) return undefined;
    ranges = include(ranges, from, to);
  }
  return ranges;
}

export function isSeq(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}
