/** What the journal's tests share: a place on disk, drafts, and a store that can be told to fail. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { folderMedium } from '../../agent/journal/folder.ts';
import type { HubJournal } from '../../agent/journal/log.ts';
import type { Medium, Pair, Store } from '../../agent/journal/medium.ts';
import { type JournalOptions, openJournal } from '../../agent/journal/open.ts';
import type { Draft, HubEvent } from '../../agent/reading/entry.ts';
import { virtualWorld } from '../virtual-world.ts';

const places: string[] = [];

afterEach(() => {
  for (const place of places.splice(0)) rmSync(place, { recursive: true, force: true });
});

/** A path for a journal in a new folder that is removed after the test. */
export function place(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hjemmebro-journal-'));
  places.push(folder);
  return join(folder, 'journal');
}

export interface Opened {
  readonly journal: HubJournal;
  readonly events: HubEvent[];
}

export async function opened(path: string, options: Partial<JournalOptions> = {}): Promise<Opened> {
  const events: HubEvent[] = [];
  const onEvent = (event: HubEvent): void => {
    events.push(event);
  };
  const journal = await openJournal({ world: virtualWorld(), path, hub: 'hub-1', onEvent, ...options });
  return { journal, events };
}

export function draft(id: string, kind: 'event' | 'alert' = 'event'): Draft {
  const at = '2026-03-02T08:00:00.000Z';
  if (kind === 'event') return { id, kind, at, body: { name: 'test', cause: id } };
  return {
    id,
    kind,
    at,
    body: {
      alert: id,
      phase: 'start',
      rule: 'spo2-low',
      plan: 'plan-1',
      type: 'physiological',
      priority: 'high',
      zone: 'red',
      event: 196_652,
      text: 'SpO2 below 88 %',
    },
  };
}

export function drafts(prefix: string, count: number): readonly Draft[] {
  return Array.from({ length: count }, (_, i) => draft(`${prefix}${i}`));
}

export interface Disk {
  medium(path: string): Medium;
  /** Sizes of the batches that reached the disk. */
  readonly writes: number[];
  /** How the next writes end: before reaching the disk, or after it with an error all the same. */
  failing: 'no' | 'before' | 'after' | 'full';
  /** What the file system says is free; undefined: the truth. */
  freeBytes: number | undefined;
  /** What the store is said to take: files, or what is live in them, as after a compaction that left nothing behind. */
  counting: 'files' | 'live';
  /** How opening ends. */
  opening: () => 'no' | 'full';
  /** Writes neither land nor fail until this is false again. */
  hangs: boolean;
  opens: number;
}

const WORDS = { before: 'Input/output error', after: 'Input/output error', full: 'No space left on device' };

/** LevelDB with a disk behind it that fails when told to; a store whose write failed stays broken until it is opened anew. */
export function failingDisk(): Disk {
  const disk: Disk = {
    medium,
    writes: [],
    failing: 'no',
    freeBytes: undefined,
    counting: 'files',
    opening: () => 'no',
    hangs: false,
    opens: 0,
  };
  function fail(why: keyof typeof WORDS): never {
    throw Object.assign(new Error(`IO error: 000003.log: ${WORDS[why]}`), { code: 'LEVEL_IO_ERROR' });
  }
  function medium(path: string): Medium {
    const folder = folderMedium(path);
    async function open() {
      disk.opens += 1;
      if (disk.opening() === 'full') fail('full');
      const store = await folder.open();
      let broken = false;
      const write = async (pairs: readonly Pair[]): Promise<void> => {
        while (disk.hangs) await new Promise((resolve) => setImmediate(resolve));
        if (broken || disk.failing === 'before' || disk.failing === 'full') {
          broken = true;
          fail(disk.failing === 'full' ? 'full' : 'before');
        }
        await store.write(pairs);
        disk.writes.push(pairs.length);
        if (disk.failing !== 'after') return;
        broken = true;
        fail('after');
      };
      const bytes = (): Promise<number> => (disk.counting === 'files' ? store.bytes() : liveBytes(store));
      return { ...store, write, bytes };
    }
    return { ...folder, open, freeBytes: async () => disk.freeBytes ?? folder.freeBytes() };
  }
  return disk;
}

async function liveBytes(store: Store): Promise<number> {
  const all = await store.range({ from: '', to: '\uffff', limit: 1_000_000 });
  return all.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
}
