/** A database that is away, slow or picky: nothing is lost, nothing is doubled, and one poisoned entry holds up nobody. */
import { describe, expect, test } from 'vitest';
import type { Arrival, Fate } from '../../simulators/receiver/receiver.ts';
import { memoryStore } from '../../simulators/receiver/receiver.ts';
import { gate, openBench, range } from './bench.ts';
import { entryText, message } from './messages.ts';

const POISON = 'poison';
const poisoned = (seq: number): string => entryText(seq, { id: `${POISON}-${seq}` });
const isPoisoned = ({ entry }: Arrival): boolean => entry.id.startsWith(POISON);

/** A store that rejects a whole call for one bad entry in it, as databases do. */
function pickyStore() {
  const store = gate();
  const sizes: number[] = [];
  store.put = async (hub, arrivals) => {
    sizes.push(arrivals.length);
    if (arrivals.some(isPoisoned)) throw new Error('value too long: 91.4');
    return await store.inner.put(hub, arrivals);
  };
  return { store, sizes };
}

describe('an outage', () => {
  test('is waited out, longer each time, and the words of the database are in the statement', async () => {
    const store = gate();
    const triedMs: number[] = [];
    const bench = openBench({ store });
    const { world, receiver, receipts } = bench;
    const startMs = world.monotonicMs();
    let isAway = true;
    store.put = async (...args) => {
      triedMs.push(world.monotonicMs() - startMs);
      if (isAway) throw new Error('connection refused');
      return await store.inner.put(...args);
    };
    const heard = bench.hear(...range(1, 20));
    await world.advance(7_500);
    expect(triedMs).toEqual([0, 1_000, 3_000, 7_000]);
    expect(receiver.statement()).toMatchObject({
      waiting: 20,
      held: 0,
      trouble: { since: '2026-03-02T08:00:00.000Z', cause: 'connection refused' },
    });
    expect(receipts()).toEqual([]);
    isAway = false;
    await world.advance(60_000);
    expect(await heard).toEqual(range(1, 20).map(() => 'new'));
    expect(receiver.statement()).toMatchObject({ waiting: 0, held: 20, complete: true });
    expect(receiver.statement().trouble).toBeUndefined();
    expect(receipts().at(-1)).toEqual({ upTo: 20 });
  });

  test('at the start, nothing is judged before the store was read', async () => {
    const store = gate(memoryStore());
    const before = openBench({ store: store.inner });
    await before.hear(1, 2, 3);
    await before.receiver.close();
    const { memo } = store;
    store.memo = async () => {
      throw new Error('not yet');
    };
    const bench = openBench({ store });
    const heard = bench.hear(2, entryText(3, { v: 2 }), 4);
    await bench.world.advance(500);
    expect(bench.receiver.statement()).toMatchObject({
      complete: false,
      incompleteBecause: ['the store has not been read yet'],
      waiting: 3,
    });
    store.memo = memo;
    await bench.world.advance(60_000);
    expect(await heard).toEqual(['again', 'refused', 'new']);
    expect(bench.receiver.statement()).toMatchObject({
      complete: true,
      held: 4,
      counts: { entries: 4, duplicates: 1 },
    });
  });

  test('that goes on fills the queue; the newest are dropped, counted, and asked for later', async () => {
    const store = gate();
    let isAway = true;
    store.put = async (...args) => {
      if (isAway) throw new Error('away');
      return await store.inner.put(...args);
    };
    const bench = openBench({ store });
    const heard = range(1, 10_003).map((seq) => bench.receiver.take(...message(entryText(seq))));
    expect(await Promise.all(heard.slice(10_000))).toEqual(['dropped', 'dropped', 'dropped']);
    isAway = false;
    await bench.world.advance(120_000);
    expect(bench.receiver.statement()).toMatchObject({ held: 10_000, counts: { dropped: 3 }, waiting: 0 });
    await bench.hear(10_004);
    await bench.world.advance(1_000);
    expect(bench.asked().at(-1)).toEqual([[10_001, 10_003]]);
  });

  test('in which a call was carried out all the same costs nothing, and every entry is told as new once', async () => {
    const store = gate();
    let isFirst = true;
    store.put = async (...args) => {
      const placed = await store.inner.put(...args);
      if (!isFirst) return placed;
      isFirst = false;
      throw new Error('lost the connection after the commit');
    };
    const told: unknown[] = [];
    const bench = openBench({ store, onEntry: ({ seq }, was) => was === 'new' && told.push(seq) });
    const heard = bench.hear(1, 2, entryText(3, { id: 'id-1' }));
    await bench.world.advance(10);
    void bench.hear(4);
    await bench.world.advance(10_000);
    expect(await heard).toEqual(['again', 'again', 'again']);
    expect(told).toEqual([1, 2, 4]);
    expect(bench.receiver.statement()).toMatchObject({
      complete: true,
      held: 4,
      counts: { entries: 3, renumbered: 1 },
    });
  });

  test('in which a call is finished late, against the promise: the number is not asked for for ever', async () => {
    const store = gate();
    store.put = async (...late) => {
      store.put = async (...args) => {
        const placed = await store.inner.put(...args);
        store.put = store.inner.put;
        await store.inner.put(...late);
        return placed;
      };
      throw new Error('timed out');
    };
    const bench = openBench({ store });
    void bench.hear(1);
    await bench.world.advance(10);
    void bench.hear(2); // goes before what failed alone
    await bench.world.advance(1_000);
    await bench.hear(3);
    expect(bench.receiver.statement()).toMatchObject({ complete: true, held: 3 });
  });

  test('an answer that is none is an outage too', async () => {
    const store = gate();
    store.put = async () => [];
    const bench = openBench({ store });
    void bench.hear(1, 2);
    await bench.world.advance(10);
    expect(bench.receiver.statement().trouble?.cause).toBe('the store gave 0 answers for 2 entries');
  });
});

