/** A receipt is the truth: only for what is durable, again when it may have been lost, and never more than one under way. */
import { describe, expect, test } from 'vitest';
import { memoryStore } from '../../simulators/receiver/receiver.ts';
import { gate, openBench, range } from './bench.ts';
import { entryText, gapText, message } from './messages.ts';

const STRANGE = { v: 2 };

test('waits a moment for more, but not for more than a hundred', async () => {
  const { world, hear, receipts, receiver } = openBench();
  await hear(1, 2);
  await world.advance(49);
  expect(receipts()).toEqual([]);
  await world.advance(1);
  expect(receipts()).toEqual([{ upTo: 2 }]);
  await hear(...range(3, 102));
  await world.advance(0);
  expect(receipts()).toEqual([{ upTo: 2 }, { upTo: 102 }]);
  await world.advance(10_000);
  expect(receipts()).toHaveLength(2);
  expect(receiver.statement().counts.receiptsSent).toBe(2);
});

test('tells what lies above a hole once, and the rest when the hole is filled', async () => {
  const { world, hear, receipts } = openBench();
  await hear(1, 2, 5, 6, 9);
  await world.advance(50);
  await hear(3, 4);
  await world.advance(50);
  await hear(10);
  await world.advance(50);
  expect(receipts()).toEqual([
    { upTo: 2 },
    {
      ranges: [
        [5, 6],
        [9, 9],
      ],
    },
    { upTo: 6 },
    { upTo: 6 },
    { ranges: [[10, 10]] },
  ]);
});

test('numbers that a gap explains are settled', async () => {
  const { world, hear, receipts } = openBench();
  await hear(1, gapText(9, { from: 2, to: 8 }));
  await world.advance(50);
  expect(receipts()).toEqual([{ upTo: 9 }]);
});

test('a copy is told of again: the receipt may have been lost', async () => {
  const { world, hear, receipts } = openBench();
  await hear(1, 4);
  await world.advance(50);
  await hear(4, 1);
  await world.advance(50);
  expect(receipts().slice(2)).toEqual([{ upTo: 1 }, { ranges: [[4, 4]] }]);
});

test('says nothing before the store has it', async () => {
  const store = gate();
  let keep = (): void => undefined;
  store.put = async (...args) => {
    await new Promise<void>((resolve) => {
      keep = resolve;
    });
    return await store.inner.put(...args);
  };
  const { world, hear, receipts, receiver } = openBench({ store });
  await world.advance(0);
  const heard = hear(1);
  await world.advance(60_000);
  expect(receipts()).toEqual([]);
  expect(receiver.statement()).toMatchObject({ highest: 0, waiting: 1 });
  keep();
  expect(await heard).toEqual(['new']);
  await world.advance(50);
  expect(receipts()).toEqual([{ upTo: 1 }]);
});

describe('when the broker', () => {
  test('is slow, receipts merge instead of queueing', async () => {
    const bench = openBench();
    const { world, hear, receipts } = bench;
    bench.broker = 'slow';
    await hear(1);
    await world.advance(50);
    for (const seq of range(2, 300)) await hear(seq);
    await world.advance(500);
    expect(receipts()).toEqual([{ upTo: 1 }]);
    bench.answer();
    await world.advance(50);
    expect(receipts()).toEqual([{ upTo: 1 }, { upTo: 300 }]);
  });

  test('was away, all of it is said when it is back', async () => {
    const bench = openBench();
    const { world, hear, receipts, receiver } = bench;
    bench.broker = 'away';
    await hear(1, 2, 7, entryText(9, STRANGE));
    await world.advance(50);
    bench.broker = 'there';
    await world.advance(500);
    expect(receipts()).toEqual([]);
    receiver.up();
    await world.advance(50);
    expect(receipts()).toEqual([{ upTo: 2, rejected: [{ seq: 9, why: 'v is 2, not 1' }] }, { ranges: [[7, 7]] }]);
  });

  test('lost it without losing us, it is said half a minute later', async () => {
    const bench = openBench();
    bench.broker = 'away';
    await bench.hear(1);
    await bench.world.advance(50);
    bench.broker = 'there';
    await bench.world.advance(29_999);
    expect(bench.receipts()).toEqual([]);
    await bench.world.advance(1);
    expect(bench.receipts()).toEqual([{ upTo: 1 }]);
  });

  test('loses one after it was back, it is said all the same, with nothing more to hear', async () => {
    const bench = openBench();
    const { world, hear, receipts, receiver } = bench;
    bench.broker = 'slow';
    await hear(1);
    await world.advance(1_000); // on its way, and the connection is lost
    bench.broker = 'there';
    receiver.up();
    bench.answer('lost');
    await world.advance(50);
    expect(receipts()).toEqual([{ upTo: 1 }, { upTo: 1 }]);
  });
});

