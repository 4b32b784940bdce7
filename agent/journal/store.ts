/** The only place that knows LevelDB: a folder of sorted text, written in atomic and synced batches. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Level } from 'level';

export type Pair = readonly [key: string, value: string];

export interface Range {
  /** First and last key wanted, both inclusive. */
  readonly from: string;
  readonly to: string;
  readonly limit: number;
  /** Stops after about this many characters of values; at least one pair is returned. */
  readonly maxChars?: number;
  readonly reverse?: boolean;
}

/** What the journal asks of a disk. Every method rejects with the store's own error when the disk fails. */
export interface Store {
  /** Bytes of its log that the store could not read back while opening; their entries are gone. */
  readonly droppedBytes: number;
  /** One atomic batch; on disk when it resolves. */
  write(pairs: readonly Pair[]): Promise<void>;
  /** Answers from memory nearly always; blocks for one disk read when it must. */
  get(key: string): string | undefined;
  getMany(keys: readonly string[]): Promise<readonly (string | undefined)[]>;
  range(range: Range): Promise<readonly Pair[]>;
  close(): Promise<void>;
}

export interface StoreMaker {
  /** Opens the folder, or makes it when there is nothing there. */
  open(path: string): Promise<Store>;
  /** Saves what can be read of a folder that does not open. */
  repair(path: string): Promise<void>;
}

/** locked: another process has it. disk: full, read-only or not ours. io: the medium reports errors. corrupt: everything else. */
export type Fault = 'locked' | 'disk' | 'io' | 'corrupt';

export function faultOf(error: unknown): Fault {
  for (const { code, message } of chain(error)) {
    if (code === 'LEVEL_LOCKED') return 'locked';
    if (/No space left|Read-only file system|Permission denied|Too many open files|Disk quota/.test(message))
      return 'disk';
    if (/Input\/output error/.test(message)) return 'io';
    if (/^E[A-Z]+$/.test(code)) return 'disk';
  }
  return 'corrupt';
}

/** Whether the store is there but this part of it cannot be read. */
export function isUnreadable(error: unknown): boolean {
  return [...chain(error)].some(({ code }) => code === 'LEVEL_CORRUPTION' || code === 'LEVEL_IO_ERROR');
}

/** The innermost message, which is the one that names the reason. */
export function wordsOf(error: unknown): string {
  return [...chain(error)].at(-1)?.message ?? String(error);
}

function* chain(error: unknown): Generator<{ readonly code: string; readonly message: string }> {
  let link = error;
  for (let depth = 0; link instanceof Error && depth < 5; depth++) {
    yield { code: 'code' in link ? String(link.code) : '', message: link.message };
    link = link.cause;
  }
}

/** `level` declares no statics; classic-level, which it is on Node, has this one. */
const Repairing = Level as typeof Level & { repair(location: string): Promise<void> };

export const levelStores: StoreMaker = {
  open: async (path) => {
    await refuseHeadless(path);
    const db = new Level<string, string>(path, { keyEncoding: 'utf8', valueEncoding: 'utf8' });
    await db.open();
    return levelStore(db, await droppedBytes(path));
  },
  repair: (path) => Repairing.repair(path),
};

function levelStore(db: Level<string, string>, dropped: number): Store {
  return {
    droppedBytes: dropped,
    write: async (pairs) => {
      // Twice as fast as the array form at a hundred pairs: no object per operation.
      const batch = db.batch();
      for (const [key, value] of pairs) batch.put(key, value);
      await batch.write({ sync: true });
    },
    get: (key) => db.getSync(key),
    getMany: (keys) => db.getMany([...keys]),
    range: (range) => readRange(db, range),
    close: () => db.close(),
  };
}

/** Without its CURRENT file LevelDB takes a full folder for an empty one and deletes what it finds there. */
async function refuseHeadless(path: string): Promise<void> {
  const names = await readdir(path).catch((): string[] => []);
  const hasData = names.some((name) => /^MANIFEST-|\.(ldb|sst|log)$/.test(name));
  if (hasData && !names.includes('CURRENT')) throw new Error(`${path} holds data but no CURRENT file`);
}

async function readRange(db: Level<string, string>, range: Range): Promise<readonly Pair[]> {
  const { from, to, limit, maxChars = Number.POSITIVE_INFINITY, reverse = false } = range;
  const iterator = db.iterator({ gte: from, lte: to, limit, reverse, fillCache: false });
  try {
    const pairs: Pair[] = [];
    for (let chars = 0; pairs.length < limit && chars < maxChars; ) {
      const some = await iterator.nextv(limit - pairs.length);
      if (some.length === 0) break;
      for (const pair of some) {
        pairs.push(pair);
        chars += pair[1].length;
      }
    }
    return pairs;
  } finally {
    await iterator.close();
  }
}

/** LevelDB leaves out log records whose checksum is wrong and says so only in its own LOG, written afresh at each opening. */
async function droppedBytes(path: string): Promise<number> {
  const log = await readFile(join(path, 'LOG'), 'utf8').catch(() => '');
  let bytes = 0;
  for (const match of log.matchAll(/dropping (\d+) bytes/g)) bytes += Number(match[1]);
  return bytes;
}
