/** A set of sequence numbers kept as ranges, so that a year without holes costs as much as a minute. */

/** Both ends included. */
export type Range = readonly [from: number, to: number];

export interface Ranges {
  has(seq: number): boolean;
  /** Takes in `from` to `to`; what was there already stays as it was. */
  add(from: number, to?: number): void;
  /** The last number up to which nothing from 1 on is missing; 0 where 1 is missing. */
  prefix(): number;
  highest(): number;
  /** What is missing between 1 and the highest, oldest first, at most `limit` ranges. */
  holes(limit?: number): Range[];
  list(): readonly Range[];
}

export function emptyRanges(): Ranges {
  const ranges: Range[] = [];

  /** Index of the first range that ends at or after seq. */
  function indexOf(seq: number): number {
    let low = 0;
    let high = ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((ranges[middle]?.[1] ?? Infinity) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function add(from: number, to = from): void {
    const last = ranges.at(-1);
    if (last === undefined || from > last[1] + 1) {
      ranges.push([from, to]);
      return;
    }
    // Every range that touches [from - 1, to + 1] melts into one.
    const start = indexOf(from - 1);
    let end = start;
    let merged: Range = [from, to];
    for (let range = ranges[end]; range !== undefined && range[0] <= to + 1; range = ranges[++end]) {
      merged = [Math.min(merged[0], range[0]), Math.max(merged[1], range[1])];
    }
    if (start === ranges.length - 1 && end === ranges.length) ranges[start] = merged;
    else ranges.splice(start, end - start, merged);
  }

  return {
    add,
    has: (seq) => {
      const range = ranges[indexOf(seq)];
      return range !== undefined && range[0] <= seq;
    },
    prefix: () => (ranges[0]?.[0] === 1 ? ranges[0][1] : 0),
    highest: () => ranges.at(-1)?.[1] ?? 0,
    holes: (limit = Infinity) => {
      const holes: Range[] = [];
      let expected = 1;
      for (const [from, to] of ranges) {
        if (holes.length >= limit) break;
        if (from > expected) holes.push([expected, from - 1]);
        expected = to + 1;
      }
      return holes;
    },
    list: () => ranges,
  };
}
