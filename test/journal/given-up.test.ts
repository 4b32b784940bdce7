/** A store that is given up, whole or in part: never without need, never unnoticed, and no number is used twice after it. */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { entryOf } from '../../agent/journal/contract.ts';
import { folderMedium } from '../../agent/journal/folder.ts';
import { openLevelStore } from '../../agent/journal/level-store.ts';
import type { HubJournal } from '../../agent/journal/log.ts';
import type { Medium, Pair, Store } from '../../agent/journal/medium.ts';
import { JournalUnavailable } from '../../agent/journal/open.ts';
import { key, sealed } from '../../agent/journal/record.ts';
import { virtualWorld } from '../virtual-world.ts';
import { draft, drafts, opened, place } from './support.ts';

const ioError = (): Error =>
  Object.assign(new Error('IO error: 000005.log: Input/output error'), { code: 'LEVEL_IO_ERROR' });
const corruption = (): Error => Object.assign(new Error('Corruption: checksum mismatch'), { code: 'LEVEL_CORRUPTION' });

/** A folder whose next openings fail, one after the other, as these say. */
function stubborn(path: string, failures: (() => Error)[], more: Partial<Medium> = {}): Medium {
  const folder = folderMedium(path);
  const open = async (): Promise<Store> => {
    const failure = failures.shift();
    if (failure) throw failure();
    return folder.open();
  };
  return { ...folder, open, ...more };
}

async function gaps(journal: HubJournal): Promise<readonly object[]> {
  await journal.keep({});
  return (await journal.scan(1, 1_000)).map(entryOf).flatMap(({ kind, body }) => (kind === 'gap' ? [body] : []));
}

async function filled(path: string): Promise<void> {
  const { journal } = await opened(path);
  await journal.append(drafts('a', 10), { cursor: '10' });
  await journal.close();
}

/** Lets the pauses between attempts pass while real files are opened. */
async function patiently<T>(work: Promise<T>, world = virtualWorld()): Promise<T> {
  let isDone = false;
  const done = work.finally(() => {
    isDone = true;
  });
  done.catch(() => undefined);
  while (!isDone) {
    await new Promise((resolve) => setImmediate(resolve));
    await world.advance(500);
  }
  return done;
}

async function asItWas(path: string): Promise<void> {
  expect(existsSync(`${path}.corrupt-1`)).toBe(false);
  const { journal } = await opened(path);
  expect([journal.head, journal.kept('cursor')]).toEqual([10, '10']);
  await journal.close();
}

describe('a medium that reports errors', () => {
  it('keeps its store where it is when it cannot even note that the store is given up', async () => {
    const path = place();
    await filled(path);
    const writeMark = async (): Promise<void> => {
      throw Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO' });
    };
    const world = virtualWorld();
    const medium = stubborn(path, [ioError, ioError, ioError], { writeMark });
    const start = opened(path, { medium, world, isPatienceOver: true });
    await expect(patiently(start, world)).rejects.toThrow(JournalUnavailable);
    await asItWas(path);
  });

  it('keeps its store where it is while the errors may still pass', async () => {
    const path = place();
    await filled(path);
    const world = virtualWorld();
    const medium = stubborn(path, Array(30).fill(ioError));
    for (let start = 0; start < 10; start++)
      await expect(patiently(opened(path, { medium, world }), world)).rejects.toThrow('reports errors');
    await asItWas(path);
  });

  it('while it is in use is waited for, ten minutes long, before its store is given up', async () => {
    const path = place();
    const world = virtualWorld();
    let isFailing = false;
    const folder = folderMedium(path);
    const open = async (): Promise<Store> => {
      if (isFailing) throw ioError();
      const store = await folder.open();
      const write: Store['write'] = (pairs) => (isFailing ? Promise.reject(ioError()) : store.write(pairs));
      return { ...store, write };
    };
    const setAside = async (): Promise<string> => {
      isFailing = false; // of the new store nothing is broken
      return folder.setAside();
    };
    const { journal } = await opened(path, { medium: { ...folder, open, setAside }, world });
    await journal.append(drafts('a', 10));
    isFailing = true;
    const sinceMs = world.monotonicMs();
    const written = journal.append([draft('b')]);
    await patiently(written, world);
    expect(world.monotonicMs() - sinceMs).toBeGreaterThan(10 * 60_000);
    expect(existsSync(`${path}.corrupt-1`)).toBe(true);
    await journal.close();
  });

  it('costs no number when the store that comes instead does not open at first', async () => {
    const path = place();
    await filled(path);
    const world = virtualWorld();
    const failing = stubborn(path, [ioError, ioError, ioError, ioError]);
    const start = opened(path, { medium: failing, world, isPatienceOver: true });
    await expect(patiently(start, world)).rejects.toThrow('Input/output error');
    expect(existsSync(`${path}.corrupt-1`)).toBe(true);
    const { journal, events } = await opened(path);
    expect(journal.head).toBeGreaterThan(10);
    expect(await gaps(journal)).toMatchObject([{ cause: 'store-corrupt', to: expect.any(Number) }]);
    expect(events.map(({ name }) => name)).toContain('journal-lost-entries');
    await journal.close();
  });
});

