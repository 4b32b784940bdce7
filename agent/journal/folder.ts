/** A folder on a real disk as the journal's medium: the LevelDB store, and the files beside it that outlive it. */
import { existsSync } from 'node:fs';
import { open, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { droppedByLevel, openLevelStore, repairLevelStore } from './level-store.ts';
import type { Medium } from './medium.ts';

/** How many set-aside stores are kept; older ones are removed, so that a dying card does not fill itself. */
const SET_ASIDE_MOST = 3;
/** The reserve is written in pieces of this size; zeros, which no file system that a hub uses would leave out. */
const PIECE_BYTES = 1 << 20;

/** Beside the folder `path` live `<path>.high-water`, `<path>.reserve` and at most three `<path>.corrupt-<n>`. */
export function folderMedium(path: string): Medium {
  const mark = `${path}.high-water`;
  const reserve = `${path}.reserve`;
  return {
    path,
    open: () => openLevelStore(path),
    dropped: () => droppedByLevel(path),
    repair: () => repairLevelStore(path),
    setAside: () => setAside(path),
    readMark: () => readFile(mark, 'utf8').catch(() => ''),
    writeMark: (text) => replaceFile(mark, text),
    freeBytes: async () => {
      const { bavail, bsize } = await statfs(dirname(path));
      return bavail * bsize;
    },
    takeReserve: (bytes) => fill(reserve, bytes),
    giveUpReserve: async () => {
      if (!existsSync(reserve)) return false;
      await rm(reserve, { force: true });
      return true;
    },
    lockHolder: () => lockHolder(join(path, 'LOCK')).catch(() => undefined),
  };
}

async function setAside(path: string): Promise<string> {
  const folder = dirname(path);
  const prefix = `${basename(path)}.corrupt-`;
  const numbers = (await readdir(folder))
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((a, b) => a - b);
  const name = `${prefix}${(numbers.at(-1) ?? 0) + 1}`;
  await rename(path, join(folder, name));
  for (const old of numbers.slice(0, Math.max(0, numbers.length + 1 - SET_ASIDE_MOST))) {
    await rm(join(folder, `${prefix}${old}`), { recursive: true, force: true });
  }
  await syncFolder(folder);
  return name;
}

/** Written aside, synced, renamed over, and the folder synced. */
async function replaceFile(path: string, text: string): Promise<void> {
  const aside = `${path}.new`;
  const file = await open(aside, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(aside, path);
  await syncFolder(dirname(path));
}

/** All or nothing: half a reserve would count as one the next time. */
async function fill(path: string, bytes: number): Promise<void> {
  const there = await stat(path).catch(() => undefined);
  if (there && there.size >= bytes) return;
  const file = await open(path, 'w', 0o600);
  try {
    const piece = Buffer.alloc(PIECE_BYTES);
    for (let left = bytes; left > 0; left -= PIECE_BYTES) await file.write(piece, 0, Math.min(left, PIECE_BYTES));
    await file.sync();
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await file.close();
  }
}

/** A file's name is on disk only when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Finds who holds a lock through the inode that the kernel lists for it. Source: proc(5), /proc/locks. */
async function lockHolder(lockFile: string): Promise<string | undefined> {
  if (!existsSync('/proc/locks')) return undefined;
  const { ino } = await stat(lockFile);
  for (const line of (await readFile('/proc/locks', 'utf8')).split('\n')) {
    const fields = line.trim().split(/\s+/);
    if (fields[5]?.endsWith(`:${ino}`)) return fields[4] === String(process.pid) ? 'this one' : fields[4];
  }
  return undefined;
}
