/** The journal on a disk that works: numbers, ids, atomic puts, bounds, and what a reopening finds. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryOf, JournalClosed, JournalFull, type Line } from '../../agent/journal/contract.ts';
import { JournalForeign, JournalLocked } from '../../agent/journal/open.ts';
import { draft, drafts, failingDisk, opened, place } from './support.ts';

function bodyOf(line: Line): { readonly cause?: string } {
  return entryOf(line).body as { readonly cause?: string };
}

describe('an append', () => {
  it('numbers from one, in order, and stores the entry as it will be published', async () => {
    const { journal } = await opened(place());
    expect([journal.head, journal.tail]).toEqual([0, 1]);
    expect(await journal.append([draft('a'), draft('b')])).toEqual([
      { seq: 1, known: false },
      { seq: 2, known: false },
    ]);
    const [line] = await journal.scan(1, 10);
    expect(line).toEqual({
      seq: 1,
      id: 'a',
      kind: 'event',
      bytes: Buffer.from(
        '{"v":1,"hub":"hub-1","seq":1,"id":"a","kind":"event","at":"2026-03-02T08:00:00.000Z","body":{"name":"test","cause":"a"}}',
      ),
    });
    expect([journal.head, journal.tail]).toEqual([2, 1]);
    await journal.close();
  });

  it('stores what the draft was when it was handed in', async () => {
    const { journal } = await opened(place());
    const body = { name: 'before' };
    const appended = journal.append([{ id: 'a', kind: 'event', at: '2026-03-02T08:00:00.000Z', body }]);
    body.name = 'after';
    await appended;
    expect((await journal.scan(1, 1))[0]?.bytes.toString()).toContain('"before"');
    await journal.close();
  });

  it('writes an id once: again later, again in one batch, again after reopening', async () => {
    const path = place();
    const first = await opened(path);
    const both = await Promise.all([
      first.journal.append([draft('a'), draft('a')]),
      first.journal.append([draft('a'), draft('b')]),
    ]);
    expect(both).toEqual([
      [
        { seq: 1, known: false },
        { seq: 1, known: true },
      ],
      [
        { seq: 1, known: true },
        { seq: 2, known: false },
      ],
    ]);
    await first.journal.close();
    const { journal } = await opened(path);
    expect(await journal.append([draft('b'), draft('c')])).toEqual([
      { seq: 2, known: true },
      { seq: 3, known: false },
    ]);
    // More than are looked up at once.
    expect((await journal.append([...drafts('n', 40), ...drafts('n', 40)])).filter(({ known }) => known)).toHaveLength(
      40,
    );
    expect((await journal.scan(1, 1000)).map(({ seq }) => seq)).toEqual(Array.from({ length: 43 }, (_, i) => i + 1));
    await journal.close();
  });

  it('shares a sync with what arrives meanwhile', async () => {
    const disk = failingDisk();
    const path = place();
    const { journal } = await opened(path, { medium: disk.medium(path) });
    const before = disk.writes.length;
    await Promise.all(
      Array.from({ length: 100 }, async (_, writer) => {
        for (let i = 0; i < 10; i++) await journal.append([draft(`${writer}.${i}`)]);
      }),
    );
    expect(journal.head).toBe(1000);
    expect(disk.writes.length - before).toBeLessThanOrEqual(20);
    await journal.close();
  });

  it('gives contiguous numbers in the order of the calls, whatever their sizes and interleaving', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ size: fc.integer({ min: 0, max: 30 }), pause: fc.boolean() }), {
          minLength: 1,
          maxLength: 30,
        }),
        async (calls) => {
          const { journal } = await opened(place());
          const heard: Line[] = [];
          journal.onLines((lines) => heard.push(...lines));
          const answers: Promise<readonly { readonly seq: number }[]>[] = [];
          for (const [i, { size, pause }] of calls.entries()) {
            answers.push(journal.append(drafts(`${i}.`, size), { last: String(i) }));
            if (pause) await new Promise((resolve) => setImmediate(resolve));
          }
          const seqs = (await Promise.all(answers)).flat().map(({ seq }) => seq);
          const expected = seqs.map((_, i) => i + 1);
          expect(seqs).toEqual(expected);
          expect(heard.map(({ seq }) => seq)).toEqual(expected);
          expect(await journal.scan(1, 10_000)).toEqual(heard);
          expect(journal.kept('last')).toBe(String(calls.length - 1));
          await journal.close();
        },
      ),
      { numRuns: 25 },
    );
  });

  it('refuses past the bound of waiting drafts, keeping what it took', async () => {
    const { journal } = await opened(place());
    const taken = journal.append(drafts('a', 19_999));
    const small = journal.keep({ cursor: '1' });
    await expect(journal.append([draft('b')])).rejects.toThrow(JournalFull);
    await expect(journal.keep({ cursor: '2' })).rejects.toThrow('smaller portions');
    expect(journal.health()).toMatchObject({ writable: true, isAlertsOnly: false, waiting: 20_000 });
    await Promise.all([taken, small]);
    expect(journal.health()).toMatchObject({ writable: true, waiting: 0 });
    expect([journal.head, journal.kept('cursor')]).toEqual([19_999, '1']);
    await journal.close();
  });
});

describe('reading', () => {
  it('finds alerts behind any backlog', async () => {
    const { journal } = await opened(place());
    await journal.append([draft('early', 'alert'), ...drafts('n', 3000), draft('late', 'alert')]);
    expect((await journal.scanLane('alert', 1, 10)).map(({ id, seq }) => [id, seq])).toEqual([
      ['early', 1],
      ['late', 3002],
    ]);
    expect((await journal.scanLane('alert', 2, 10)).map(({ id }) => id)).toEqual(['late']);
    expect((await journal.scanLane('alert', 1, 1)).map(({ id }) => id)).toEqual(['early']);
    await journal.close();
  });

  it('hands out a bounded amount of large entries at a time, and all of them in the end', async () => {
    const { journal } = await opened(place());
    const text = 'x'.repeat(300_000);
    for (let i = 0; i < 10; i++) await journal.append([{ id: `${i}`, kind: 'event', at: '', body: { name: text } }]);
    const first = await journal.scan(1, 100);
    expect(first.length).toBeLessThan(10);
    let next = 1;
    for (let lines = first; lines.length > 0; lines = await journal.scan(next, 100))
      next = (lines.at(-1)?.seq ?? 0) + 1;
    expect(next).toBe(11);
    await journal.close();
  });

  it('keeps any id and any text', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.string({ unit: 'grapheme', minLength: 1 }), { maxLength: 20 }),
        async (ids) => {
          const path = place();
          const first = await opened(path);
          await first.journal.append(
            ids.map((id) => draft(id)),
            { [`k"${ids[0] ?? ''}`]: JSON.stringify(ids) },
          );
          await first.journal.close();
          const { journal, events } = await opened(path);
          const lines = await journal.scan(1, 100);
          expect(lines.map(({ id }) => id)).toEqual(ids);
          expect(lines.map((line) => bodyOf(line).cause)).toEqual(ids);
          expect(journal.kept(`k"${ids[0] ?? ''}`)).toBe(JSON.stringify(ids));
          expect(events).toEqual([]);
          await journal.close();
        },
      ),
      { numRuns: 20 },
    );
  });
});

describe('opening', () => {
  it('finds head, tail and kept values again and goes on counting', async () => {
    const path = place();
    const first = await opened(path);
    await first.journal.append(drafts('a', 5), { rules: '{"state":1}' });
    await first.journal.keep({ cursor: '3' });
    await first.journal.close();
    const { journal } = await opened(path);
    expect([journal.head, journal.tail, journal.kept('rules'), journal.kept('cursor')]).toEqual([
      5,
      1,
      '{"state":1}',
      '3',
    ]);
    expect(await journal.append([draft('next')])).toEqual([{ seq: 6, known: false }]);
    await journal.close();
  });

  it('says who has it when it is in use', async () => {
    const path = place();
    const { journal } = await opened(path);
    await expect(opened(path)).rejects.toThrow(JournalLocked);
    await expect(opened(path)).rejects.toThrow(/in use by .*Stop it first/);
    await journal.close();
  });

  it("refuses another hub's journal and leaves it alone", async () => {
    const path = place();
    await (await opened(path)).journal.close();
    await expect(opened(path, { hub: 'hub-2' })).rejects.toThrow(JournalForeign);
    const { journal } = await opened(path);
    await journal.close();
  });
});

describe('closing', () => {
  it('writes what waits first, then takes nothing more', async () => {
    const path = place();
    const first = await opened(path);
    const waiting = [first.journal.append(drafts('a', 2000)), first.journal.append([draft('b')])];
    await first.journal.close();
    await Promise.all(waiting);
    await expect(first.journal.append([draft('c')])).rejects.toThrow(JournalClosed);
    await expect(first.journal.scan(1, 1)).rejects.toThrow(JournalClosed);
    const { journal } = await opened(path);
    expect(journal.head).toBe(2001);
    await journal.close();
  });
});
