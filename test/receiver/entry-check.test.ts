/** Bad input is a value with words, and has its number wherever one can be told. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EntryKind } from '../../simulators/receiver/entry.ts';
import { PAYLOAD_MOST_BYTES, readEntry } from '../../simulators/receiver/entry-check.ts';
import { bytes, entryText, gapText, HUB } from './messages.ts';

test.each<readonly [string, EntryKind, string]>([
  ['a reading', 'reading', entryText(1)],
  [
    'what a later version of the shape may add',
    'reading',
    entryText(1, { more: [1], body: { device: 'x', more: {} } }),
  ],
  ['a gap in time', 'gap', gapText(9, { device: 'x', since: 'a', until: 'b' })],
  ['a gap in the numbers', 'gap', gapText(9, { from: 2, to: 8 })],
  ['a gap without a beginning', 'gap', gapText(9, { to: 8 })],
  ['a gap in nothing', 'gap', gapText(9, { count: 4 })],
])('is an entry: %s', (_name, kind, text) => {
  expect(readEntry(HUB, kind, bytes(text))).toEqual({ entry: JSON.parse(text), text });
});

describe('is none', () => {
  const wrong: readonly (readonly [string, EntryKind, string, RegExp, number?])[] = [
    ['not JSON', 'reading', '{', /not a JSON object/],
    ['an array', 'reading', '[]', /not a JSON object/],
    ['another version', 'reading', entryText(2, { v: 2 }), /v is 2/, 2],
    ['another hub', 'reading', entryText(2, { hub: 'hub-2' }), /hub of the topic/],
    ['no number', 'reading', entryText(2, { seq: 'two' }), /seq is two/],
    ['number zero', 'reading', entryText(0), /seq is 0/],
    ['half a number', 'reading', entryText(2.5), /seq is 2.5/],
    ['a number beyond what JSON can carry', 'reading', entryText(2 ** 53), /seq is 9007199254740992/],
    ['no id', 'reading', entryText(2, { id: '' }), /id is not/, 2],
    ['an endless id', 'reading', entryText(2, { id: 'x'.repeat(201) }), /id is not/, 2],
    ['a kind under the topic of another', 'alert', entryText(2), /kind reading came under up\/alert/, 2],
    ['no time', 'reading', entryText(2, { at: 'now' }), /RFC 3339/, 2],
    ['no body', 'reading', entryText(2, { body: null }), /body/, 2],
    ['a gap that ends before it begins', 'gap', gapText(9, { from: 5, to: 4 }), /ends before/, 9],
    ['a gap without an end', 'gap', gapText(9, { from: 5 }), /no end/, 9],
    ['a gap with no numbers for bounds', 'gap', gapText(9, { from: 'a', to: 4 }), /bounds/, 9],
    ['a gap that explains itself', 'gap', gapText(9, { to: 9 }), /above its own number/, 9],
    ['a gap that explains what is to come', 'gap', gapText(9, { from: 2, to: 2 ** 52 }), /above its own number/, 9],
  ];
  for (const [name, kind, text, why, seq] of wrong) {
    test(name, () => {
      const read = readEntry(HUB, kind, bytes(text));
      expect(read).toEqual({ wrong: expect.stringMatching(why), ...(seq !== undefined && { seq }) });
    });
  }

  test('what cannot be read at all has the number of its user property', () => {
    expect(readEntry(HUB, 'reading', bytes('{'), '7')).toMatchObject({ seq: 7 });
    expect(readEntry(HUB, 'reading', Uint8Array.of(0xff), '7')).toEqual({ wrong: 'not UTF-8', seq: 7 });
    expect(readEntry(HUB, 'reading', new Uint8Array(PAYLOAD_MOST_BYTES + 1), '7')).toMatchObject({ seq: 7 });
    expect(readEntry(HUB, 'reading', bytes('{'), 'seven')).toEqual({ wrong: 'not a JSON object' });
    // Of what another hub is said to have written, no number is ours.
    expect(readEntry(HUB, 'reading', bytes(entryText(3, { hub: 'hub-2' })), '3')).not.toHaveProperty('seq');
  });

  test('words stay short, and never an exception', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.dictionary(fc.constantFrom('v', 'hub', 'seq', 'id', 'kind', 'at', 'body'), fc.jsonValue()),
        (any, over) => {
          for (const value of [any, over, { ...JSON.parse(entryText(1)), ...over }]) {
            const read = readEntry(HUB, 'gap', bytes(JSON.stringify(value)));
            if ('wrong' in read) expect(read.wrong.length).toBeLessThan(120);
          }
        },
      ),
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (any) => 'wrong' in readEntry(HUB, 'reading', any)));
  });
});
