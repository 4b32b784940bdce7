/** What the rig is made of, by itself: the plan, what survives a power cut, and the account. */
import { linkSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Entry } from '../../agent/reading/entry.ts';
import { measurementKey } from '../../simulators/demo/measurement-key.ts';
import { type Account, closeAccount, type Evidence, isClean } from './account.ts';
import { type Book, openBook } from './feeders.ts';
import { KINDS, planOf, ROUND } from './plan.ts';
import { cutPower, readNotes, survivalOf } from './power-cut.ts';

describe('the plan', () => {
  it('is a function of the seed', () => {
    expect(planOf(7, 50)).toEqual(planOf(7, 50));
    expect(planOf(7, 50)).not.toEqual(planOf(8, 50));
  });

  it('begins as a longer one of the same seed does', () => {
    expect(planOf(7, 300).slice(0, 20)).toEqual(planOf(7, 20));
  });

  it.each([1, 2, 3, 4, 5])('has every kind in a round, seed %i', (seed) => {
    const kinds = new Set(planOf(seed, ROUND).flatMap(({ end, disk, wire }) => [end.end, disk.disk, wire.wire]));
    expect(KINDS.filter((kind) => !kinds.has(kind))).toEqual([]);
  });

  it('keeps to one kind when told', () => {
    const ends = planOf(1, 30, ['receiver-killed']).map(
      ({ end, disk, wire }) => `${end.end} ${disk.disk} ${wire.wire}`,
    );
    expect(new Set(ends)).toEqual(new Set(['kill well receiver-killed']));
  });
});

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function openFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hjemmebro-cut-'));
  folders.push(folder);
  return folder;
}

describe('a power cut', () => {
  it('reads whole lines, and none that the death cut off', () => {
    const text = `>made 5\t/a\n>sync 5 10\n>unlink 1-2\t/b\n>sync 5 \0\0\n>sync 5 20\n>ren`;
    expect(readNotes(Buffer.concat([Buffer.alloc(8, 0x3e), Buffer.from(text), Buffer.alloc(64)]))).toEqual([
      { note: 'made', inode: 5, path: '/a' },
      { note: 'sync', inode: 5, size: 10 },
      { note: 'unlink', grave: '1-2', path: '/b' },
      { note: 'sync', inode: 5, size: 20 },
    ]);
  });

  it('leaves what was synced, and nothing of a file after a sync of it that failed', () => {
    const { bytes } = survivalOf([
      { note: 'made', inode: 1, path: '/a' },
      { note: 'sync', inode: 1, size: 10 },
      { note: 'failed', inode: 1 },
      { note: 'sync', inode: 1, size: 30 },
      { note: 'made', inode: 2, path: '/b' },
    ]);
    expect(bytes).toEqual(
      new Map([
        [1, 10],
        [2, 0],
      ]),
    );
  });

  it('may undo the last changes of names, and only those', () => {
    const { names } = survivalOf([
      { note: 'made', inode: 1, path: '/a' },
      { note: 'sync', inode: 1, size: 10 },
      { note: 'rename', grave: 'none', from: '/a', to: '/b' },
    ]);
    expect(names).toEqual([{ note: 'rename', grave: 'none', from: '/a', to: '/b' }]);
  });

  it('undoes nothing that was before a change whose other side was not kept', () => {
    const { names } = survivalOf([
      { note: 'made', inode: 1, path: '/a' },
      { note: 'rename', grave: 'unkept', from: '/a', to: '/b' },
      { note: 'unlink', grave: '7-1', path: '/c' },
    ]);
    expect(names).toEqual([{ note: 'unlink', grave: '7-1', path: '/c' }]);
  });

  it('does so to a folder', () => {
    const folder = openFolder();
    const [state, graves] = [join(folder, 'state'), join(folder, 'graves')];
    for (const path of [state, graves]) mkdirSync(path);
    const at = (name: string): string => join(state, name);
    writeFileSync(at('old'), 'kept from before');
    writeFileSync(at('log'), 'synced, not synced');
    writeFileSync(at('current.new'), 'new');
    writeFileSync(at('gone'), 'was removed');
    linkSync(at('gone'), join(graves, '9-1'));
    rmSync(at('gone'));
    const cut = cutPower(
      state,
      graves,
      [
        { note: 'sync', inode: statSync(at('log')).ino, size: 6 },
        { note: 'unlink', grave: '9-1', path: at('gone') },
        { note: 'made', inode: statSync(at('current.new')).ino, path: at('current.new') },
      ],
      () => 0.49,
    );
    // Of two changes of names one is undone, and what is cut is cut at the last sync.
    expect(cut).toEqual({ namesUndone: 1, filesCut: 1, bytesLost: 12 });
    expect(readdirSync(state).sort()).toEqual(['log', 'old']);
    expect(readFileSync(at('log'), 'utf8')).toBe('synced');
    cutPower(state, graves, [{ note: 'unlink', grave: '9-1', path: at('gone') }], () => 0.99);
    expect(readFileSync(at('gone'), 'utf8')).toBe('was removed');
  });
});

/** A reading of a device whose value is its name. */
function reading(seq: number, device: string, value: string, id = `${device}-${value}`): Entry {
  const body = { device, driver: 'd', mdc: 1, metric: 'MDC_MASS_BODY_ACTUAL', value };
  return { v: 1, hub: 'h', seq, id, kind: 'reading', at: '', body } as unknown as Entry;
}

