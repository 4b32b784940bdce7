/** What goes when there is no room, in which order, and what never goes: every number stays accounted for. */
import { afterEach, describe, expect, it } from 'vitest';
import { entryOf, type Line } from '../../agent/journal/contract.ts';
import { openLevelStore } from '../../agent/journal/level-store.ts';
import type { HubJournal } from '../../agent/journal/log.ts';
import { openJournal } from '../../agent/journal/open.ts';
import { include, type Ranges } from '../../agent/journal/ranges.ts';
import { key, sealed } from '../../agent/journal/record.ts';
import { type Limits, type Retention, startRetention } from '../../agent/journal/retention.ts';
import type { Draft, Entry, Gap, HubEvent } from '../../agent/reading/entry.ts';
import { type VirtualWorld, virtualWorld } from '../virtual-world.ts';
import { alerted, polled, START_MS, stream, streamed, waved, weighed } from './entries.ts';
import { type Disk, failingDisk, place } from './support.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const DAY_MS = 86_400_000;
/** A reading of the stream takes about 450 bytes. */
const ENOUGH: Limits = { maxBytes: 1e9, keepMs: 30 * DAY_MS, lowFreeBytes: 0 };

interface Kept {
  readonly world: VirtualWorld;
  readonly disk: Disk;
  readonly path: string;
  readonly journal: HubJournal;
  readonly retention: Retention;
  readonly events: HubEvent[];
  receipted: Ranges;
}

async function kept(limits: Partial<Limits> = {}, path = place(), world = virtualWorld({ startWallMs: START_MS })) {
  const disk = failingDisk();
  disk.counting = 'live';
  const events: HubEvent[] = [];
  const onEvent = (event: HubEvent): void => void events.push(event);
  const reserveBytes = 1_000_000;
  const journal = await openJournal({ world, path, hub: 'hub-1', onEvent, reserveBytes, medium: disk.medium(path) });
  const home: Omit<Kept, 'retention'> = { world, disk, path, journal, events, receipted: [] };
  const retention = startRetention({
    world,
    journal,
    limits: { ...ENOUGH, ...limits },
    receipted: () => home.receipted,
    onEvent,
  });
  ends.push(async () => {
    await retention.close();
    await journal.close();
  });
  return Object.assign(home, { retention });
}

async function write(journal: HubJournal, drafts: readonly Draft[]): Promise<void> {
  for (let at = 0; at < drafts.length; at += 1_000) await journal.append(drafts.slice(at, at + 1_000));
}

async function lines(journal: HubJournal): Promise<readonly Line[]> {
  const all: Line[] = [];
  for (
    let some = await journal.scan(1, 500);
    some.length > 0;
    some = await journal.scan((all.at(-1)?.seq ?? 0) + 1, 500)
  )
    all.push(...some);
  return all;
}

const entries = async (journal: HubJournal): Promise<readonly Entry[]> => (await lines(journal)).map(entryOf);

async function gaps(journal: HubJournal): Promise<readonly Gap[]> {
  return (await entries(journal)).flatMap((entry) => (entry.kind === 'gap' ? [entry.body] : []));
}

/** Every number up to the head is there, receipted, or in a gap entry. */
async function expectAccounted(journal: HubJournal, receipted: Ranges): Promise<void> {
  let accounted: Ranges = receipted.filter(([from]) => from <= journal.head);
  for (const { seq } of await lines(journal)) accounted = include(accounted, seq, seq);
  for (const { from, to } of await gaps(journal)) if (to !== undefined) accounted = include(accounted, from ?? 1, to);
  expect(accounted).toEqual([[1, journal.head]]);
}

describe('while there is room', () => {
  it('nothing goes, receipted or not', async () => {
    const { journal, retention } = Object.assign(await kept(), { receipted: [[1, 400]] as Ranges });
    await write(journal, stream(0, 500));
    await retention.look();
    expect([journal.tail, (await lines(journal)).length]).toEqual([1, 500]);
  });
});

