/** A disk without room: the reserve is given up for alerts, nothing that was acknowledged is lost, and it heals by itself. */
import { existsSync, statSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { JournalLetGo } from '../../agent/journal/contract.ts';
import type { HubJournal } from '../../agent/journal/log.ts';
import { JournalUnavailable, openJournal } from '../../agent/journal/open.ts';
import type { HubEvent } from '../../agent/reading/entry.ts';
import { type VirtualWorld, virtualWorld } from '../virtual-world.ts';
import { alerted, stream, streamed, weighed } from './entries.ts';
import { type Disk, draft, failingDisk, place } from './support.ts';

const RESERVE_BYTES = 2_000_000;

interface Home {
  readonly path: string;
  readonly world: VirtualWorld;
  readonly disk: Disk;
  readonly journal: HubJournal;
  readonly events: HubEvent[];
}

async function home(path = place(), disk = failingDisk()): Promise<Home> {
  const world = virtualWorld();
  const events: HubEvent[] = [];
  const onEvent = (event: HubEvent): void => void events.push(event);
  const medium = disk.medium(path);
  const journal = await openJournal({ world, path, hub: 'hub-1', onEvent, medium, reserveBytes: RESERVE_BYTES });
  return { path, world, disk, journal, events };
}

const names = (events: readonly HubEvent[]): readonly string[] => events.map(({ name }) => name);

describe('a disk that is full', () => {
  it('still takes alerts, from the reserve, while readings wait; with room again all is written, in order', async () => {
    const { path, world, disk, journal, events } = await home();
    await journal.room.look();
    expect(statSync(`${path}.reserve`).size).toBe(RESERVE_BYTES);
    await journal.append([draft('before')]);
    disk.failing = 'full';
    disk.freeBytes = 0;
    const held = [journal.append([weighed({ at: 1 }, '78.40')]), journal.append([weighed({ at: 2 }, '78.45')])];
    await vi.waitFor(() => expect(existsSync(`${path}.reserve`)).toBe(false));
    disk.failing = 'no';
    await world.advance(1_000);
    expect(await journal.append([alerted({ at: 3 }, 'start')])).toEqual([{ seq: 2, known: false }]);
    expect(journal.health()).toMatchObject({ writable: true, isAlertsOnly: true, cause: 'disk-full', waiting: 2 });
    expect(names(events)).toEqual(['journal-alerts-only', 'journal-not-writable', 'journal-writable']);

    disk.freeBytes = undefined;
    await world.advance(2_000);
    expect(await Promise.all(held)).toEqual([[{ seq: 3, known: false }], [{ seq: 4, known: false }]]);
    expect(statSync(`${path}.reserve`).size).toBe(RESERVE_BYTES);
    expect(journal.health()).toMatchObject({ writable: true, isAlertsOnly: false, waiting: 0 });
    expect(names(events).at(-1)).toBe('journal-has-room');
    await journal.close();
  });

  it('values without entries are kept, unless one of the same name waits before them', async () => {
    const { world, disk, journal } = await home();
    disk.failing = 'full';
    disk.freeBytes = 0;
    const held = journal.append([draft('a')], { clock: '1' });
    await vi.waitFor(() => expect(journal.health().isAlertsOnly).toBe(true));
    disk.failing = 'no';
    await world.advance(1_000);
    const later = journal.keep({ clock: '2' });
    await journal.keep({ receipts: '[[1,2]]' });
    expect([journal.kept('receipts'), journal.kept('clock')]).toEqual(['[[1,2]]', undefined]);
    disk.freeBytes = undefined;
    await world.advance(2_000);
    await Promise.all([held, later]);
    expect(journal.kept('clock')).toBe('2');
    await journal.close();
  });

  it('is opened by giving the reserve up, and says so', async () => {
    const path = place();
    const first = await home(path);
    await first.journal.room.look();
    await first.journal.append(stream(0, 10));
    await first.journal.close();
    const disk = failingDisk();
    disk.freeBytes = 0;
    disk.opening = () => (existsSync(`${path}.reserve`) ? 'full' : 'no');
    const { journal, events } = await home(path, disk);
    expect([journal.head, existsSync(`${path}.reserve`)]).toEqual([10, false]);
    expect(names(events)).toEqual(['journal-alerts-only']);
    await journal.append([alerted({ at: 11 }, 'start')]);
    expect(journal.head).toBe(11);
    await journal.close();
  });

  it('without a reserve cannot be opened, and says what to do', async () => {
    const disk = failingDisk();
    disk.opening = () => 'full';
    await expect(home(place(), disk)).rejects.toThrow(JournalUnavailable);
    await expect(home(place(), disk)).rejects.toThrow(/Check with "df" that the disk has room/);
  });
});

describe('what waits for a disk that takes nothing', () => {
  it('can be seen, in the order it was handed in, each once', async () => {
    const { world, disk, journal } = await home();
    disk.failing = 'before';
    void journal.append(stream(0, 3)).catch(() => undefined);
    void journal.append([alerted({ at: 3 }, 'start')]).catch(() => undefined);
    void journal.append(stream(4, 2)).catch(() => undefined);
    await vi.waitFor(() => expect(journal.isStuck()).toBe(true));
    expect(journal.unsaved(0).map(({ ordinal, line }) => [ordinal, line.id, line.seq])).toEqual([
      [1, 'stream-oximeter-0', 0],
      [2, 'stream-oximeter-1', 0],
      [3, 'stream-oximeter-2', 0],
      [4, 'low.start', 0],
      [5, 'stream-oximeter-4', 0],
      [6, 'stream-oximeter-5', 0],
    ]);
    expect(journal.unsaved(4).map(({ ordinal }) => ordinal)).toEqual([5, 6]);
    disk.failing = 'no';
    await world.advance(1_000);
    await vi.waitFor(() => expect(journal.health().waiting).toBe(0));
    expect([journal.unsaved(0), journal.isStuck()]).toEqual([[], false]);
    await journal.close();
  });

  it('is stuck as well when the disk says nothing at all for two seconds', async () => {
    const { world, disk, journal } = await home();
    disk.hangs = true;
    const written = journal.append(stream(0, 1));
    await world.advance(1_900);
    expect(journal.isStuck()).toBe(false);
    await world.advance(200);
    expect(journal.isStuck()).toBe(true);
    disk.hangs = false;
    await written;
    expect(journal.isStuck()).toBe(false);
    await journal.close();
  });

  it('at its bound loses the oldest of a series, never a spot reading, an alert or what is being written', async () => {
    const { world, disk, journal } = await home();
    disk.failing = 'before';
    const spot = journal.append([weighed({ at: 0 }, '78.40')]);
    const alert = journal.append([alerted({ at: 1 }, 'start')]);
    await vi.waitFor(() => expect(journal.isStuck()).toBe(true));
    const lost: number[] = [];
    const series = Array.from({ length: 21_000 }, (_, at) =>
      journal.append([streamed({ at }, '97')]).catch((error: unknown) => {
        if (!(error instanceof JournalLetGo)) throw error;
        lost.push(at);
      }),
    );
    await world.advance(100);
    const { waiting, letGo } = journal.health();
    expect(waiting).toBe(2 + 21_000 - letGo);
    expect(waiting).toBeGreaterThan(19_400);
    expect(waiting).toBeLessThanOrEqual(20_000);
    disk.failing = 'no';
    await world.advance(60_000);
    await Promise.all([spot, alert, ...series]);
    expect(lost).toEqual(Array.from({ length: letGo }, (_, i) => i));
    expect(journal.head).toBe(waiting);
    await journal.close();
  }, 60_000);
});

describe('values that may wait', () => {
  it('go with the next batch, after half a minute, or at the end', async () => {
    const { world, disk, journal, path } = await home();
    const batches = (): number => disk.writes.length;
    const before = batches();
    journal.keepSoon({ cursor: '1' });
    journal.keepSoon({ cursor: '2' });
    await world.advance(29_000);
    expect([batches() - before, journal.kept('cursor')]).toEqual([0, undefined]);
    await world.advance(2_000);
    await vi.waitFor(() => expect(journal.kept('cursor')).toBe('2'));
    journal.keepSoon({ cursor: '3' });
    await journal.append(stream(0, 1));
    expect([batches() - before, journal.kept('cursor')]).toEqual([2, '3']);
    journal.keepSoon({ cursor: '4' });
    await journal.keep({ cursor: '5' });
    expect(journal.kept('cursor')).toBe('5');
    journal.keepSoon({ cursor: '6' });
    await journal.close();
    const again = await home(path);
    expect(again.journal.kept('cursor')).toBe('6');
    await again.journal.close();
  });
});

describe('an alert', () => {
  it('does not wait for a queue of readings', async () => {
    const { disk, journal } = await home();
    const readings = Array.from({ length: 19_000 }, (_, at) => journal.append([streamed({ at }, '97')]));
    const before = disk.writes.length;
    await journal.append([alerted({ at: 0 }, 'start')]);
    // In the first group: one sync, of nineteen.
    expect(disk.writes.length - before).toBe(1);
    await Promise.all(readings);
    await journal.close();
  });
});