it('a store that vanished is noticed', async () => {
  const path = place();
  await filled(path);
  rmSync(path, { recursive: true });
  const { journal } = await opened(path);
  expect(journal.head).toBeGreaterThan(10);
  expect(await gaps(journal)).toMatchObject([{ cause: 'store-corrupt', detail: 'the store is gone' }]);
  await journal.close();
});

it('a store that is lost while it is open: what was in it is explained, what is kept is kept, and numbers go on', async () => {
  const path = place();
  const failures: (() => Error)[] = [];
  const world = virtualWorld();
  let isFailing = false;
  const folder = stubborn(path, failures);
  const medium: Medium = {
    ...folder,
    open: async () => {
      const store = await folder.open();
      const write: Store['write'] = (pairs) => (isFailing ? Promise.reject(ioError()) : store.write(pairs));
      return { ...store, write };
    },
    repair: async () => {
      throw corruption();
    },
  };
  const { journal, events } = await opened(path, { medium, world });
  await journal.append(drafts('a', 10), { cursor: '10' });
  failures.push(corruption, corruption); // nor does the one that comes instead open at once
  isFailing = true;
  const waiting = journal.append([draft('b')]);
  await expect.poll(() => journal.health().writable).toBe(false);
  isFailing = false;
  expect(await patiently(waiting, world)).toEqual([{ seq: 11, known: false }]);
  expect(await gaps(journal)).toMatchObject([{ cause: 'store-corrupt', from: 1, to: 10 }]);
  expect(events.filter(({ name }) => name === 'journal-lost-entries')).toHaveLength(1);
  await journal.close();
  const again = await opened(path);
  expect([again.journal.head, again.journal.kept('cursor')]).toEqual([12, '10']);
  await again.journal.close();
});

it('a store that opens, and whose kept values lie in a damaged block, is repaired', async () => {
  const path = place();
  await filled(path);
  let isDamaged = true;
  const folder = folderMedium(path);
  const medium: Medium = {
    ...folder,
    open: async () => {
      const store = await folder.open();
      const range: Store['range'] = (wanted) =>
        isDamaged && wanted.from.startsWith('k') ? Promise.reject(corruption()) : store.range(wanted);
      return { ...store, range };
    },
    repair: async () => {
      isDamaged = false;
      await folder.repair();
    },
  };
  const { journal, events } = await opened(path, { medium });
  expect(journal.kept('cursor')).toBe('10');
  expect(events.map(({ name }) => name)).toEqual(['journal-lost-entries']);
  await journal.close();
});

it('a damaged block of the indexes stops neither writing nor reading', async () => {
  const path = place();
  const folder = folderMedium(path);
  const isDamaged = (name: string): boolean => /^[sit]/.test(name);
  const unless = <T>(name: string, work: () => T): T => {
    if (isDamaged(name)) throw corruption();
    return work();
  };
  const medium: Medium = {
    ...folder,
    open: async () => {
      const store = await folder.open();
      return {
        ...store,
        get: (name) => unless(name, () => store.get(name)),
        getMany: async (names) => unless(names[0] ?? '', () => store.getMany(names)),
        keys: async (range) => unless(range.from, () => store.keys(range)),
        range: async (range) => unless(range.from, () => store.range(range)),
      };
    },
  };
  const { journal } = await opened(path, { medium });
  await journal.append([...drafts('a', 3), draft('alert', 'alert'), ...drafts('b', 20)]);
  expect((await journal.scanLane('spot', 1, 100)).map(({ seq }) => seq)).not.toContain(4);
  expect(await journal.scanLane('spot', 1, 100)).toHaveLength(23);
  expect((await journal.scanLane('alert', 1, 100)).map(({ seq }) => seq)).toEqual([4]);
  await journal.close();
});

