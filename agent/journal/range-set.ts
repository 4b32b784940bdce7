/** A set of sequence numbers that grows one by one, kept as ranges: a million numbers with few holes cost a few ranges. */
import type { Ranges, Span } from './ranges.ts';

export interface RangeSet {
  has(seq: number): boolean;
  /** Takes in `from` to `to`, inclusive. */
  add(from: number, to: number): void;
  /** Everything from 1 up to this number is in; 0 when 1 is not. */
  prefix(): number;
  /** At most `most` ranges are left, the lowest. */
  cut(most: number): void;
  readonly ranges: Ranges;
}

export function rangeSet(initial: Ranges = []): RangeSet {
  const spans: Span[] = [...initial];

  /** Index of the first span that ends at or after `seq`. */
  function indexOf(seq: number): number {
    let low = 0;
    let high = spans.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((spans[middle]?.[1] ?? Number.POSITIVE_INFINITY) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  return {
    get ranges() {
      return spans;
    },
    has: (seq) => {
      const span = spans[indexOf(seq)];
      return span !== undefined && span[0] <= seq;
    },
    add: (from, to) => {
      // Every span that overlaps or touches from..to melts into one.
      const first = indexOf(from - 1);
      let merged: Span = [from, to];
      let after = first;
      for (let span = spans[after]; span && span[0] <= to + 1; span = spans[++after]) {
        merged = [Math.min(merged[0], span[0]), Math.max(merged[1], span[1])];
      }
      if (after - first === 1) spans[first] = merged;
      else spans.splice(first, after - first, merged);
    },
    prefix: () => (spans[0]?.[0] === 1 ? spans[0][1] : 0),
    cut: (most) => {
      spans.length = Math.min(spans.length, most);
    },
  };
}
