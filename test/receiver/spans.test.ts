/** Spans are a map from numbers to notes, whatever the order in which they were written and cut. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openSpans } from '../../simulators/receiver/spans.ts';

const step = fc.record({
  from: fc.integer({ min: 1, max: 60 }),
  length: fc.integer({ min: 0, max: 12 }),
  note: fc.constantFrom('a', 'b', undefined), // without a note it is a cut
});

test('agree with a plain map for any writing and cutting', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const spans = openSpans<string>((a, b) => a === b);
      const map = new Map<number, string>();
      for (const { from, length, note } of steps) {
        const to = from + length;
        if (note === undefined) {
          const taken = spans.cut(from, to).flatMap((span) => numbersOf(span).map((seq) => [seq, span.note]));
          expect(taken).toEqual([...map].filter(([seq]) => seq >= from && seq <= to).sort(([a], [b]) => a - b));
          for (let seq = from; seq <= to; seq++) map.delete(seq);
        } else {
          spans.put(from, to, note);
          for (let seq = from; seq <= to; seq++) map.set(seq, note);
        }
        expect(spans.numbers).toBe(map.size);
      }
      for (let seq = 0; seq <= 80; seq++) expect(spans.at(seq)?.note).toBe(map.get(seq));
      for (const [index, span] of spans.list().entries()) {
        expect(span.to).toBeGreaterThanOrEqual(span.from);
        const before = spans.list()[index - 1];
        if (before === undefined) continue;
        expect(span.from).toBeGreaterThan(before.to);
        if (span.from === before.to + 1) expect(span.note).not.toBe(before.note); // else they should have melted
      }
      expect(openSpans((a: string, b) => a === b, spans.list()).numbers).toBe(map.size);
    }),
  );
});

function numbersOf({ from, to }: { readonly from: number; readonly to: number }): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}