describe('when the bound is reached', () => {
  it('receipted entries go first, the oldest of them, down to nine tenths', async () => {
    const home = await kept({ maxBytes: 300_000 });
    const { journal, retention } = home;
    await write(journal, stream(0, 1_000));
    home.receipted = [[1, 900]];
    await retention.look();
    const left = (await lines(journal)).map(({ seq }) => seq).filter((seq) => seq <= 1_000);
    expect(journal.tail).toBe(left[0]);
    expect(left).toEqual(Array.from({ length: left.length }, (_, i) => 1_001 - left.length + i));
    expect(left.length).toBeGreaterThan(300);
    expect(left.length).toBeLessThan(600);
    expect(await gaps(journal)).toEqual([]);
    await expectAccounted(journal, home.receipted);
    expect(home.events.map(({ name }) => name)).toEqual(['journal-evicted']);
  });

  it('then continuous readings are thinned, the oldest first, and what is left of them is said', async () => {
    const home = await kept({ maxBytes: 300_000 });
    const { journal, retention } = home;
    await write(
      journal,
      stream(0, 1_000, (at) => `${90 + (at % 8)}.0`),
    );
    await retention.look();
    const evicted = await gaps(journal);
    expect(evicted[0]).toMatchObject({
      cause: 'evicted',
      from: 1,
      summaries: [
        {
          device: 'oximeter',
          metric: 'MDC_PULS_OXIM_SAT_O2',
          unit: '%',
          min: '90.0',
          max: '97.0',
          absent: 0,
        },
      ],
    });
    const removed = evicted.reduce((sum, { count = 0 }) => sum + count, 0);
    expect(removed).toBeGreaterThan(300);
    expect(removed).toBeLessThan(600);
    await expectAccounted(journal, []);
    expect(journal.health().isAlertsOnly).toBe(false);
  });

  it('alerts, what was measured around them, spot readings, events and gaps never go; of codes only repetitions', async () => {
    const home = await kept({ maxBytes: 400_000 });
    const { journal, retention } = home;
    // An hour of stream and polls with an alert in its middle, a weighing, and a pump that changes its mind.
    const hour: Draft[] = [];
    for (let at = 0; at < 3_600; at++) {
      hour.push(streamed({ at }, '97'));
      if (at % 10 === 0) hour.push(polled({ at }, at === 500 ? 'HLD' : 'SET'));
      if (at === 100) hour.push(weighed({ at }, '78.40'));
      if (at === 1_800) hour.push(alerted({ at }, 'start'));
      if (at === 1_860) hour.push(alerted({ at }, 'end'));
    }
    await write(journal, hour);
    await retention.look();
    const left = await entries(journal);
    const secondsLeft = left.flatMap((entry) =>
      entry.kind === 'reading' && entry.body.device === 'oximeter' ? [(Date.parse(entry.at) - START_MS) / 1_000] : [],
    );
    expect(secondsLeft.filter((at) => at >= 1_200 && at <= 2_460)).toHaveLength(1_261);
    expect(Math.max(...secondsLeft.filter((at) => at < 1_200), 0)).toBeLessThan(1_200);
    expect(secondsLeft.length).toBeLessThan(3_000);
    expect(left.filter(({ kind }) => kind === 'alert')).toHaveLength(2);
    expect(left.filter((entry) => entry.kind === 'reading' && entry.body.device === 'scale')).toHaveLength(1);
    const codes = left.flatMap((entry) => (entry.kind === 'reading' && 'code' in entry.body ? [entry.body.code] : []));
    expect(codes.filter((code) => code === 'HLD')).toHaveLength(1);
    await expectAccounted(journal, []);
  });

  it('waveforms that nobody has are summed up, and a card that is read again is known all the same', async () => {
    const home = await kept({ maxBytes: 80_000 });
    const { journal, retention } = home;
    const night = Array.from({ length: 60 }, (_, minute) =>
      waved(
        { at: minute * 60 },
        Array.from({ length: 120 }, (__, i) => (i % 10 === 0 ? null : `${8 + (i % 4)}.0`)),
      ),
    );
    await write(journal, [...night, ...stream(4_000, 100)]);
    await retention.look();
    const [first] = await gaps(journal);
    expect(first?.summaries?.[0]).toMatchObject({ device: 'cpap', min: '8.0', max: '11.0', unit: 'cm[H2O]' });
    const again = await journal.append(night);
    expect(again.every(({ known }) => known)).toBe(true);
    await expectAccounted(journal, []);
  });

  it('with nothing that may go only alerts are written, until something is receipted', async () => {
    const home = await kept({ maxBytes: 100_000 });
    const { journal, retention, world } = home;
    await write(
      journal,
      Array.from({ length: 400 }, (_, at) => weighed({ at }, '78.40')),
    );
    await retention.look();
    expect(journal.health()).toMatchObject({ writable: true, isAlertsOnly: true, cause: 'bound' });
    const head = journal.head;
    const held = journal.append([weighed({ at: 500 }, '78.45')]);
    await journal.append([alerted({ at: 501 }, 'start')]);
    expect(journal.head).toBe(head + 1);
    expect(journal.isStuck()).toBe(true);
    home.receipted = [[1, 350]];
    await world.advance(3_000);
    expect(await held).toEqual([{ seq: head + 2, known: false }]);
    expect(journal.health()).toMatchObject({ isAlertsOnly: false });
    await expectAccounted(journal, home.receipted);
  });

  it('a look that is cut short by a restart goes on where it was: nothing goes twice, nothing unsaid', async () => {
    const path = place();
    const first = await kept({ maxBytes: 200_000 }, path);
    await write(first.journal, stream(0, 1_200));
    await first.retention.look();
    const told = await gaps(first.journal);
    await first.retention.close();
    await first.journal.close();
    const second = await kept({ maxBytes: 50_000 }, path, first.world);
    await second.retention.look();
    const all = await gaps(second.journal);
    expect(all.length).toBeGreaterThan(told.length);
    const spans = all.map(({ from = 0, to = 0 }) => [from, to] as const).sort(([a], [b]) => a - b);
    for (const [i, [from]] of spans.entries()) expect(from).toBeGreaterThan(spans[i - 1]?.[1] ?? 0);
    await expectAccounted(second.journal, []);
    expect(second.events.filter(({ name }) => name === 'journal-lost-entries')).toEqual([]);
  });
});