it('a disk that spoils all that is written is told of, and not once for each word about it', async () => {
  const path = place();
  const folder = folderMedium(path);
  let isSpoiling = false;
  const spoilt = ([name, value]: Pair): Pair =>
    isSpoiling && name.startsWith('e') ? [name, Buffer.from('spoilt')] : [name, value];
  const medium: Medium = {
    ...folder,
    open: async () => {
      const store = await folder.open();
      return { ...store, write: (pairs) => store.write(pairs.map(spoilt)) };
    },
  };
  const { journal } = await opened(path, { medium });
  journal.onLines(() => void journal.scan(1, 1_000));
  isSpoiling = true;
  await journal.append([draft('a')]);
  for (let i = 0; i < 50; i++) await journal.keep({ i: String(i) });
  expect(journal.head).toBe(2);
  await journal.close();
});

it('an entry that the disk lost is written again when it is told again; one that was removed is not', async () => {
  const path = place();
  const first = await opened(path);
  await first.journal.append(drafts('a', 5));
  await first.journal.close();
  const store = await folderMedium(path).open();
  await store.write([
    [key.entry(2), undefined],
    [key.entry(3), undefined],
    [key.tombstone(3), sealed('3')],
  ]);
  await store.close();
  const { journal } = await opened(path);
  expect(await journal.append(drafts('a', 5))).toEqual([
    { seq: 1, known: true },
    { seq: 6, known: false },
    { seq: 3, known: true },
    { seq: 4, known: true },
    { seq: 5, known: true },
  ]);
  expect(await journal.append(drafts('a', 2))).toMatchObject([{ known: true }, { seq: 6, known: true }]);
  await journal.close();
});

it('the value kept by the latest call stays, although an alert overtook it', async () => {
  const path = place();
  const { journal } = await opened(path);
  const before = journal.append(drafts('reading', 3), { state: 'before' });
  const after = journal.append([draft('alert', 'alert')], { state: 'after' });
  await Promise.all([before, after]);
  expect(journal.kept('state')).toBe('after');
  await journal.close();
  const store = await folderMedium(path).open();
  expect(store.get(key.kept('state'))?.toString()).toContain('after');
  await store.close();
});

describe('a log of which opening drops a part', () => {
  /** As after SIGKILL, with one bad byte in the middle of what was written last. */
  async function spoilt(): Promise<string> {
    const path = place();
    const first = await opened(path);
    await first.journal.append(drafts('a', 10));
    const mark = readFileSync(`${path}.high-water`);
    await first.journal.close();
    writeFileSync(`${path}.high-water`, mark);
    const log = join(path, readdirSync(path).find((name) => name.endsWith('.log')) ?? '');
    const bytes = readFileSync(log);
    bytes.writeUInt8(bytes.readUInt8(bytes.length - 40) ^ 0xff, bytes.length - 40);
    writeFileSync(log, bytes);
    return path;
  }

  it('is told of, though the process that opened it died before it could tell', async () => {
    const path = await spoilt();
    const store = await openLevelStore(path);
    await store.close(); // LevelDB has forgotten what it dropped, but for its LOG
    const { journal, events } = await opened(path);
    expect(events).toMatchObject([
      { name: 'journal-lost-entries', cause: expect.stringMatching(/^\d+ bytes of the log were unreadable$/) },
    ]);
    const [used] = await journal.append([draft('b')]);
    expect(used?.seq).toBeGreaterThan(10);
    await journal.close();
  });

  it('is told of once', async () => {
    const path = await spoilt();
    const folder = folderMedium(path);
    const opening = { bytes: 7, opening: '2026/11/25-12:00:00.000001' };
    const medium: Medium = { ...folder, dropped: async () => opening };
    const names: string[][] = [];
    for (let start = 0; start < 3; start++) {
      const { journal, events } = await opened(path, { medium });
      names.push(events.map(({ name }) => name));
      await journal.close();
    }
    expect(names).toEqual([['journal-lost-entries'], [], []]);
  });
});
