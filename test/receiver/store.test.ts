/** Both stores keep the promises, the trial notices who does not, and a file cut anywhere gives back whole rows. */
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  type Arrival,
  fileStore,
  memoryStore,
  type Placed,
  type Store,
  storeFaults,
} from '../../simulators/receiver/receiver.ts';
import { range } from './bench.ts';
import { openFolder } from './folder.ts';
import { entryText, HUB } from './messages.ts';

function arrival(seq: number, id = `id-${seq}`): Arrival {
  const text = entryText(seq, { id });
  return { entry: JSON.parse(text), text, historical: false };
}
const arrivals = (from: number, to: number): readonly Arrival[] => range(from, to).map((seq) => arrival(seq));
const words = (placed: readonly Placed[]): readonly string[] => placed.map(({ was }) => was);

const hubs = ['trial-1', 'trial-2'] as const;

describe('the promises', () => {
  test('of the memory store', async () => {
    const store = memoryStore();
    expect(await storeFaults({ store, hubs, reopen: async () => store })).toEqual([]);
  });

  test('of the file store', async () => {
    const folder = openFolder();
    let store = fileStore(folder);
    const reopen = async () => {
      await store.close();
      store = fileStore(folder);
      return store;
    };
    expect(await storeFaults({ store, hubs, reopen })).toEqual([]);
    await store.close();
  });

  const bad: Readonly<Record<string, (good: Store) => Partial<Store>>> = {
    'doubles what comes again': (good) => {
      let place = 1_000;
      return {
        put: async (hub, all) =>
          (await good.put(hub, all)).map((placed) => (placed.was === 'copy' ? { was: 'new', place: ++place } : placed)),
      };
    },
    'takes another number for another entry': (good) => ({
      put: async (hub, all) =>
        (await good.put(hub, all)).map((placed) => (placed.was === 'renumbered' ? { ...placed, was: 'new' } : placed)),
    }),
    'goes by the number alone': (good) => {
      const held = new Set<string>();
      return {
        put: async (hub, all) => {
          const fresh = all.filter(({ entry }) => !held.has(`${hub} ${entry.seq}`) && held.add(`${hub} ${entry.seq}`));
          const placed = [...(await good.put(hub, fresh))];
          return all.map((each) => (fresh.includes(each) ? (placed.shift() ?? { was: 'copy' }) : { was: 'copy' }));
        },
      };
    },
    'mixes hubs': (good) => ({ put: (_hub, all) => good.put('all', all) }),
    'changes texts': (good) => ({
      rows: async (...args) =>
        (await good.rows(...args)).map((row) => ({ ...row, text: row.text.replaceAll('\\u0000', '') })),
    }),
    'forgets what was late': (good) => ({
      rows: async (...args) => (await good.rows(...args)).map((row) => ({ ...row, historical: false })),
    }),
    'gives more than was asked': (good) => ({ rows: (hub, after) => good.rows(hub, after, 1_000) }),
    'gives rows again': (good) => ({ rows: (hub, _after, most) => good.rows(hub, 0, most) }),
    'loses the memo': () => ({ keep: async () => undefined }),
    'keeps the first memo': (good) => {
      let isKept = false;
      return {
        keep: async (...args) => {
          if (!isKept) await good.keep(...args);
          isKept = true;
        },
      };
    },
  };
  test.each(Object.entries(bad))('the trial finds a store that %s', async (_name, spoil) => {
    const good = memoryStore();
    const store: Store = { ...good, ...spoil(good) };
    expect(await storeFaults({ store, hubs, reopen: async () => store })).not.toEqual([]);
  });

  test('the trial finds a store that forgets everything when it is opened anew', async () => {
    expect(await storeFaults({ store: memoryStore(), hubs, reopen: async () => memoryStore() })).not.toEqual([]);
  });
});

describe('the file store', () => {
  async function filled(): Promise<{ folder: string; file: string }> {
    const folder = openFolder();
    const store = fileStore(folder);
    await store.put(HUB, arrivals(1, 3));
    await store.keep(HUB, { place: 1, text: 'memo' });
    await store.put(HUB, [...arrivals(4, 5), arrival(6, 'id-2')]);
    await store.close();
    return { folder, file: join(folder, `${HUB}.jsonl`) };
  }

  test('cut off at any byte, gives back every whole row, and goes on from there', async () => {
    const { folder, file } = await filled();
    const whole = readFileSync(file);
    for (let length = 0; length <= whole.length; length += 13) {
      writeFileSync(file, whole.subarray(0, length));
      const store = fileStore(folder);
      const rows = await store.rows(HUB, 0, 100);
      const wholeLines = whole.subarray(0, length).lastIndexOf('\n') + 1;
      expect(statSync(file).size).toBe(wholeLines);
      const lines = whole
        .subarray(0, length)
        .toString()
        .split('\n')
        .slice(0, -1)
        .filter((line) => !line.includes('"memo"'));
      expect(rows.map(({ seq }) => seq)).toEqual(lines.map((line) => JSON.parse(line).seq));
      expect(words(await store.put(HUB, arrivals(1, 5)))).toEqual(
        range(1, 5).map((seq) => (seq <= rows.length ? 'copy' : 'new')),
      );
      await store.close();
      const after = fileStore(folder);
      expect(new Set((await after.rows(HUB, 0, 100)).map(({ seq }) => seq)).size).toBe(Math.max(5, rows.length));
      await after.close();
    }
  });

  test('a power cut may spoil the last write in its middle: what was never told is let go', async () => {
    const { folder, file } = await filled();
    const bytes = readFileSync(file);
    const at = bytes.indexOf('"seq":4');
    bytes.fill(0, at - 10, at + 30);
    writeFileSync(file, bytes);
    const store = fileStore(folder);
    expect((await store.rows(HUB, 0, 100)).map(({ seq }) => seq)).toEqual([1, 2, 3]);
    expect(await store.memo(HUB)).toEqual({ place: 1, text: 'memo' });
    expect(words(await store.put(HUB, arrivals(3, 5)))).toEqual(['copy', 'new', 'new']);
    await store.close();
  });

  test('damage in what was durable is not passed over in silence', async () => {
    const { folder, file } = await filled();
    const bytes = readFileSync(file);
    bytes.fill(0, 40, 50);
    writeFileSync(file, bytes);
    const store = fileStore(folder);
    await expect(store.rows(HUB, 0, 100)).rejects.toThrow(/damaged at byte 0, and not by a crash.*Restore the file/);
    expect(readFileSync(file)).toEqual(bytes);
    await store.close();
  });

  test('refuses a name that is no hub, for it would be a path', async () => {
    const store = fileStore(openFolder());
    await expect(store.put('../x', arrivals(1, 1))).rejects.toThrow(/not the name of a hub/);
    await expect(store.memo('')).rejects.toThrow(/not the name of a hub/);
  });

  test('a folder that cannot be written to is an outage, and is tried again', async () => {
    const folder = join(openFolder(), 'file');
    writeFileSync(folder, '');
    const store = fileStore(folder);
    await expect(store.put(HUB, arrivals(1, 1))).rejects.toThrow(/EEXIST|ENOTDIR/);
    rmSync(folder);
    expect(words(await store.put(HUB, arrivals(1, 1)))).toEqual(['new']);
    await store.close();
  });
});
