/** Ranges are a set of numbers, whatever the order they came in. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emptyRanges, type Range } from '../../simulators/hospital/ranges.ts';

function rangesOf(spans: readonly Range[]) {
  const ranges = emptyRanges();
  for (const [from, to] of spans) ranges.add(from, to);
  return ranges;
}

describe('ranges', () => {
  test('agree with a plain set for any additions in any order', () => {
    const span = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 9 }));
    fc.assert(
      fc.property(fc.array(span, { maxLength: 30 }), (pairs) => {
        const spans = pairs.map(([from, length]): Range => [from, from + length]);
        const set = new Set(spans.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i)));
        const ranges = rangesOf(spans);
        const highest = Math.max(0, ...set);
        const missing = Array.from({ length: highest }, (_, i) => i + 1).filter((seq) => !set.has(seq));
        expect(ranges.highest()).toBe(highest);
        expect(ranges.prefix()).toBe((missing[0] ?? highest + 1) - 1);
        expect(rangesOf(ranges.holes()).list()).toEqual(rangesOf(missing.map((seq): Range => [seq, seq])).list());
        for (let seq = 0; seq <= highest + 1; seq++) expect(ranges.has(seq)).toBe(set.has(seq));
        for (const [index, [from]] of ranges.list().entries()) {
          const before = ranges.list()[index - 1];
          if (before !== undefined) expect(from).toBeGreaterThan(before[1] + 1); // else they should have melted
        }
      }),
    );
  });

  test('tell at most as many holes as asked for, oldest first', () => {
    expect(rangesOf([[2, 2], [4, 4], [6, 6]]).holes(2)).toEqual([[1, 1], [3, 3]]); // biome-ignore format: reads as a row
  });
});
