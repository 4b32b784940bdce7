/** The uplink's parts that need no broker: waits, verdicts on refusals, and what the ledger remembers. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoff } from '../../agent/uplink/backoff.ts';
import { openLedger } from '../../agent/uplink/ledger.ts';
import { openRefusals } from '../../agent/uplink/refusals.ts';
import { topicsOf } from '../../agent/uplink/topics.ts';
import { randomFrom } from '../../agent/world.ts';
import { drafts, opened, place } from '../journal/support.ts';
import { virtualWorld } from '../virtual-world.ts';

function first(count: number, random: () => number): number[] {
  const waits = backoff(random);
  return Array.from({ length: count }, () => waits.next().value);
}

describe('waits between attempts', () => {
  it('begin with 1 to 2 s, double, and stay at 1 to 60 s', () => {
    expect(first(9, () => 0)).toEqual(Array(9).fill(1_000));
    expect(first(9, () => 1)).toEqual([2_000, 3_000, 5_000, 9_000, 17_000, 33_000, 60_000, 60_000, 60_000]);
  });

  it('are a function of the seed, and differ between hubs', () => {
    expect(first(20, randomFrom(1))).toEqual(first(20, randomFrom(1)));
    expect(first(20, randomFrom(1))).not.toEqual(first(20, randomFrom(2)));
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        for (const ms of first(30, randomFrom(seed))) expect(ms >= 1_000 && ms <= 60_000).toBe(true);
      }),
    );
  });
});

describe('a refused entry', () => {
  it('is given up after five refusals between which others passed', () => {
    const refusals = openRefusals();
    const verdicts = Array.from({ length: 5 }, (_, i) => {
      refusals.passed(100 + i);
      return refusals.refused(7, 0x87);
    });
    expect(verdicts).toEqual(['again', 'again', 'again', 'again', 'give-up']);
  });

  it('is never given up while nothing passes', () => {
    const refusals = openRefusals();
    const verdicts = new Set(Array.from({ length: 500 }, (_, i) => refusals.refused(i % 20, 0x87)));
    expect([...verdicts]).toEqual(['again', 'all-refused']);
  });

  it('starts afresh once it has passed', () => {
    const refusals = openRefusals();
    for (let i = 0; i < 40; i++) {
      expect(refusals.refused(7, 0x87)).toBe('again');
      refusals.passed(7);
    }
  });
});

describe('the ledger', () => {
  it('puts receipts on disk with what is written next, or after half a minute', async () => {
    const world = virtualWorld();
    const { journal } = await opened(place(), { world });
    await journal.append(drafts('a', 30));
    const ledger = openLedger(journal);
    expect(ledger.receipt([[1, 10]])).toBe(true);
    expect(ledger.receipt([[1, 20]])).toBe(true);
    expect(ledger.receipt([[5, 20]])).toBe(false);
    await world.advance(29_000);
    expect(journal.kept('uplink.receipts')).toBeUndefined();
    await world.advance(2_000);
    await journal.keep({});
    expect(journal.kept('uplink.receipts')).toBe('[[1,20]]');
    ledger.receipt([[21, 21]]);
    await journal.append(drafts('b', 1));
    expect(journal.kept('uplink.receipts')).toBe('[[1,21]]');
    ledger.receipt([[1, 22]]);
    await journal.close();
    expect(journal.kept('uplink.receipts')).toBe('[[1,22]]');
  });

  it('keeps broker and hospital apart, and forgets the broker when that forgot us', async () => {
    const { journal } = await opened(place());
    await journal.append(drafts('a', 10));
    const ledger = openLedger(journal);
    ledger.receipt([
      [1, 3],
      [6, 6],
    ]);
    for (const seq of [4, 5, 8]) ledger.ack(seq);
    expect([ledger.receiptedUpTo(), ledger.ackedUpTo()]).toEqual([3, 6]);
    expect([7, 8].map(ledger.isSettled)).toEqual([false, true]);
    ledger.restart();
    expect([ledger.receiptedUpTo(), ledger.ackedUpTo()]).toEqual([3, 3]);
    expect([4, 6, 8].map(ledger.isSettled)).toEqual([false, true, false]);
    ledger.absent(4, 5);
    expect(ledger.receiptedUpTo()).toBe(6);
    await journal.close();
  });

  it('bounds the islands of a hospital that receipts every second entry', async () => {
    const { journal } = await opened(place());
    const ledger = openLedger(journal);
    for (let seq = 1; seq < 6000; seq += 2) ledger.receipt([[seq, seq]]);
    await journal.keep({});
    expect(JSON.parse(journal.kept('uplink.receipts') ?? '')).toHaveLength(1000);
    await journal.close();
  });
});

it.each([
  ['hjemmebro/v1/hub-1/up/reply/ward', true],
  ['hjemmebro/v1/hub-1/up/', true],
  ['hjemmebro/v1/hub-2/up/reply', false],
  ['hjemmebro/v1/hub-1/down/command', false],
  ['hjemmebro/v1/hub-1/up/+', false],
  ['hjemmebro/v1/hub-1/up/#', false],
  [`hjemmebro/v1/hub-1/up/${'x'.repeat(300)}`, false],
])('replies may go to %s: %s', (topic, may) => {
  expect(topicsOf('hub-1').isOwnUp(topic)).toBe(may);
});
