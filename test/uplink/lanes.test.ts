/** Which entry goes next, from a real journal: what is new before what waited, alerts before all, and little of it in memory. */
import { afterEach, describe, expect, it } from 'vitest';
import type { HubJournal } from '../../agent/journal/log.ts';
import type { Draft } from '../../agent/reading/entry.ts';
import { type Lanes, openLanes } from '../../agent/uplink/lanes.ts';
import { type Ledger, openLedger } from '../../agent/uplink/ledger.ts';
import { alerted, stream, streamed, waved, weighed } from '../journal/entries.ts';
import { opened, place } from '../journal/support.ts';
import { type VirtualWorld, virtualWorld } from '../virtual-world.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Home {
  readonly world: VirtualWorld;
  readonly journal: HubJournal;
  readonly ledger: Ledger;
  readonly lanes: Lanes;
  isLive: boolean;
}

async function home(before: readonly Draft[]): Promise<Home> {
  const world = virtualWorld();
  const { journal } = await opened(place(), { world });
  ends.push(() => journal.close());
  for (let at = 0; at < before.length; at += 1_000) await journal.append(before.slice(at, at + 1_000));
  const ledger = openLedger(journal);
  const lanes = openLanes(world, journal, ledger);
  const made: Home = { world, journal, ledger, lanes, isLive: true };
  journal.onLines((lines) => lanes.offer(lines, made.isLive));
  return made;
}

/** Takes up to so many, reading ahead whenever nothing is in memory, and acknowledges each. */
async function taken({ lanes, ledger }: Home, most: number): Promise<readonly string[]> {
  const ids: string[] = [];
  while (ids.length < most) {
    const due = lanes.next(() => false);
    if (due) {
      ids.push(due.line.id);
      ledger.ack(due.line.seq);
    } else if (lanes.isDry()) break;
    else await lanes.refill();
  }
  return ids;
}

describe('the next entry', () => {
  it('of a backlog is an alert, then what is spot, then a stream, then waveforms', async () => {
    const mixed = [
      waved({ at: 0 }, ['1.0']),
      streamed({ at: 1 }, '97'),
      weighed({ at: 2 }, '78.40'),
      alerted({ at: 3 }, 'start'),
      streamed({ at: 4 }, '97'),
      waved({ at: 5 }, ['2.0']),
      alerted({ at: 6 }, 'end'),
      weighed({ at: 7 }, '78.45'),
    ];
    expect(await taken(await home(mixed), 100)).toEqual([
      'low.start',
      'low.end',
      'weight-scale-2',
      'weight-scale-7',
      'stream-oximeter-1',
      'stream-oximeter-4',
      'wave-cpap-0',
      'wave-cpap-5',
    ]);
  });

  it('is what is new before what waited, one in eight excepted, and a live alert before all', async () => {
    const at = await home([...stream(0, 1_000), alerted({ at: 0 }, 'start', 'old')]);
    await at.lanes.refill();
    await at.journal.append(stream(1_000, 24));
    await at.journal.append([alerted({ at: 2_000 }, 'start', 'new')]);
    const ids = await taken(at, 29);
    expect(ids.slice(0, 2)).toEqual(['new.start', 'old.start']);
    const rest = ids.slice(2);
    const isOld = rest.map((id) => Number(id.split('-')[2]) < 1_000);
    expect(isOld.filter((old) => !old)).toHaveLength(24);
    // Never eight of the new without one of the old.
    for (let i = 0; i + 8 <= rest.length; i++) expect(isOld.slice(i, i + 8)).toContain(true);
  });

  it('is given once: what is settled or under way is passed over', async () => {
    const at = await home(stream(0, 10));
    at.ledger.receipt([[1, 3]]);
    at.ledger.ack(5);
    await at.lanes.refill();
    const under = new Set([7]);
    const seqs: number[] = [];
    for (let due = at.lanes.next((seq) => under.has(seq)); due; due = at.lanes.next((seq) => under.has(seq)))
      seqs.push(due.line.seq);
    expect(seqs).toEqual([4, 6, 8, 9, 10]);
  });

  it('after a rewind is what was not settled, in its order', async () => {
    const at = await home(stream(0, 30));
    await taken(at, 10);
    at.ledger.restart();
    at.lanes.rewind();
    expect(await taken(at, 100)).toEqual(stream(0, 30).map(({ id }) => id));
  });

  it('that was asked for goes again though it is settled, once', async () => {
    const at = await home(stream(0, 30));
    await taken(at, 100);
    expect(at.lanes.resend([[5, 6]])).toBe(true);
    expect(await taken(at, 100)).toEqual(['stream-oximeter-4', 'stream-oximeter-5']);
    expect(at.lanes.resend([[1, 10_001]])).toBe(false);
  });

  it('that was asked for again before it went goes once', async () => {
    const at = await home(stream(0, 3_000));
    await taken(at, 5_000);
    expect(at.lanes.resend([[1, 2_900]])).toBe(true);
    await at.lanes.refill(); // the first of it is in memory, the rest on disk
    for (let asked = 0; asked < 10; asked++) expect(at.lanes.resend([[1, 2_905]])).toBe(true);
    const again = await taken(at, 10_000);
    expect(again).toEqual(stream(0, 2_905).map(({ id }) => id));
    expect(at.lanes.resend([[7, 7]])).toBe(true);
    expect(await taken(at, 10)).toEqual(['stream-oximeter-6']);
  });
});

describe('what waited', () => {
  it('is historical half a minute after it was written, and what a restart finds is so at once', async () => {
    const at = await home(stream(0, 3));
    const marks = async (): Promise<readonly boolean[]> => {
      const due: boolean[] = [];
      await at.lanes.refill();
      for (let one = at.lanes.next(() => false); one; one = at.lanes.next(() => false)) due.push(one.isHistorical);
      return due;
    };
    expect(await marks()).toEqual([true, true, true]);
    at.isLive = false;
    await at.journal.append(stream(10, 2));
    await at.world.advance(20_000);
    await at.journal.append(stream(30, 2));
    await at.world.advance(11_500);
    expect(await marks()).toEqual([true, true, false, false]);
  });
});

describe('memory', () => {
  it('holds little of a stream that nobody takes, and nothing of it is lost', async () => {
    const at = await home([]);
    for (let i = 0; i < 20; i++) await at.journal.append(stream(i * 1_000, 1_000));
    let inMemory = 0;
    for (let due = at.lanes.next(() => false); due; due = at.lanes.next(() => false)) inMemory += 1;
    expect(inMemory).toBeLessThanOrEqual(2_000);
    at.lanes.rewind();
    expect(await taken(at, 30_000)).toHaveLength(20_000);
  });

  it('holds little of a backlog of any size', async () => {
    const at = await home(stream(0, 20_000));
    for (let i = 0; i < 50; i++) await at.lanes.refill();
    let inMemory = 0;
    for (let due = at.lanes.next(() => false); due; due = at.lanes.next(() => false)) inMemory += 1;
    expect(inMemory).toBeLessThanOrEqual(2_000);
  });
});

describe('entries that are gone', () => {
  it('are settled when the reading gets there: their gap entry goes in their stead', async () => {
    const at = await home([...stream(0, 10), weighed({ at: 10 }, '78.40')]);
    await at.journal.replace([], [[`e${'3'.padStart(16, '0')}`, undefined]], 1);
    const there = await taken(at, 100);
    await at.journal.keep({});
    expect([there.length, await taken(at, 100)]).toEqual([10, ['hub-1-store-corrupt-3-3']]);
    expect(at.ledger.isSettled(3)).toBe(true);
  });
});
