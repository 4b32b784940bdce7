/** The only place that knows LevelDB: a folder of sorted text, written in atomic and synced batches. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Level } from 'level';
import type { Dropped, Found, Range, Store } from './medium.ts';

/** `level` declares no statics; classic-level, which it is on Node, has this one. */
const Repairing = Level as typeof Level & { repair(location: string): Promise<void> };

/** Nor this, for it is not every implementation's. */
type Db = Level<string, Buffer> & { compactRange(start: string, end: string): Promise<void> };

/** Opens the folder, or makes it when there is nothing there. */
export async function openLevelStore(path: string): Promise<Store> {
  await refuseHeadless(path);
  const db = new Level<string, Buffer>(path, { keyEncoding: 'utf8', valueEncoding: 'buffer' }) as Db;
  await db.open();
  return levelStore(db, path);
}

/** Saves what can be read of a folder that does not open. */
export function repairLevelStore(path: string): Promise<void> {
  return Repairing.repair(path);
}

function levelStore(db: Db, path: string): Store {
  return {
    write: async (pairs) => {
      // More than twice as fast as the array form at a hundred pairs: no object per operation.
      const batch = db.batch();
      for (const [key, value] of pairs) {
        if (value === undefined) batch.del(key);
        else batch.put(key, value);
      }
      await batch.write({ sync: true });
    },
    get: (key) => db.getSync(key),
    getMany: (keys) => db.getMany([...keys]),
    range: (range) => readRange(db, range),
    keys: ({ from, to, limit, reverse = false }) =>
      db.keys({ gte: from, lte: to, limit, reverse, fillCache: false }).all(),
    bytes: () => folderBytes(path),
    compact: (from, to) => db.compactRange(from, to),
    close: () => db.close(),
  };
}

/** Without its CURRENT file LevelDB takes a full folder for an empty one and deletes what it finds there. */
async function refuseHeadless(path: string): Promise<void> {
  const names = await readdir(path).catch((): string[] => []);
  const hasData = names.some((name) => /^MANIFEST-|\.(ldb|sst|log)$/.test(name));
  if (hasData && !names.includes('CURRENT')) throw new Error(`${path} holds data but no CURRENT file`);
}

/** Each fetch is a trip to the thread pool; the default of 16 KB makes many of a backlog. */
const FETCH_BYTES = 1 << 18;

async function readRange(db: Db, range: Range): Promise<readonly Found[]> {
  const { from, to, limit, maxBytes = Number.POSITIVE_INFINITY, reverse = false } = range;
  const iterator = db.iterator({
    gte: from,
    lte: to,
    limit,
    reverse,
    fillCache: false,
    highWaterMarkBytes: FETCH_BYTES,
  });
  try {
    const pairs: Found[] = [];
    for (let bytes = 0; pairs.length < limit && bytes < maxBytes; ) {
      const some = await iterator.nextv(limit - pairs.length);
      if (some.length === 0) break;
      for (const pair of some) {
        pairs.push(pair);
        bytes += pair[1].length;
      }
    }
    return pairs;
  } finally {
    await iterator.close();
  }
}

/**
 * LevelDB leaves out log records whose checksum is wrong and says so only in its own LOG, written afresh at each opening; each line
 * begins with the time to a millionth of a second, the first line's names the opening.
 */
export async function droppedByLevel(path: string): Promise<Dropped | undefined> {
  const log = await readFile(join(path, 'LOG'), 'utf8').catch(() => '');
  let bytes = 0;
  for (const match of log.matchAll(/dropping (\d+) bytes/g)) bytes += Number(match[1]);
  const [opening = ''] = /^\S+/.exec(log) ?? [];
  return bytes > 0 ? { bytes, opening } : undefined;
}

/** Files come and go while one looks. */
async function folderBytes(path: string): Promise<number> {
  const names = await readdir(path);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(path, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
