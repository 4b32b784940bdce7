/** A journal of the first layout, as earlier software left it, is brought forward in one write and loses nothing. */
import { expect, it } from 'vitest';
import { entryOf } from '../../agent/journal/contract.ts';
import { openLevelStore } from '../../agent/journal/level-store.ts';
import { JournalForeign } from '../../agent/journal/open.ts';
import { key, sealed, unsealed } from '../../agent/journal/record.ts';
import { startRetention } from '../../agent/journal/retention.ts';
import { virtualWorld } from '../virtual-world.ts';
import { stream, weighed } from './entries.ts';
import { opened, place } from './support.ts';

/** Layout 1: e<seq>, i<id> for every entry, a<seq> for alerts, k<name>, and m without anything about lanes. */
async function firstLayout(path: string, entries: number): Promise<void> {
  const store = await openLevelStore(path);
  const pairs = Array.from({ length: entries }, (_, i) => i + 1).flatMap((seq) => {
    const json = `{"v":1,"hub":"hub-1","seq":${seq},"id":"old-${seq}","kind":"${seq === 3 ? 'alert' : 'reading'}","at":"2026-03-02T08:00:00.000Z","body":{"device":"scale","metric":"MDC_MASS_BODY_ACTUAL","value":"78.40","effective":{"at":"2026-03-02T08:00:00.000Z"}}}`;
    return [
      [key.entry(seq), sealed(json)] as const,
      [key.id(`old-${seq}`), Buffer.from(String(seq))] as const,
      ...(seq === 3 ? [[key.mark('alert', seq), Buffer.alloc(0)] as const] : []),
    ];
  });
  await store.write([
    [key.about, sealed('{"layout":1,"hub":"hub-1"}')],
    [key.kept('uplink.receipts'), sealed('[[1,2]]')],
    ...pairs,
  ]);
  await store.close();
}

async function aboutIn(path: string): Promise<unknown> {
  const store = await openLevelStore(path);
  const text = unsealed(store.get(key.about) ?? Buffer.alloc(0));
  await store.close();
  return JSON.parse(text ?? '');
}

it('is read, gone on with, and marked as brought forward', async () => {
  const path = place();
  await firstLayout(path, 50);
  const { journal, events } = await opened(path);
  expect([journal.head, journal.tail, journal.kept('uplink.receipts'), events]).toEqual([50, 1, '[[1,2]]', []]);
  expect((await journal.scan(1, 100)).map(({ id }) => id)).toEqual(
    Array.from({ length: 50 }, (_, i) => `old-${i + 1}`),
  );
  expect((await journal.scanLane('alert', 1, 10)).map(({ seq }) => seq)).toEqual([3]);
  expect(await journal.append([{ ...weighed({ at: 0 }, '78.40'), id: 'old-7' }])).toEqual([{ seq: 7, known: true }]);
  await journal.append(stream(0, 5));
  expect((await journal.scan(51, 10)).map(({ seq }) => seq)).toEqual([51, 52, 53, 54, 55]);
  await journal.close();
  expect(await aboutIn(path)).toEqual({ layout: 2, hub: 'hub-1', plainUpTo: 50 });
  const again = await opened(path);
  expect(again.journal.plainUpTo).toBe(50);
  await again.journal.close();
});

it('none of its entries counts as continuous: without a receipt none is thinned', async () => {
  const path = place();
  await firstLayout(path, 50);
  const world = virtualWorld();
  const { journal } = await opened(path, { world });
  await journal.append(stream(0, 30));
  const limits = { maxBytes: 1_000, keepMs: 1e12, lowFreeBytes: 0 };
  const retention = startRetention({ world, journal, limits, receipted: () => [], onEvent: () => undefined });
  await retention.look();
  const kinds = (await journal.scan(1, 200)).map(entryOf);
  expect(kinds.filter(({ seq }) => seq <= 50)).toHaveLength(50);
  expect(kinds.filter(({ kind }) => kind === 'gap')).toHaveLength(1);
  await retention.close();
  await journal.close();
});

it('a journal of newer software is left alone, and says what to do', async () => {
  const path = place();
  const store = await openLevelStore(path);
  await store.write([[key.about, sealed('{"layout":3,"hub":"hub-1"}')]]);
  await store.close();
  await expect(opened(path)).rejects.toThrow(JournalForeign);
  await expect(opened(path)).rejects.toThrow(/layout 3, this reads 2.*install that version again/);
  expect(await aboutIn(path)).toEqual({ layout: 3, hub: 'hub-1' });
});
