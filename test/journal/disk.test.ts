/** The journal on a disk that does not: failed writes, bad bytes, lost stores, power cuts. Nothing acknowledged is lost unsaid. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { entryOf, JournalClosed, type Line } from '../../agent/journal/contract.ts';
import { openLevelStore } from '../../agent/journal/level-store.ts';
import type { Pair } from '../../agent/journal/medium.ts';
import { JournalUnavailable } from '../../agent/journal/open.ts';
import { key, sealed } from '../../agent/journal/record.ts';
import { virtualWorld } from '../virtual-world.ts';
import { draft, drafts, failingDisk, opened, place } from './support.ts';

function countOf(line: Line): number {
  const entry = entryOf(line);
  return entry.kind === 'gap' ? (entry.body.count ?? 0) : 0;
}

function bodyOf(line: Line | undefined): unknown {
  return line && entryOf(line).body;
}

/** Changes what lies on disk behind the journal's back. */
async function tamper(path: string, pairs: readonly Pair[]): Promise<void> {
  const store = await openLevelStore(path);
  await store.write(pairs);
  await store.close();
}

describe('a write that fails', () => {
  it.each(['before', 'after'] as const)(
    'is confirmed to nobody, and made good once: error %s the data landed',
    async (when) => {
      const path = place();
      const disk = failingDisk();
      const world = virtualWorld();
      const { journal, events } = await opened(path, { medium: disk.medium(path), world });
      await journal.append([draft('a')]);
      const heard: string[] = [];
      journal.onLines((lines) => heard.push(...lines.map(({ id }) => id)));

      disk.failing = when;
      let confirmed = false;
      const waiting = journal.append([draft('b'), draft('a')], { cursor: '1' }).then((appended) => {
        confirmed = true;
        return appended;
      });
      await expect.poll(() => journal.health().writable).toBe(false);
      await world.advance(50);
      expect([confirmed, journal.head, journal.kept('cursor'), heard]).toEqual([false, 1, undefined, []]);
      expect(journal.health()).toMatchObject({
        writable: false,
        cause: expect.stringContaining('Input/output error'),
        waiting: 2,
      });
      expect((await journal.scan(1, 10)).map(({ id }) => id)).toEqual(['a']);

      disk.failing = 'no';
      const opensBefore = disk.opens;
      await world.advance(60_000);
      expect(await waiting).toEqual([
        { seq: 2, known: false },
        { seq: 1, known: true },
      ]);
      expect(disk.opens).toBeGreaterThan(opensBefore);
      expect([journal.head, journal.kept('cursor'), heard]).toEqual([2, '1', ['b']]);
      expect(journal.health()).toMatchObject({ writable: true, waiting: 0 });
      expect(events.map(({ name }) => name)).toEqual(['journal-not-writable', 'journal-writable']);
      await journal.close();

      const again = await opened(path);
      expect((await again.journal.scan(1, 10)).map(({ id }) => id)).toEqual(['a', 'b']);
      await again.journal.close();
    },
  );

  it('does not hold up closing, and tells those who wait that nothing was kept', async () => {
    const disk = failingDisk();
    const path = place();
    const { journal } = await opened(path, { medium: disk.medium(path) });
    disk.failing = 'before';
    const refused = [journal.append([draft('a')]), journal.keep({ b: '1' })].map((call) =>
      expect(call).rejects.toThrow(JournalClosed),
    );
    await expect.poll(() => journal.health().writable).toBe(false);
    await journal.close();
    await Promise.all(refused);
  });
});