function gap(seq: number, cause: string, from: number, to: number): Entry {
  return { v: 1, hub: 'h', seq, id: `gap-${seq}`, kind: 'gap', at: '', body: { cause, from, to } } as unknown as Entry;
}

function keyOf(value: string): string {
  return measurementKey({ metric: 'MDC_MASS_BODY_ACTUAL', value } as Parameters<typeof measurementKey>[0]);
}

function bookOf(device: string, keeps: Book['keeps'], given: readonly string[], confirmed: readonly string[]): Book {
  const book = openBook(device, keeps);
  for (const [at, value] of given.entries()) book.given.push({ keys: [keyOf(value)], atMs: at * 100 });
  book.confirmed.push(...confirmed.map(keyOf));
  return book;
}

function accountOf(some: Partial<Evidence> & { readonly hospital: readonly Entry[] }): Account {
  const journaled = some.journaled ?? new Map(some.hospital.map((entry) => [entry.id, entry]));
  const head = Math.max(...[...journaled.values()].map(({ seq }) => seq));
  const nothing = {
    windows: [],
    conflicts: [],
    missed: [],
    renumbered: [],
    seen: new Map<string, number>(),
    books: [],
  };
  return closeAccount({ ...nothing, head, receiptedUpTo: head, journaled, ...some });
}

function scale(given: readonly string[], confirmed: readonly string[]): Book {
  return bookOf('scale', 'promised', given, confirmed);
}

describe('the account', () => {
  it('is clean when all is there once', () => {
    const account = accountOf({
      books: [scale(['1', '2'], ['1', '2'])],
      hospital: [reading(1, 'scale', '1'), reading(2, 'scale', '2')],
    });
    expect(isClean(account)).toBe(true);
    expect(account.rows[0]).toMatchObject({ sent: 2, confirmed: 2, atHospital: 2, receipted: 2, inDevice: 0 });
  });

  it('leaves to the device what it was not told is safe', () => {
    const account = accountOf({ books: [scale(['1', '2'], ['1'])], hospital: [reading(1, 'scale', '1')] });
    expect(isClean(account)).toBe(true);
    expect(account.rows[0]).toMatchObject({ inDevice: 1, lost: [] });
  });

  it('names what a device was told is safe and nobody has', () => {
    const account = accountOf({ books: [scale(['1', '2'], ['1', '2'])], hospital: [reading(1, 'scale', '1')] });
    expect(isClean(account)).toBe(false);
    expect(account.rows[0]?.lost).toEqual([keyOf('2')]);
  });

  it('names what lay on the disk and never arrived', () => {
    const [one, two] = [reading(1, 'scale', '1'), reading(2, 'scale', '2')];
    const journaled = new Map([one, two].map((entry) => [entry.id, entry]));
    const account = accountOf({ books: [scale(['1', '2'], ['1'])], journaled, hospital: [one] });
    expect(account.rows[0]?.lost).toEqual([keyOf('2')]);
    expect(account.holes).toEqual([[2, 2]]);
  });

  it.each([
    ['evicted', { lost: [], explained: 1 }],
    ['store-corrupt', { lost: [keyOf('2')], explained: 0 }],
  ] as const)('takes a gap "%s" for what it is', (cause, expected) => {
    const [one, two] = [reading(1, 'scale', '1'), reading(2, 'scale', '2')];
    const said = gap(3, cause, 2, 2);
    const journaled = new Map([one, two, said].map((entry) => [entry.id, entry]));
    const account = accountOf({ books: [scale(['1', '2'], ['1', '2'])], journaled, hospital: [one, said] });
    expect(account.rows[0]).toMatchObject(expected);
    expect(account.holes).toEqual([]);
  });

  it('names what came twice under two ids, and counts what came twice under one', () => {
    const one = reading(1, 'scale', '1');
    const account = accountOf({
      books: [scale(['1'], ['1'])],
      hospital: [one, reading(2, 'scale', '1', 'another')],
      seen: new Map([[one.id, 3]]),
    });
    expect(account.rows[0]?.doubled).toEqual([keyOf('1')]);
    expect(account.copies).toBe(2);
  });

  it('names a number that was used twice', () => {
    const account = accountOf({ hospital: [reading(1, 'scale', '1'), reading(1, 'scale', '2')] });
    expect(account.conflicts).toEqual([{ seq: 1, ids: ['scale-1', 'scale-2'] }]);
  });

  it('names an id that came under a second number, which is a hole', () => {
    const [one, three] = [reading(1, 'scale', '1'), reading(3, 'scale', '3')];
    const account = accountOf({ hospital: [one, three], renumbered: [{ seq: 2, id: one.id }] });
    expect(account.renumbered).toEqual([{ seq: 2, id: one.id, first: 1 }]);
    expect(account.holes).toEqual([[2, 2]]);
    expect(isClean(account)).toBe(false);
  });

  it('excuses frames that nobody waits for only around a death, and only so many', () => {
    const pump = bookOf('pump', 'in order', ['1', '2', '3', '4', '5'], []);
    const hospital = [reading(1, 'pump', '1'), reading(2, 'pump', '5')];
    const around = (most: number) => [{ cycle: 1, fromMs: 150, toMs: 350, most: { pump: most } }];
    expect(accountOf({ books: [pump], hospital, windows: [] }).rows[0]?.lost).toHaveLength(3);
    expect(accountOf({ books: [pump], hospital, windows: around(2) }).rows[0]).toMatchObject({
      inAir: 2,
      lost: [keyOf('2')],
    });
    expect(accountOf({ books: [pump], hospital, windows: around(1) }).rows[0]?.lost).toHaveLength(2);
  });
});
