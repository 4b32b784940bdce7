/** What the statement says of absence, alerts, devices and time, and that it stays within its bounds. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bestTime, type Entry, memoryStore, sentences } from '../../simulators/receiver/receiver.ts';
import { openBench, range } from './bench.ts';
import { entryText, type Fields, gapText, HUB, message } from './messages.ts';

const alertText = (seq: number, alert: string, phase: string, over: Fields = {}): string =>
  entryText(seq, {
    kind: 'alert',
    body: {
      alert,
      phase,
      rule: 'spo2-low',
      type: 'physiological',
      priority: 'high',
      zone: 'red',
      text: 'SpO2 is low.',
      device: 'oximeter-1',
      ...over,
    },
  });

test('entries are counted by device and kind, once', async () => {
  const { hear, receiver } = openBench();
  const event = entryText(4, { kind: 'event', body: { name: 'started' } });
  await hear(1, 2, alertText(3, 'a', 'start'), event, event, 1);
  expect(receiver.statement()).toMatchObject({
    byDevice: { 'oximeter-1': { reading: 2, alert: 1 }, '': { event: 1 } },
    counts: { entries: 4, duplicates: 2 },
  });
});

test('an entry that comes under another number is the same entry', async () => {
  const told: unknown[] = [];
  const { hear, receiver, receipts, world } = openBench({ onEntry: ({ seq }, was) => told.push([seq, was]) });
  const again = entryText(3, { id: 'id-1' });
  expect(await hear(1, 2, again, again)).toEqual(['new', 'new', 'again', 'again']);
  await world.advance(50);
  expect(receipts()).toEqual([{ upTo: 3 }]);
  expect(receiver.statement()).toMatchObject({
    complete: true,
    held: 3,
    byDevice: { 'oximeter-1': { reading: 2 } },
    counts: { entries: 2, renumbered: 1, duplicates: 1 },
  });
  expect(told).toEqual([
    [1, 'new'],
    [2, 'new'],
    [3, 'again'],
    [3, 'again'],
  ]);
});

test('what is late is counted where the hub says so', async () => {
  const late: unknown[] = [];
  const { receiver } = openBench({ onEntry: (entry, _was, historical) => historical && late.push(entry.seq) });
  await receiver.take(...message(entryText(1)), { historical: 'true', seq: '1' });
  await receiver.take(...message(entryText(2)), { seq: '2' });
  await receiver.take(...message(entryText(1)), { historical: 'true', seq: '1' });
  expect(receiver.statement().counts).toMatchObject({ historical: 1, entries: 2, duplicates: 1 });
  expect(late).toEqual([1, 1]);
});

test('absence in time: the stretches, and their sums by device and cause', async () => {
  const { hear, receiver } = openBench();
  const at = (minute: number): string => `2026-03-02T08:${minute}:00.000Z`;
  await hear(
    gapText(1, { cause: 'out-of-range', device: 'oximeter-1', since: at(10), until: at(12) }),
    gapText(3, { cause: 'hub-down', until: at(30), detail: 'power' }),
    gapText(2, { cause: 'out-of-range', device: 'oximeter-1', since: at(20), until: at(21) }),
    gapText(4, { cause: 'overrun', device: 'pump', count: 7 }),
    gapText(5, { cause: 'clock-unknown', device: 'pump', since: 'once', until: 'upon a time', count: 2 }),
  );
  expect(receiver.statement().absences).toEqual({
    latest: [
      { device: 'oximeter-1', cause: 'out-of-range', since: at(10), until: at(12), by: 1 },
      { device: 'oximeter-1', cause: 'out-of-range', since: at(20), until: at(21), by: 2 },
      { cause: 'hub-down', until: at(30), detail: 'power', by: 3 },
      { device: 'pump', cause: 'clock-unknown', since: 'once', until: 'upon a time', count: 2, by: 5 },
    ],
    totals: {
      'oximeter-1': { 'out-of-range': { times: 2, ms: 180_000, count: 0 } },
      '': { 'hub-down': { times: 1, ms: 0, count: 0 } },
      pump: { overrun: { times: 1, ms: 0, count: 7 }, 'clock-unknown': { times: 1, ms: 0, count: 2 } },
    },
  });
});

describe('alerts', () => {
  test('stand from their first phase to their last', async () => {
    const { hear, receiver } = openBench();
    await hear(
      alertText(1, 'a', 'start'),
      alertText(2, 'b', 'start'),
      alertText(3, 'a', 'update'),
      alertText(4, 'b', 'end'),
    );
    expect(receiver.statement().standing.list).toMatchObject([{ alert: 'a', phase: 'update', seq: 3, zone: 'red' }]);
  });

  test('are what was said last, in whatever order it comes', () => {
    const story = [
      alertText(1, 'a', 'start'),
      alertText(2, 'a', 'update'),
      alertText(3, 'b', 'start'),
      alertText(4, 'a', 'end'),
    ];
    return fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(story, { minLength: 4 }), async (texts) => {
        const { hear, receiver } = openBench();
        await hear(...texts);
        expect(receiver.statement().standing.list.map(({ alert, phase }) => [alert, phase])).toEqual([['b', 'start']]);
      }),
    );
  });

  test('past the bound those that ended go first, then the oldest, and that is counted', async () => {
    const { hear, receiver } = openBench();
    await hear(
      ...range(1, 500).flatMap((at) => [alertText(at * 2 - 1, `e${at}`, 'start'), alertText(at * 2, `e${at}`, 'end')]),
    );
    await hear(...range(1, 2_000).map((at) => alertText(1_000 + at, `s${at}`, 'start')));
    expect(receiver.statement()).toMatchObject({ standing: { more: 1_900 }, counts: { alertsForgotten: 0 } });
    await hear(alertText(3_001, 's2001', 'start'));
    expect(receiver.statement()).toMatchObject({
      standing: { list: [{ alert: 's2' }, ...range(1, 99).map(() => ({}))], more: 1_900 },
      counts: { alertsForgotten: 1 },
    });
  });
});

test('a correction that comes late puts earlier entries right; ids and bytes stay', async () => {
  const { hear, receiver } = openBench();
  const entry: Entry = JSON.parse(entryText(1));
  const correction = { boot: 'b', from: 1, to: 2, untilMonotonicMs: 9, addMs: 60_000, uncertaintyMs: 5 };
  await hear(1, 2);
  expect(receiver.bestTime(entry)).toEqual({ at: '2026-03-02T08:00:00.000Z' });
  await hear(entryText(3, { kind: 'event', body: { name: 'clock-corrected', correction } }));
  expect(receiver.bestTime(entry)).toEqual({ at: '2026-03-02T08:01:00.000Z', correctedBy: 3 });
  expect(bestTime(entry, [{ ...correction, by: 3 }])).toEqual(receiver.bestTime(entry));
  expect(receiver.statement().counts.corrections).toBe(1);
});

test('a restart tells the same, with a memo and without', async () => {
  const store = memoryStore();
  const first = openBench({ store });
  const { hear } = first;
  await hear(
    ...range(1, 20),
    alertText(25, 'a', 'start'),
    gapText(26, { from: 21, to: 22, until: 'x', device: 'scale' }),
  );
  await hear(
    entryText(27, {
      kind: 'event',
      body: {
        name: 'clock-corrected',
        correction: { boot: 'b', from: 1, to: 2, untilMonotonicMs: 9, addMs: 1, uncertaintyMs: 1 },
      },
    }),
  );
  await hear(entryText(28, { id: 'id-3' }));
  for (let rounds = 0; rounds < 3; rounds++) {
    const before = first.receiver.statement();
    await first.receiver.close();
    const next = openBench({ store, world: first.world });
    await first.world.advance(0);
    const { counts: _, holes, ...same } = before;
    expect(next.receiver.statement()).toMatchObject({
      ...same,
      counts: { entries: before.counts.entries, renumbered: 1, corrections: 1 },
    });
    expect(next.receiver.statement().holes.list).toMatchObject(holes.list.map(({ from, to }) => ({ from, to })));
    await next.hear(...range(30 + rounds * 1_010, 1_029 + rounds * 1_010)); // enough for a memo
    await next.hear(...range(1_030 + rounds * 1_010, 1_039 + rounds * 1_010)); // and some rows above it
    await next.receiver.close();
    Object.assign(first, openBench({ store, world: first.world }));
    await first.world.advance(0);
  }
  expect((await store.memo(HUB))?.place).toBeGreaterThan(1_000);
});

test('a memo of another version is left aside, and everything read anew', async () => {
  const store = memoryStore();
  const first = openBench({ store });
  await first.hear(1, 2, 5);
  const withMemo = { ...store, memo: async () => ({ place: 3, text: '{"v":0}' }) };
  const next = openBench({ store: withMemo });
  await next.world.advance(0);
  expect(next.receiver.statement()).toMatchObject({ held: 3, missing: 2 });
});

test('the statement is bounded whatever a hub sends, survives JSON, and reads as sentences', async () => {
  const { hear, receiver, world } = openBench();
  const long = (at: number): string => `${at} ${'"\\\u0000'.repeat(300)}`;
  const texts = range(1, 3_000).map((at) => {
    const seq = at * 3;
    const body = { cause: long(at % 50), device: long(at % 300), since: long(at), until: long(at), detail: long(at) };
    if (at % 3 === 0) return alertText(seq, long(at), long(at), { rule: long(at), text: long(at), device: long(at) });
    if (at % 3 === 1) return gapText(seq, { ...body, to: seq - 2, from: seq - 2 });
    return entryText(seq, { v: long(at) });
  });
  for (let at = 0; at < texts.length; at += 500) await hear(...texts.slice(at, at + 500));
  await world.advance(60_000);
  const statement = receiver.statement();
  const json = JSON.stringify(statement);
  expect(json.length).toBeLessThan(512 * 1024);
  expect(JSON.parse(json)).toEqual(statement);
  expect(statement.held + statement.explained + statement.missing).toBe(statement.highest);
  expect(Object.keys(statement.byDevice).length).toBeLessThanOrEqual(101);
  expect(sentences(statement).join('\n').length).toBeLessThan(512 * 1024);
});

test('sentences', async () => {
  const { hear, receiver, world } = openBench();
  await hear(
    1,
    gapText(4, { from: 2, to: 2, detail: 'disk full' }),
    alertText(5, 'a', 'start'),
    entryText(6, { v: 2 }),
  );
  await hear(gapText(7, { cause: 'device-off', device: 'scale', since: 'eight', until: 'nine' }));
  await world.advance(2_000);
  expect(sentences(receiver.statement())).toEqual([
    'hub-1: not complete up to number 7. Held: 4; will never come: 1; missing: 2.',
    'Not complete because numbers are missing: 2.',
    'Number 2 will never come: evicted (disk full).',
    'Number 3 missing since 2026-03-02T08:00:00.000Z, asked for once.',
    'Number 6 came and was rejected: v is 2, not 1.',
    'scale delivered nothing from eight until nine: device-off.',
    'Alert a stands (start, 2026-03-02T08:00:00.000Z): SpO2 is low.',
    'Different entries: 4; came again: 0; came late: 0; rejected: 1; refused: 0; no room for: 0.',
  ]);
  await hear(3, 6);
  expect(sentences(receiver.statement())[0]).toBe(
    'hub-1: complete up to number 7. Held: 6; will never come: 1; missing: 0.',
  );
});
