/** Sets of sequence numbers, held against a plain Set. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { contains, include, missing, parseRanges, type Ranges } from '../../agent/journal/ranges.ts';

const span = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.nat(12)).map(([from, size]) => [from, from + size] as const);

function numbersOf(ranges: Ranges): number[] {
  return ranges.flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
}

it('hold what was included and nothing else, sorted and never touching', () => {
  fc.assert(
    fc.property(fc.array(span, { maxLength: 20 }), span, (spans, [from, to]) => {
      const model = new Set<number>();
      let ranges: Ranges = [];
      for (const [low, high] of spans) {
        ranges = include(ranges, low, high);
        for (let seq = low; seq <= high; seq++) model.add(seq);
      }
      expect(numbersOf(ranges)).toEqual([...model].sort((a, b) => a - b));
      for (const [i, [low]] of ranges.entries()) expect(low).toBeGreaterThan((ranges[i - 1]?.[1] ?? -1) + 1);
      const window = Array.from({ length: to - from + 1 }, (_, i) => from + i);
      expect(numbersOf(missing(ranges, from, to))).toEqual(window.filter((seq) => !model.has(seq)));
      expect(window.filter((seq) => contains(ranges, seq))).toEqual(window.filter((seq) => model.has(seq)));
      expect(parseRanges(JSON.parse(JSON.stringify(spans)), 20)).toEqual(ranges);
    }),
  );
});

it.each([
  undefined,
  null,
  'x',
  {},
  [1],
  [[1]],
  [[1, 2, 3]],
  [[2, 1]],
  [[0, 1]],
  [[1.5, 2]],
  [['1', 2]],
  [[1, 2 ** 53]],
  [[1, Number.POSITIVE_INFINITY]],
  [
    [1, 1],
    [3, 3],
    [5, 5],
  ],
])('are not read from %j', (value) => {
  expect(parseRanges(value, 2)).toBeUndefined();
});
