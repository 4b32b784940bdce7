/** Opens the store whatever state it is in: as it is, else repaired, else set aside and started afresh. */
import { unreachable } from '../reading/unreachable.ts';
import type { World } from '../world.ts';
import { readHighWater, writeHighWater } from './high-water.ts';
import { faultOf, isDamaged, type Medium, type Store, wordsOf } from './medium.ts';
import { type About, AFTER, aboutStore, key, LAYOUT, unsealed } from './record.ts';
import { bounds } from './scan.ts';

/** Another process has the journal open. */
export class JournalLocked extends Error {
  override readonly name = 'JournalLocked';
}

/** The disk does not let us write: full, read-only, not ours, or reporting errors. */
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

/** Who opens the store, and what is at stake. */
export interface Stake {
  /** No sequence number above this one was ever given out. */
  readonly upTo: number;
  /** The medium has reported errors for IO_PATIENCE_MS. */
  readonly isPatienceOver: boolean;
  /** Entries and kept values may be gone from now on, even when opening fails in the end. */
  readonly onGivenUp?: (how: string) => void;
}

export interface Recovered extends Contents {
  readonly store: Store;
  /** Set when entries may be gone: what was done about it. */
  readonly loss?: string;
  /** The disk was full, and its reserve had to be given up for the store to open. */
  readonly wasFull: boolean;
}

/** A medium that reports errors for so long has its store set aside: until then they may pass, and nothing need be given up. */
export const IO_PATIENCE_MS = 10 * 60_000;
/** How often it is tried each time, and the pause between. */
const IO_ATTEMPTS = 3;
const IO_PAUSE_MS = 1_000;

/**
 * Throws JournalLocked, JournalUnavailable or JournalForeign; anything else that keeps the store from opening costs entries,
 * never the start: a hub that refuses to start is worse than one that says what it lost.
 */
export async function openOrRecover(where: Where, stake: Stake): Promise<Recovered> {
  const opened = await openSomehow(where, stake);
  try {
    return await readIn(where, opened);
  } catch (error) {
    if (!isDamaged(error) || opened.loss !== undefined) throw error;
    return await readIn(where, await repaired(where.medium, stake, opened.wasFull, error));
  }
}

interface Opened {
  readonly store: Store;
  readonly loss?: string;
  readonly wasFull: boolean;
}

/** What a start must know of a store. */
interface Contents {
  /** There was nothing: no entry, and no kept value. */
  readonly isNew: boolean;
  /** Entries up to this number were written before lanes were told apart. */
  readonly plainUpTo: number;
  /** Oldest and newest number in it. */
  readonly ends: { readonly head: number; readonly tail: number | undefined };
  readonly kept: ReadonlyMap<string, string>;
  /** Names of kept values that are not what was written. */
  readonly unreadable: readonly string[];
}

async function readIn({ hub }: Where, opened: Opened): Promise<Recovered> {
  const { store } = opened;
  try {
    return { ...opened, ...(await claim(store, hub)), ends: await bounds(store), ...(await readKept(store)) };
  } catch (error) {
    await store.close();
    throw error;
  }
}

/** There are as many kept values as the hub has parts, not as it has readings. */
const KEPT_MOST = 10_000;

async function readKept(store: Store): Promise<Pick<Contents, 'kept' | 'unreadable'>> {
  const kept = new Map<string, string>();
  const unreadable: string[] = [];
  for (const [name, value] of await store.range({ from: key.kept(''), to: key.kept(AFTER), limit: KEPT_MOST })) {
    const text = unsealed(value);
    if (text === undefined) unreadable.push(name.slice(1));
    else kept.set(name.slice(1), text);
  }
  return { kept, unreadable };
}

