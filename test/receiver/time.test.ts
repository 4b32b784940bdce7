/** A correction moves what the hub wrote under a wrong clock, and nothing else. */
import { describe, expect, test } from 'vitest';
import type { Entry } from '../../simulators/receiver/entry.ts';
import { bestTime, type Correction, correctionIn } from '../../simulators/receiver/time.ts';
import { AT, entryText, type Fields } from './messages.ts';

const WALL = '2026-03-02T08:00:00.250Z';
const received = { wall: WALL, monotonicMs: 8_000, boot: 'boot-1', clock: 'unsynced', uncertaintyMs: 300_000 };
const effective = { at: '2026-03-02T07:59:59.000Z', from: 'hub', uncertaintyMs: 300_000 };

function reading(seq: number, over: Fields = {}): Entry {
  return JSON.parse(entryText(seq, { body: { device: 'oximeter-1', effective, received, ...over } }));
}
function correction(over: Partial<Correction> = {}): Correction {
  return {
    boot: 'boot-1',
    from: 5,
    to: 9,
    untilMonotonicMs: 8_000,
    addMs: 3_600_000,
    uncertaintyMs: 900,
    by: 12,
    ...over,
  };
}

const asWritten = { at: AT, effective, received: { wall: WALL, uncertaintyMs: 300_000 } };
const corrected = {
  at: '2026-03-02T09:00:00.000Z',
  effective: { at: '2026-03-02T08:59:59.000Z', from: 'hub', uncertaintyMs: 900 },
  received: { wall: '2026-03-02T09:00:00.250Z', uncertaintyMs: 900 },
  correctedBy: 12,
};

test.each<readonly [string, Entry, readonly Correction[], unknown]>([
  ['nothing to correct', reading(7), [], asWritten],
  ['in its range and boot', reading(7), [correction()], corrected],
  ['the first of the range', reading(5), [correction()], corrected],
  ['the last of the range', reading(9), [correction()], corrected],
  ['before the range', reading(4), [correction()], asWritten],
  ['after the range', reading(10), [correction()], asWritten],
  ['received when the clock was right again', reading(7), [correction({ untilMonotonicMs: 7_999 })], asWritten],
  ['another boot', reading(7), [correction({ boot: 'boot-2' })], asWritten],
  [
    'the youngest of several, alone',
    reading(7),
    [correction({ by: 13, addMs: 3_600_000 }), correction({ addMs: 1 })],
    { ...corrected, correctedBy: 13 },
  ],
  [
    'a time that the device told stays',
    reading(7, { effective: { ...effective, from: 'device' } }),
    [correction()],
    { ...corrected, effective: { ...effective, from: 'device' } },
  ],
  [
    'an entry without a boot',
    JSON.parse(entryText(7, { kind: 'event', body: { name: 'x' } })),
    [correction()],
    { at: corrected.at, correctedBy: 12 },
  ],
  [
    'a time that is none stays as told',
    reading(7, { received: { ...received, wall: 'noon' } }),
    [correction()],
    { ...corrected, received: { wall: 'noon', uncertaintyMs: 900 } },
  ],
  [
    'a correction out of this world',
    reading(7),
    [correction({ addMs: 1e300 })],
    {
      ...corrected,
      at: AT,
      effective: { ...effective, uncertaintyMs: 900 },
      received: { wall: WALL, uncertaintyMs: 900 },
    },
  ],
])('%s', (_name, entry, corrections, expected) => {
  const before = structuredClone(entry);
  expect(bestTime(entry, corrections)).toEqual(expected);
  expect(entry).toEqual(before);
});

describe('what an event says', () => {
  const { by, ...said } = correction();
  const event = (body: Fields): Entry => JSON.parse(entryText(by, { kind: 'event', body }));
  test('a correction', () => {
    expect(correctionIn(event({ name: 'clock-corrected', correction: said }))).toEqual(correction());
  });
  test.each<readonly [string, Fields]>([
    ['another event', { name: 'device-clock', correction: said }],
    ['without it', { name: 'clock-corrected' }],
    ['backwards', { name: 'clock-corrected', correction: { ...said, from: 10 } }],
    ['without a number', { name: 'clock-corrected', correction: { ...said, addMs: '5' } }],
    ['without an end', { name: 'clock-corrected', correction: { ...said, untilMonotonicMs: undefined } }],
    ['without a boot', { name: 'clock-corrected', correction: { ...said, boot: undefined } }],
  ])('none: %s', (_name, body) => expect(correctionIn(event(body))).toBeUndefined());
});