test('after a reconnection everything held is told again', async () => {
  const { world, hear, receipts, receiver } = openBench();
  await hear(1, 2, 5, 8, 9);
  await world.advance(50);
  receiver.up();
  await world.advance(50);
  expect(receipts().slice(2)).toEqual([
    { upTo: 2 },
    {
      ranges: [
        [5, 5],
        [8, 9],
      ],
    },
  ]);
});

test('what can never be stored is rejected by its number, and again when it comes again', async () => {
  const { world, hear, receipts, receiver } = openBench({
    reject: ({ body }) => ('metric' in body && body.metric === 'MDCX_UNKNOWN' ? 'unknown metric' : undefined),
  });
  const unknown = entryText(3, { body: { metric: 'MDCX_UNKNOWN' } });
  expect(await hear(1, entryText(2, STRANGE), unknown, 4)).toEqual(['new', 'rejected', 'rejected', 'new']);
  await world.advance(50);
  await hear(unknown);
  await world.advance(50);
  const why = { seq: 3, why: 'unknown metric' };
  expect(receipts()).toEqual([
    { upTo: 1, rejected: [{ seq: 2, why: 'v is 2, not 1' }, why] },
    { ranges: [[4, 4]] },
    { upTo: 1, rejected: [why] },
  ]);
  // Until the hub explains it, it is missing.
  expect(receiver.statement()).toMatchObject({
    complete: false,
    missing: 2,
    counts: { rejected: 3, refused: 0 },
    holes: {
      list: [
        { from: 2, to: 2, rejected: 'v is 2, not 1' },
        { from: 3, to: 3, rejected: 'unknown metric' },
      ],
    },
  });
  await hear(gapText(5, { cause: 'undeliverable', from: 2, to: 3, detail: 'unknown metric' }));
  expect(receiver.statement()).toMatchObject({ complete: true, explainedByCause: { undeliverable: 2 }, contiguous: 5 });
  await hear(entryText(2)); // a resend after the hospital has learned
  expect(receiver.statement()).toMatchObject({ complete: true, held: 4, explained: 1 });
});

test('a bad copy of what is held is receipted, not rejected', async () => {
  const { world, hear, receipts, receiver } = openBench();
  await hear(1);
  await world.advance(50);
  expect(await hear(entryText(1, STRANGE))).toEqual(['refused']);
  await world.advance(50);
  expect(receipts()).toEqual([{ upTo: 1 }, { upTo: 1 }]);
  expect(receiver.statement()).toMatchObject({
    complete: true,
    counts: { refused: 1, rejected: 0 },
    refusals: ['1: v is 2, not 1'],
  });
});

test('a judge that throws leaves the entry unstored, and the stream goes on', async () => {
  const { hear, receiver } = openBench({
    reject: ({ seq }) => {
      if (seq === 2) throw new Error('cannot judge');
      return undefined;
    },
  });
  expect(await hear(1, 2, 3)).toEqual(['new', 'refused', 'new']);
  expect(receiver.statement()).toMatchObject({
    held: 2,
    missing: 1,
    refusals: ['number 2 was not judged: Error: cannot judge'],
  });
});

