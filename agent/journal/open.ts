/** The door to the journal: opens the store, accounts for what it lost, and starts the log above every number ever used. */
import type { HubEvent } from '../reading/entry.ts';
import type { World } from '../world.ts';
import type { Journal } from './contract.ts';
import { BLOCK, type HighWater, readHighWater, writeHighWater } from './high-water.ts';
import { HubJournal } from './log.ts';
import { AFTER, key, unsealed } from './record.ts';
import { diskWords, JournalUnavailable, openOrRecover } from './recovery.ts';
import { faultOf, levelStores, type Store, type StoreMaker } from './store.ts';

export { JournalForeign, JournalLocked, JournalUnavailable } from './recovery.ts';

export interface JournalOptions {
  readonly world: World;
  /** Folder of the store. Beside it live `<path>.high-water` and at most three `<path>.corrupt-<n>`. */
  readonly path: string;
  readonly hub: string;
  /** Told what happens to the store: journal-lost-entries, journal-not-writable, journal-writable, journal-kept-unreadable. */
  readonly onEvent: (event: HubEvent) => void;
  /** LevelDB unless a test brings a failing disk. */
  readonly stores?: StoreMaker;
}

/**
 * Reads only the oldest and newest entry and the kept values, however long the backlog is. Rejects with JournalLocked when
 * another process has it, JournalUnavailable when the disk is full or read-only, JournalForeign when it is another hub's.
 */
export async function openJournal(options: JournalOptions): Promise<Journal> {
  const { world, path, hub, onEvent, stores = levelStores } = options;
  const mark = await readHighWater(path);
  const where = { world, path, hub, stores };
  const { store, loss } = await openOrRecover(where);
  try {
    const { head: left, tail } = await bounds(store);
    const lost = loss ?? silentLoss(mark, left);
    const head = lost === undefined ? left : Math.max(left, mark.upTo);
    const reserved = Math.max(head + BLOCK, mark.upTo);
    // Before anything else, so that a power cut from here on does not make us forget a loss.
    await writeHighWater(path, { upTo: reserved, state: lost === undefined ? 'open' : 'doubtful' });
    const kept = await readKept(store, onEvent);
    const journal = new HubJournal({ where, onEvent, store, head, tail: tail ?? head + 1, reserved, kept });
    if (lost !== undefined) await journal.recordLoss(left, head, lost);
    return journal;
  } catch (error) {
    await store.close();
    throw faultOf(error) === 'disk' ? new JournalUnavailable(diskWords(path, error)) : error;
  }
}

/** What the store does not know it lost: LevelDB may drop the end of its log without a word. */
function silentLoss(mark: HighWater, head: number): string | undefined {
  if (mark.state === 'doubtful') return 'entries lost before the last stop';
  if (mark.state === 'closed' && head < mark.upTo)
    return `the newest entries are gone: ${mark.upTo} was written, ${head} is left`;
  return undefined;
}

async function bounds(store: Store): Promise<{ readonly head: number; readonly tail: number | undefined }> {
  const all = { from: key.entry(0), to: `e${AFTER}`, limit: 1 };
  const [first] = await store.range(all);
  const [last] = await store.range({ ...all, reverse: true });
  return { head: last ? key.seqOf(last[0]) : 0, tail: first && key.seqOf(first[0]) };
}

/** There are as many kept values as the hub has parts, not as it has readings. */
const KEPT_MOST = 10_000;

async function readKept(store: Store, onEvent: (event: HubEvent) => void): Promise<Map<string, string>> {
  const kept = new Map<string, string>();
  for (const [name, value] of await store.range({ from: 'k', to: `k${AFTER}`, limit: KEPT_MOST })) {
    const text = unsealed(value);
    if (text === undefined) onEvent({ name: 'journal-kept-unreadable', cause: name.slice(1) });
    else kept.set(name.slice(1), text);
  }
  return kept;
}
