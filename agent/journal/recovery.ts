/** Opens the store whatever state it is in: as it is, else repaired, else set aside and started afresh. */
import { unreachable } from '../reading/unreachable.ts';
import type { World } from '../world.ts';
import { faultOf, type Medium, type Store, wordsOf } from './medium.ts';
import { type About, aboutStore, key, LAYOUT, unsealed } from './record.ts';
import { bounds } from './scan.ts';

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
  readonly medium: Medium;
  readonly hub: string;
}

export interface Recovered {
  readonly store: Store;
  /** Entries up to this number were written before lanes were told apart. */
  readonly plainUpTo: number;
  /** Set when entries may be gone: what was done about it. */
  readonly loss?: string;
  /** The disk was full, and its reserve had to be given up for the store to open. */
  readonly wasFull: boolean;
}

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
    return { ...recovered, plainUpTo: await claim(recovered.store, where.hub) };
  } catch (error) {
    await recovered.store.close();
    throw error;
  }
}

type Opened = Omit<Recovered, 'plainUpTo'>;

async function openSomehow({ world, medium }: Where): Promise<Opened> {
  let wasFull = false;
  for (let attempt = 1; ; attempt++) {
    try {
      const store = await medium.open();
      const loss = store.droppedBytes > 0 ? { loss: `${store.droppedBytes} bytes of the log were unreadable` } : {};
      return { store, wasFull, ...loss };
    } catch (error) {
      const fault = faultOf(error);
      switch (fault) {
        case 'locked':
          throw new JournalLocked(await lockedWords(medium));
        case 'full':
          if (!(await medium.giveUpReserve().catch(() => false)))
            throw new JournalUnavailable(diskWords(medium.path, error));
          wasFull = true;
          break;
        case 'disk':
          throw new JournalUnavailable(diskWords(medium.path, error));
        case 'io':
          if (attempt >= IO_ATTEMPTS) return startAfresh(medium, wasFull, error);
          await world.sleep(IO_PAUSE_MS);
          break;
        case 'corrupt':
          return repaired(medium, wasFull, error);
        default:
          return unreachable(fault);
      }
    }
  }
}

/**
 * The first synced write of a new store: LevelDB does not open one that was cut before it. A store of an older layout is
 * brought forward in this one write, however large it is: its entries stay as they are, and none of them counts as continuous.
 */
async function claim(store: Store, hub: string): Promise<number> {
  const value = store.get(key.about);
  const text = value && unsealed(value);
  const about: About = text === undefined ? { layout: LAYOUT, hub } : JSON.parse(text);
  if (about.layout > LAYOUT) {
    throw new JournalForeign(
      `the journal was written by newer software (layout ${about.layout}, this reads ${LAYOUT}): install that version again`,
    );
  }
  if (about.hub !== hub) {
    throw new JournalForeign(
      `the journal belongs to hub "${about.hub}", this is "${hub}": correct "hub" in the settings, or give this hub another journal.path`,
    );
  }
  const plainUpTo = about.layout < 2 ? (await bounds(store)).head : (about.plainUpTo ?? 0);
  if (text !== undefined && about.layout === LAYOUT) return plainUpTo;
  await store.write([[key.about, aboutStore(hub, plainUpTo)]]);
  return plainUpTo;
}

async function repaired(medium: Medium, wasFull: boolean, reason: unknown): Promise<Opened> {
  try {
    await medium.repair();
    return { store: await medium.open(), wasFull, loss: `repaired: ${wordsOf(reason)}` };
  } catch (error) {
    return startAfresh(medium, wasFull, error);
  }
}

async function startAfresh(medium: Medium, wasFull: boolean, reason: unknown): Promise<Opened> {
  const name = await medium.setAside();
  return { store: await medium.open(), wasFull, loss: `set aside as ${name}: ${wordsOf(reason)}` };
}

export function diskWords(path: string, error: unknown): string {
  return (
    `cannot open the journal ${path}: ${wordsOf(error)}. ` +
    'Check with "df" that the disk has room, with "mount" that it is writable, and that the folder belongs to the user of the hub.'
  );
}

async function lockedWords(medium: Medium): Promise<string> {
  const holder = await medium.lockHolder();
  const who = holder === undefined ? 'another process' : `process ${holder}`;
  return `the journal ${medium.path} is in use by ${who}. Stop it first ("systemctl stop hjemmebro", or "kill ${holder ?? 'PID'}"), or give this hub another journal.path.`;
}