test('no message is larger than the hub takes', async () => {
  const sizes: number[] = [];
  const bench = openBench({
    say: async (_topic, json) => {
      sizes.push(new TextEncoder().encode(json).length);
      const { ranges = [], rejected = [] }: { ranges?: unknown[]; rejected?: unknown[] } = JSON.parse(json);
      expect(ranges.length + rejected.length).toBeLessThanOrEqual(500);
    },
    reject: ({ seq }) => (seq % 8 === 1 ? '\u0000\ud800"体\\'.repeat(100) : undefined),
  });
  const far = Number.MAX_SAFE_INTEGER - 20_000;
  await bench.hear(...range(1, 4_000).map((at) => far + at * 2));
  await bench.world.advance(60_000);
  expect(sizes.length).toBeGreaterThan(10);
  expect(Math.max(...sizes)).toBeLessThan(64 * 1024);
  expect(Math.max(...sizes)).toBeGreaterThan(12 * 1024);
});

test('where numbers came with two entries, nothing is receipted but what came', async () => {
  const { world, hear, receipts, receiver } = openBench();
  await hear(...range(1, 9));
  await world.advance(50);
  // The hub lost its store and the mark beside it, and begins again: other entries under the same numbers.
  await hear(...[1, 3].map((seq) => entryText(seq, { id: `second-${seq}` })));
  await world.advance(50);
  receiver.up();
  await world.advance(50);
  expect(receipts()).toEqual([
    { upTo: 9 },
    {
      ranges: [
        [1, 1],
        [3, 3],
      ],
    },
  ]);
  expect(receiver.statement()).toMatchObject({
    complete: false,
    missing: 0,
    incompleteBecause: [expect.stringMatching(/^numbers came with two entries: 2/)],
    counts: { entries: 11, reused: 2 },
  });
});

test('a second listener says none', async () => {
  const { world, hear, receipts, receiver } = openBench({ receipts: false });
  await hear(1, entryText(2, STRANGE));
  receiver.up();
  await world.advance(60_000);
  expect(receipts()).toEqual([]);
  expect(receiver.statement().counts.receiptsSent).toBe(0);
});

test('a receiver that died between store and receipt says it when it is back', async () => {
  const store = memoryStore();
  const first = openBench({ store });
  await first.hear(1, 2, 5);
  await first.receiver.close();
  expect(first.receipts()).toEqual([]);
  const next = openBench({ store });
  await next.world.advance(50);
  expect(next.receipts()).toEqual([{ upTo: 2 }, { ranges: [[5, 5]] }]);
});

test('a receiver that dies in a put tells nobody of it', async () => {
  const store = gate();
  let finish = (): void => undefined;
  store.put = async (...args) => {
    await new Promise<void>((resolve) => {
      finish = resolve;
    });
    return await store.inner.put(...args);
  };
  const told: number[] = [];
  const { world, hear, receipts, receiver } = openBench({ store, onEntry: ({ seq }) => told.push(seq) });
  void hear(1);
  await world.advance(0);
  const closing = receiver.close();
  finish();
  await closing;
  await world.advance(60_000);
  expect({ told, receipts: receipts() }).toEqual({ told: [], receipts: [] });
});

test('a receiver that is closed says nothing more', async () => {
  const { world, hear, receipts, asked, receiver } = openBench({ store: memoryStore() });
  await hear(1, 4);
  await receiver.close();
  await world.advance(60_000);
  expect([...receipts(), ...asked()]).toEqual([]);
  let isDone = false;
  void receiver.take(...message(entryText(5))).then(() => {
    isDone = true;
  });
  await world.advance(60_000);
  expect(isDone).toBe(false); // nobody may acknowledge it
});