describe('with age', () => {
  it('receipted entries go where there is room, and continuous ones that nobody has are thinned', async () => {
    const home = await kept({ keepMs: DAY_MS });
    const { journal, retention, world } = home;
    await write(journal, [...stream(0, 100), weighed({ at: 50 }, '78.40'), ...stream(100, 100)]);
    home.receipted = [[1, 60]];
    world.stepWall(DAY_MS - 60_000);
    await retention.look();
    expect(journal.tail).toBe(1);
    world.stepWall(300_000);
    await write(journal, stream(86_400, 10));
    await retention.look();
    const left = await entries(journal);
    expect(left.filter(({ kind }) => kind === 'reading').map(({ body: { device } }) => device)).toEqual([
      'scale',
      ...Array(10).fill('oximeter'),
    ]);
    expect((await gaps(journal)).map(({ cause, from, to }) => [cause, from, to])).toEqual([
      ['evicted', 61, 100],
      ['evicted', 102, 201],
    ]);
    await expectAccounted(journal, home.receipted);
  });

  it('nothing goes while the hub does not know the time, nor what was written by a clock that was never set', async () => {
    const world = virtualWorld({ startWallMs: 0 });
    const home = await kept({ keepMs: DAY_MS }, place(), world);
    const { journal, retention } = home;
    const early = { ...streamed({ at: 0 }, '97'), at: '1970-01-01T00:00:10.000Z' };
    await journal.append([early, ...stream(0, 20)]);
    home.receipted = [[1, 21]];
    world.setClock('unsynced');
    await retention.look();
    expect((await lines(journal)).length).toBe(21);
    world.setClock('synced');
    world.stepWall(START_MS + 60 * DAY_MS);
    await retention.look();
    expect((await entries(journal)).map(({ seq, at }) => [seq, at])).toEqual([
      [1, early.at],
      [21, expect.any(String)],
    ]);
  });
});

describe('alerts that were receipted', () => {
  it('stay while something around them is still owed', async () => {
    const home = await kept({ maxBytes: 150_000 });
    const { journal, retention } = home;
    await write(journal, [
      ...stream(0, 300),
      alerted({ at: 300 }, 'start'),
      alerted({ at: 310 }, 'end'),
      ...stream(311, 300),
    ]);
    home.receipted = [[301, 302]];
    await retention.look();
    expect((await entries(journal)).filter(({ kind }) => kind === 'alert')).toHaveLength(2);
  });
});

describe('a number that is gone', () => {
  it('is told apart from one that is there', async () => {
    const home = await kept({ maxBytes: 200_000 });
    const { journal, retention } = home;
    await write(journal, [...stream(0, 300), weighed({ at: 300 }, '78.40'), ...stream(301, 500)]);
    await retention.look();
    const there = (await lines(journal)).map(({ seq }) => seq);
    const { removed = [], lost } = (await journal.gone(1, journal.head, 1_000)) ?? {};
    let all: Ranges = removed;
    for (const seq of there) all = include(all, seq, seq);
    expect(all).toEqual([[1, journal.head]]);
    expect(removed.some(([from, to]) => from <= 301 && to >= 301)).toBe(false);
    expect(lost).toEqual([]);
    expect(await journal.gone(1, journal.head, there.length - 1)).toBeUndefined();
  });
});

it('a gap that the hospital has and that went is known when it is asked for again', async () => {
  const home = await kept({ keepMs: DAY_MS });
  const { journal, retention, world } = home;
  const gap = journal.gap(4, 9, { cause: 'evicted', from: 4, to: 9, count: 6 });
  await write(journal, [gap, ...stream(0, 5)]);
  home.receipted = [[1, 6]];
  world.stepWall(2 * DAY_MS);
  await retention.look();
  expect(journal.tail).toBeGreaterThan(1);
  expect(await journal.append([gap])).toEqual([{ seq: 1, known: true }]);
});

it('the ids of what went are remembered within a bound: the oldest can be written again', async () => {
  const path = place();
  const store = await openLevelStore(path);
  // Four hundred burials before this one, of one weighing each.
  const rows = Array.from({ length: 400 }, (_, at) => at + 1).flatMap((seq) => [
    [key.removedIds(seq), sealed(JSON.stringify([`weight-scale-${seq}`]))] as const,
    [key.id(`weight-scale-${seq}`), Buffer.from(String(seq))] as const,
  ]);
  await store.write([...rows, [key.tombstone(1), sealed('400')], [key.about, sealed('{"layout":2,"hub":"hub-1"}')]]);
  await store.close();
  const home = await kept({ keepMs: DAY_MS }, path);
  const { journal, retention, world } = home;
  await write(journal, [weighed({ at: 500 }, '78.40'), weighed({ at: 501 }, '78.40')]);
  home.receipted = [[1, 1]];
  world.stepWall(2 * DAY_MS);
  await retention.look();
  const known = async (at: number) => (await journal.append([weighed({ at }, '78.40')]))[0]?.known;
  expect([await known(500), await known(2), await known(400)]).toEqual([true, true, true]);
  expect(await known(1)).toBe(false);
});