describe('a poisoned entry', () => {
  test('that the store can name is rejected at once', async () => {
    const store = gate();
    store.put = async (hub, arrivals) => {
      const placed = await store.inner.put(
        hub,
        arrivals.filter((arrival) => !isPoisoned(arrival)),
      );
      return arrivals.map((arrival) =>
        isPoisoned(arrival)
          ? { was: 'refused', why: 'unknown unit' }
          : (placed[arrival.entry.seq === 1 ? 0 : 1] ?? { was: 'copy' }),
      );
    };
    const { world, hear, receipts } = openBench({ store });
    expect(await hear(1, poisoned(2), 3)).toEqual(['new', 'rejected', 'new']);
    await world.advance(50);
    expect(receipts()).toEqual([{ upTo: 1, rejected: [{ seq: 2, why: 'unknown unit' }] }, { ranges: [[3, 3]] }]);
  });

  test('that only fails is found among many, and given up when it failed alone while others did not', async () => {
    const { store, sizes } = pickyStore();
    const { world, receiver, receipts } = openBench({ store });
    const fates: (Fate | 'not-an-entry')[] = [];
    for (const seq of range(1, 60)) {
      void receiver.take(...message(seq === 30 ? poisoned(30) : entryText(seq))).then((fate) => {
        fates[seq] = fate;
      });
    }
    await world.advance(60_000);
    expect(receiver.statement()).toMatchObject({
      held: 59,
      missing: 1,
      waiting: 1,
      trouble: { cause: 'value too long: 91.4' },
    });
    for (const seq of range(61, 70)) {
      await world.advance(70_000);
      void receiver.take(...message(entryText(seq)));
    }
    await world.advance(60_000);
    expect(fates[30]).toBe('rejected');
    expect(fates.filter((fate) => fate === 'new')).toHaveLength(59);
    expect(receiver.statement()).toMatchObject({
      held: 69,
      waiting: 0,
      holes: { list: [{ from: 30, rejected: 'the store does not take it' }] },
    });
    // The database's own words may hold what it was given: they stay in this house.
    expect(JSON.stringify(receipts())).not.toContain('91.4');
    expect(receipts()).toContainEqual({ upTo: 29, rejected: [{ seq: 30, why: 'the store does not take it' }] });
    expect(sizes[0]).toBe(60);
  });

  test('is not given up while nothing proves that the store works', async () => {
    const { store } = pickyStore();
    const { world, receiver, receipts } = openBench({ store });
    void receiver.take(...message(poisoned(1)));
    await world.advance(24 * 3_600_000);
    expect(receiver.statement()).toMatchObject({ waiting: 1, counts: { rejected: 0 } });
    expect(receipts()).toEqual([]);
  });

  test('in an outage nobody is poisoned', async () => {
    const store = gate();
    let isAway = true;
    store.put = async (...args) => {
      if (isAway) throw new Error('away');
      return await store.inner.put(...args);
    };
    const { world, receiver } = openBench({ store });
    const heard = range(1, 50).map((seq) => receiver.take(...message(entryText(seq))));
    for (let time = 0; time < 5; time++) {
      isAway = true;
      await world.advance(600_000);
      isAway = false;
      await world.advance(time === 4 ? 600_000 : 1_000);
    }
    expect(await Promise.all(heard)).toEqual(range(1, 50).map(() => 'new'));
    expect(receiver.statement()).toMatchObject({ complete: true, held: 50, counts: { rejected: 0 } });
  });
});

test('what would open one more hole than can be kept is let go, and welcome later', async () => {
  const { hear, receiver } = openBench();
  await hear(...range(0, 9_999).map((at) => at * 2 + 2)); // at most 10 000 wait
  expect(receiver.statement().holes.more).toBe(9_900);
  expect(await hear(30_001)).toEqual(['dropped']);
  expect(await hear(entryText(30_001, { v: 2 }))).toEqual(['dropped']);
  expect(await hear(3, 1)).toEqual(['new', 'new']);
  expect(await hear(30_001)).toEqual(['new']);
  expect(receiver.statement()).toMatchObject({ held: 10_003, counts: { dropped: 2 } });
});
