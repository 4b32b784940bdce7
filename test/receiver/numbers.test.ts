/** Each number from 1 to the highest is held, explained or missing: exactly one of the three, whatever comes in whatever order. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HOLES_MOST, type Numbers, openNumbers } from '../../simulators/receiver/numbers.ts';

const seq = fc.integer({ min: 1, max: 40 });
const step = fc.oneof(
  fc.record({ does: fc.constant('hold'), seq } as const),
  fc.record({ does: fc.constant('reject'), seq } as const),
  fc.record({
    does: fc.constant('explain'),
    seq,
    length: fc.integer({ min: 0, max: 9 }),
    by: fc.integer({ min: 0, max: 5 }),
  } as const),
  fc.record({ does: fc.constant('ask'), seq, length: fc.integer({ min: 0, max: 9 }) } as const),
);

/** One word for each number. */
function wordOf(numbers: Numbers, at: number): string {
  const want = numbers.missing.at(at)?.note;
  const explanation = numbers.explained.at(at)?.note;
  const words = [
    ...(numbers.isHeld(at) ? ['held'] : []),
    ...(want ? [want.rejected === undefined ? `missing, asked ${want.asked}` : 'rejected'] : []),
    ...(explanation ? [`explained by ${explanation.by}`] : []),
  ];
  return words.join(' and ');
}

test('agree with a plain table for any story', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      let numbers = openNumbers();
      const table: string[] = []; // by number; [0] is unused
      const asked: number[] = [];
      const reach = (to: number): void => {
        for (let at = Math.max(1, table.length); at <= to; at++) {
          table[at] = 'missing';
          asked[at] = 0;
        }
      };
      for (const each of steps) {
        const end = Math.min(each.seq + ('length' in each ? each.length : 0), table.length - 1);
        if (each.does === 'hold') {
          expect(numbers.hold(each.seq, 0)).toBe(table[each.seq] !== 'held');
          reach(each.seq);
          table[each.seq] = 'held';
        } else if (each.does === 'reject') {
          expect(numbers.reject(each.seq, 'why', 0)).toBe(table[each.seq] !== 'held');
          reach(each.seq);
          if (table[each.seq] === 'missing') table[each.seq] = 'rejected';
        } else if (each.does === 'explain') {
          if (end >= each.seq) numbers.explain(each.seq, end, { cause: 'evicted', by: each.by });
          for (let at = each.seq; at <= end; at++) {
            const before = /explained by (\d)/.exec(table[at] ?? '')?.[1];
            if (table[at] !== 'held' && each.by > Number(before ?? -1)) table[at] = `explained by ${each.by}`;
          }
        } else {
          if (end >= each.seq) numbers.noteAsked([[each.seq, end]]);
          for (let at = each.seq; at <= end; at++) if (table[at] === 'missing') asked[at] = (asked[at] ?? 0) + 1;
        }
        numbers = openNumbers(JSON.parse(JSON.stringify(numbers.state()))); // a memo changes nothing
      }
      const words = table.map((word, at) => (word === 'missing' ? `missing, asked ${asked[at]}` : word)).slice(1);
      expect(words.map((_, at) => wordOf(numbers, at + 1))).toEqual(words);
      expect(numbers.highest).toBe(words.length);
      expect(numbers.held + numbers.explained.numbers + numbers.missing.numbers).toBe(numbers.highest);
      const open = words.findIndex((word) => /missing|rejected/.test(word));
      expect(numbers.contiguous).toBe(open < 0 ? words.length : open);
      const beyond = numbers.settledBeyond(1_000).flatMap(([from, to]) => words.slice(from - 1, to));
      expect(beyond).toEqual(words.slice(numbers.contiguous).filter((word) => !/missing|rejected/.test(word)));
    }),
  );
});

describe('cost and bounds', () => {
  test('a million numbers with few holes are a few spans', () => {
    const numbers = openNumbers();
    for (let at = 1; at <= 1_000_000; at++) if (at % 250_000 !== 7) numbers.hold(at, 0);
    expect(numbers.held).toBe(999_996);
    expect(numbers.missing.list().map(({ from }) => from)).toEqual([7, 250_007, 500_007, 750_007]);
    expect(JSON.stringify(numbers.state()).length).toBeLessThan(500);
  });

  test('past the bound of holes only what opens no further one is welcome', () => {
    const numbers = openNumbers();
    for (let at = 0; at <= HOLES_MOST; at++) numbers.hold(at * 5 + 1, 0);
    const top = HOLES_MOST * 5 + 1;
    expect(numbers.missing.list()).toHaveLength(HOLES_MOST);
    expect([top + 1, top, 2, 5].map(numbers.hasRoomFor)).toEqual([true, true, true, true]);
    expect([top + 2, 3].map(numbers.hasRoomFor)).toEqual([false, false]);
    for (const at of [2, 3, 4, 5]) numbers.hold(at, 0);
    expect(numbers.hasRoomFor(top + 2)).toBe(true);
  });

  test('what a gap explains past the bound of explanations stays missing, and is said to', () => {
    const numbers = openNumbers();
    for (let at = 1; at <= 10_001; at++) numbers.hold(at * 2, 0);
    expect(numbers.explain(1, 20_001, { cause: 'evicted', by: 99_999 })).toBe(false);
    expect(numbers.explained.numbers).toBe(10_000);
    expect(numbers.missing.list().map(({ from }) => from)).toEqual([20_001]);
  });
});