describe('entries that cannot be read', () => {
  it('are left out, reported once as a gap, and not again after reopening', async () => {
    const path = place();
    const first = await opened(path);
    await first.journal.append(drafts('a', 10));
    await first.journal.close();
    await tamper(path, [
      [key.entry(3), Buffer.from('not what was written')],
      [key.entry(4), sealed('{"v":1}')],
      [key.entry(8), (await readEntry(path, 7)) ?? Buffer.alloc(0)],
    ]);
    const { journal } = await opened(path);
    expect((await journal.scan(1, 100)).map(({ seq }) => seq)).toEqual([1, 2, 5, 6, 7, 9, 10]);
    expect((await journal.scan(4, 3)).map(({ seq }) => seq)).toEqual([5, 6]);
    await journal.keep({});
    const gaps = (await journal.scan(11, 100)).map(bodyOf);
    expect(gaps).toEqual([
      { cause: 'store-corrupt', from: 3, to: 4, count: 2 },
      { cause: 'store-corrupt', from: 8, to: 8, count: 1 },
    ]);
    await journal.close();
    const again = await opened(path);
    await again.journal.scan(1, 100);
    await again.journal.scan(2, 100);
    await again.journal.keep({});
    expect(again.journal.head).toBe(12);
    await again.journal.close();
  });

  it('are found in damaged blocks of a table, and their neighbours still read', async () => {
    const path = place();
    const first = await opened(path);
    for (let i = 0; i < 30; i++) await first.journal.append(drafts(`${i}.`, 1000));
    await first.journal.close();
    const [table] = readdirSync(path).filter((name) => name.endsWith('.ldb'));
    if (table === undefined) throw new Error('too few entries for a table');
    const bytes = readFileSync(join(path, table));
    bytes.fill(0xff, 20_000, 20_100);
    writeFileSync(join(path, table), bytes);

    const { journal } = await opened(path);
    const seen = new Set<number>();
    for (let next = 1; ; ) {
      const lines = await journal.scan(next, 500);
      for (const line of lines) {
        seen.add(line.seq);
        const entry = entryOf(line);
        if (entry.kind !== 'gap') continue;
        const { from = 0, to = 0 } = entry.body;
        for (let lost = from; lost <= to; lost++) seen.add(lost);
      }
      const last = lines.at(-1);
      if (!last) break;
      next = last.seq + 1;
      await journal.keep({});
    }
    expect(journal.head).toBeGreaterThan(30_000);
    expect(seen.size).toBe(journal.head);
    await journal.close();
  });

  it('among the kept values are named and dropped', async () => {
    const path = place();
    const first = await opened(path);
    await first.journal.keep({ rules: '1', cursor: '2' });
    await first.journal.close();
    await tamper(path, [[key.kept('rules'), Buffer.from('garbage!')]]);
    const { journal, events } = await opened(path);
    expect([journal.kept('rules'), journal.kept('cursor')]).toEqual([undefined, '2']);
    expect(events).toEqual([{ name: 'journal-kept-unreadable', cause: 'rules' }]);
    await journal.close();
  });
});

async function readEntry(path: string, seq: number): Promise<Buffer | undefined> {
  const store = await openLevelStore(path);
  const value = store.get(key.entry(seq));
  await store.close();
  return value;
}

