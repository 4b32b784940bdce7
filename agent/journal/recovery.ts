/** Opens the store whatever state it is in: as it is, else repaired, else set aside and started afresh. */
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { unreachable } from '../reading/unreachable.ts';
import type { World } from '../world.ts';
import { syncFolder } from './high-water.ts';
import { key, sealed, unsealed } from './record.ts';
import { faultOf, type Store, type StoreMaker, wordsOf } from './store.ts';

/** Another process has the journal open. */
export class JournalLocked extends Error {
  override readonly name = 'JournalLocked';
}

/** The disk does not let us write: full, read-only, or not ours. */
export class JournalUnavailable extends Error {
  override readonly name = 'JournalUnavailable';
}

/** The journal was written under another hub's pseudonym or by newer software. */
export class JournalForeign extends Error {
  override readonly name = 'JournalForeign';
}

export interface Where {
  readonly world: World;
  readonly path: string;
  readonly hub: string;
  readonly stores: StoreMaker;
}

export interface Recovered {
  readonly store: Store;
  /** Set when entries may be gone: what was done about it. */
  readonly loss?: string;
}

/** How many set-aside stores are kept; older ones are removed, so that a dying card does not fill itself. */
const SET_ASIDE_MOST = 3;
/** How often a medium that reports errors is tried before its store is set aside, and the pause between. */
const IO_ATTEMPTS = 3;
const IO_PAUSE_MS = 1_000;

/**
 * Throws JournalLocked, JournalUnavailable or JournalForeign; anything else that keeps the store from opening costs entries,
 * never the start: a hub that refuses to start is worse than one that says what it lost.
 */
export async function openOrRecover(where: Where): Promise<Recovered> {
  const recovered = await openSomehow(where);
  try {
    await claim(recovered.store, where.hub);
    return recovered;
  } catch (error) {
    await recovered.store.close();
    throw error;
  }
}

async function openSomehow({ world, path, stores }: Where): Promise<Recovered> {
  for (let attempt = 1; ; attempt++) {
    try {
      const store = await stores.open(path);
      return store.droppedBytes > 0
        ? { store, loss: `${store.droppedBytes} bytes of the log were unreadable` }
        : { store };
    } catch (error) {
      const fault = faultOf(error);
      switch (fault) {
        case 'locked':
          throw new JournalLocked(await lockedWords(path));
        case 'disk':
          throw new JournalUnavailable(diskWords(path, error));
        case 'io':
          if (attempt === IO_ATTEMPTS) return startAfresh(path, stores, error);
          await world.sleep(IO_PAUSE_MS);
          break;
        case 'corrupt':
          return repaired(path, stores, error);
        default:
          return unreachable(fault);
      }
    }
  }
}

/** Version of the layout on disk. */
const LAYOUT = 1;

/** The first synced write of a new store: LevelDB does not open one that was cut before it. */
async function claim(store: Store, hub: string): Promise<void> {
  const about = unsealed(store.get(key.about) ?? '');
  if (about === undefined) return store.write([[key.about, sealed(JSON.stringify({ layout: LAYOUT, hub }))]]);
  const { layout, hub: owner }: { layout: number; hub: string } = JSON.parse(about);
  if (layout > LAYOUT) {
    throw new JournalForeign(
      `the journal was written by newer software (layout ${layout}, this reads ${LAYOUT}): install that version again`,
    );
  }
  if (owner !== hub) {
    throw new JournalForeign(
      `the journal belongs to hub "${owner}", this is "${hub}": correct "hub" in the settings, or give this hub another journal.path`,
    );
  }
}

async function repaired(path: string, stores: StoreMaker, reason: unknown): Promise<Recovered> {
  try {
    await stores.repair(path);
    return { store: await stores.open(path), loss: `repaired: ${wordsOf(reason)}` };
  } catch (error) {
    return startAfresh(path, stores, error);
  }
}

async function startAfresh(path: string, stores: StoreMaker, reason: unknown): Promise<Recovered> {
  const folder = dirname(path);
  const prefix = `${basename(path)}.corrupt-`;
  const numbers = (await readdir(folder))
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length)))
    .sort((a, b) => a - b);
  const next = (numbers.at(-1) ?? 0) + 1;
  await rename(path, join(folder, `${prefix}${next}`));
  for (const old of numbers.slice(0, Math.max(0, numbers.length + 1 - SET_ASIDE_MOST))) {
    await rm(join(folder, `${prefix}${old}`), { recursive: true, force: true });
  }
  await syncFolder(folder);
  return { store: await stores.open(path), loss: `set aside as ${prefix}${next}: ${wordsOf(reason)}` };
}

export function diskWords(path: string, error: unknown): string {
  return (
    `cannot open the journal ${path}: ${wordsOf(error)}. ` +
    'Check with "df" that the disk has room, with "mount" that it is writable, and that the folder belongs to the user of the hub.'
  );
}

async function lockedWords(path: string): Promise<string> {
  const holder = await lockHolder(join(path, 'LOCK')).catch(() => undefined);
  const who = holder === undefined ? 'another process' : `process ${holder}`;
  return `the journal ${path} is in use by ${who}. Stop it first ("systemctl stop hjemmebro", or "kill ${holder ?? 'PID'}"), or give this hub another journal.path.`;
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
