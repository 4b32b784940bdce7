/** The growing set against the plain one: the same numbers, whatever the order they came in. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rangeSet } from '../../agent/journal/range-set.ts';
import { include, type Ranges } from '../../agent/journal/ranges.ts';

const span = fc.tuple(fc.integer({ min: 1, max: 60 }), fc.nat(12)).map(([from, more]) => [from, from + more] as const);

describe('a set of ranges that grows', () => {
  it('is what including one after the other gives', () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 30 }), (spans) => {
        const set = rangeSet();
        let plain: Ranges = [];
        for (const [from, to] of spans) {
          set.add(from, to);
          plain = include(plain, from, to);
          expect(set.ranges).toEqual(plain);
        }
        for (let seq = 1; seq < 80; seq++)
          expect(set.has(seq)).toBe(plain.some(([from, to]) => seq >= from && seq <= to));
        expect(set.prefix()).toBe(plain[0]?.[0] === 1 ? plain[0][1] : 0);
      }),
    );
  });

  it('can be cut to its lowest ranges', () => {
    const set = rangeSet([
      [1, 2],
      [5, 5],
      [8, 9],
    ]);
    set.cut(2);
    expect(set.ranges).toEqual([
      [1, 2],
      [5, 5],
    ]);
    set.cut(10);
    expect(set.ranges).toHaveLength(2);
  });
});