describe('a store that does not open', () => {
  it.each<[string, (path: string) => void]>([
    ['CURRENT is empty', (path) => writeFileSync(join(path, 'CURRENT'), '')],
    ['CURRENT is missing', (path) => rmSync(join(path, 'CURRENT'))],
    ['CURRENT names nothing', (path) => writeFileSync(join(path, 'CURRENT'), 'MANIFEST-999999\n')],
    ['the manifest is cut', (path) => truncateSync(join(path, manifestOf(path)), 10)],
    ['the manifest is noise', (path) => writeFileSync(join(path, manifestOf(path)), Buffer.alloc(500, 0xa5))],
  ])('is repaired, keeps its entries and goes on above every number used: %s', async (_, damage) => {
    const path = place();
    const first = await opened(path);
    await first.journal.append(drafts('a', 100), { rules: 'state' });
    await first.journal.close();
    damage(path);
    const { journal, events } = await opened(path);
    expect(events.map(({ name }) => name)).toEqual(['journal-lost-entries']);
    const lines = await journal.scan(1, 1000);
    expect(lines.slice(0, 100).map(({ id }) => id)).toEqual(drafts('a', 100).map(({ id }) => id));
    expect(bodyOf(lines.at(-1))).toMatchObject({ cause: 'store-corrupt', detail: expect.stringContaining('repaired') });
    expect(journal.kept('rules')).toBe('state');
    await journal.close();
  });

  it('is set aside when nothing can be saved: numbers go on, a gap covers what is gone', async () => {
    const path = place();
    for (let round = 1; round <= 5; round++) {
      const before = await opened(path);
      const [written] = await before.journal.append([draft(`round ${round}`)]);
      await before.journal.close();
      rmSync(path, { recursive: true });
      mkdirSync(join(path, 'CURRENT'), { recursive: true }); // a folder where LevelDB wants a file
      const { journal, events } = await opened(path);
      expect(events[0]?.name).toBe('journal-lost-entries');
      const used = written?.seq ?? Number.NaN;
      const [gap] = await journal.scan(1, 10);
      expect([journal.tail, gap?.seq]).toEqual([used + 1, used + 1]);
      expect(bodyOf(gap)).toMatchObject({ cause: 'store-corrupt', to: used });
      expect(bodyOf(gap)).not.toHaveProperty('from');
      await journal.close();
    }
    const aside = readdirSync(dirname(path)).filter((name) => name.startsWith(`${basename(path)}.corrupt-`));
    expect(aside.sort()).toEqual(['journal.corrupt-3', 'journal.corrupt-4', 'journal.corrupt-5']);
  });

  it('never reuses a number after a loss without a proper stop', async () => {
    const path = place();
    const first = await opened(path);
    await first.journal.append(drafts('a', 10));
    const mark = readFileSync(`${path}.high-water`);
    await first.journal.close();
    writeFileSync(`${path}.high-water`, mark); // as after SIGKILL
    rmSync(path, { recursive: true });
    mkdirSync(join(path, 'CURRENT'), { recursive: true });
    const { journal } = await opened(path);
    expect(journal.tail).toBeGreaterThan(10);
    expect(bodyOf((await journal.scan(1, 1))[0])).toMatchObject({ cause: 'store-corrupt', to: journal.tail - 1 });
    await journal.close();
  });

  it('says so when the newest entries are gone without a trace', async () => {
    const path = place();
    const first = await opened(path);
    await first.journal.append(drafts('a', 10));
    await first.journal.close();
    const log = readdirSync(path).find((name) => name.endsWith('.log'));
    truncateSync(join(path, log ?? ''), 200);
    const { journal, events } = await opened(path);
    expect(events[0]?.name).toBe('journal-lost-entries');
    const lines = await journal.scan(1, 100);
    expect(lines.at(-1)?.seq).toBe(11);
    expect(bodyOf(lines.at(-1))).toMatchObject({ cause: 'store-corrupt', to: 10 });
    await journal.close();
  });

  it('notices log records that LevelDB drops in silence', async () => {
    const path = place();
    const first = await opened(path);
    for (let i = 0; i < 100; i++) await first.journal.append(drafts(`${i}.`, 5));
    await first.journal.close();
    const log = join(path, readdirSync(path).find((name) => name.endsWith('.log')) ?? '');
    const bytes = readFileSync(log);
    bytes.fill(0, 40_000, 40_010);
    writeFileSync(log, bytes);
    const { journal, events } = await opened(path);
    expect(events[0]).toMatchObject({
      name: 'journal-lost-entries',
      cause: expect.stringMatching(/\d+ bytes of the log/),
    });
    const before = await journal.scan(1, 10_000);
    await journal.keep({});
    const all = await journal.scan(1, 10_000);
    expect(before.length).toBeLessThan(500);
    const told = all.filter(({ kind }) => kind === 'gap').map((line) => countOf(line));
    expect(before.filter(({ kind }) => kind === 'event').length + told.reduce((sum, n) => sum + n, 0)).toBe(500);
    await journal.close();
  });

  it.each([
    ['a file in its place', (path: string) => writeFileSync(path, 'not a folder')],
    ['a parent that does not exist', (path: string) => rmSync(dirname(path), { recursive: true })],
  ])('is refused with what to do about it: %s', async (name, prepare) => {
    const path = place();
    prepare(path);
    if (name.startsWith('a parent')) {
      // Made on the way: nothing is wrong with a first start.
      const { journal } = await opened(path);
      await journal.close();
      expect(existsSync(path)).toBe(true);
    } else {
      await expect(opened(path)).rejects.toThrow(JournalUnavailable);
      await expect(opened(path)).rejects.toThrow(/Check with/);
    }
  });
});

function manifestOf(path: string): string {
  return readdirSync(path).find((name) => name.startsWith('MANIFEST')) ?? '';
}