async function openSomehow({ world, medium }: Where, stake: Stake): Promise<Opened> {
  let wasFull = false;
  const drops = await openDrops(medium);
  for (let attempt = 1; ; attempt++) {
    try {
      const store = await medium.open();
      await drops.look();
      const loss = drops.bytes > 0 ? { loss: `${drops.bytes} bytes of the log were unreadable` } : {};
      return { store, wasFull, ...loss };
    } catch (error) {
      await drops.look();
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
          if (attempt >= IO_ATTEMPTS) {
            if (stake.isPatienceOver) return startAfresh(medium, stake, wasFull, error);
            throw new JournalUnavailable(diskWords(medium.path, error));
          }
          await world.sleep(IO_PAUSE_MS);
          break;
        case 'corrupt':
          return repaired(medium, stake, wasFull, error);
        default:
          return unreachable(fault);
      }
    }
  }
}

interface Drops {
  readonly bytes: number;
  /** After each opening, whether it succeeded or not. */
  look(): Promise<void>;
}

/** Adds up what openings dropped, beginning with one that died before it could tell. */
async function openDrops(medium: Medium): Promise<Drops> {
  let { accountedFor: last } = await readHighWater(medium);
  let bytes = 0;
  async function look(): Promise<void> {
    const dropped = await medium.dropped();
    if (!dropped || dropped.opening === last) return;
    last = dropped.opening;
    bytes += dropped.bytes;
  }
  await look();
  return {
    get bytes() {
      return bytes;
    },
    look,
  };
}

/**
 * The first synced write of a new store: LevelDB does not open one that was cut before it. A store of an older layout is
 * brought forward in this one write, however large it is: its entries stay as they are, and none of them counts as continuous.
 */
async function claim(store: Store, hub: string): Promise<Pick<Contents, 'plainUpTo' | 'isNew'>> {
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
  if (text !== undefined && about.layout === LAYOUT) return { plainUpTo, isNew: false };
  await store.write([[key.about, aboutStore(hub, plainUpTo)]]);
  return { plainUpTo, isNew: text === undefined };
}

async function repaired(medium: Medium, stake: Stake, wasFull: boolean, reason: unknown): Promise<Opened> {
  await doubt(medium, stake);
  const loss = `repaired: ${wordsOf(reason)}`;
  try {
    await medium.repair();
    stake.onGivenUp?.(loss);
    return { store: await medium.open(), wasFull, loss };
  } catch (error) {
    return startAfresh(medium, stake, wasFull, error);
  }
}

async function startAfresh(medium: Medium, stake: Stake, wasFull: boolean, reason: unknown): Promise<Opened> {
  await doubt(medium, stake);
  const loss = `set aside as ${await medium.setAside()}: ${wordsOf(reason)}`;
  stake.onGivenUp?.(loss);
  return { store: await medium.open(), wasFull, loss };
}

/**
 * Noted before anything is given up: whatever happens next, a start after it knows that numbers were given out of which the store
 * knows nothing. Where not even that can be written it is the medium that fails and not the store, which then stays where it is.
 */
async function doubt(medium: Medium, { upTo }: Stake): Promise<void> {
  const note = (): Promise<void> => writeHighWater(medium, { upTo, state: 'doubtful' });
  try {
    await note().catch(async (error: unknown) => {
      if (faultOf(error) !== 'full' || !(await medium.giveUpReserve())) throw error;
      await note();
    });
  } catch (error) {
    throw new JournalUnavailable(diskWords(medium.path, error));
  }
}

export function diskWords(path: string, error: unknown): string {
  const advice =
    faultOf(error) === 'io'
      ? 'Look with "dmesg" whether the card or disk reports errors: it may have to be replaced.'
      : 'Check with "df" that the disk has room, with "mount" that it is writable, and that the folder belongs to the user of the hub.';
  return `cannot open the journal ${path}: ${wordsOf(error)}. ${advice}`;
}

async function lockedWords(medium: Medium): Promise<string> {
  const holder = await medium.lockHolder();
  const who = holder === undefined ? 'another process' : `process ${holder}`;
  return `the journal ${medium.path} is in use by ${who}. Stop it first ("systemctl stop hjemmebro", or "kill ${holder ?? 'PID'}"), or give this hub another journal.path.`;
}
