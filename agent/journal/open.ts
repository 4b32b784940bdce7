/** The door to the journal: opens the store, accounts for what it lost, and starts the log above every number ever used. */
import type { HubEvent } from '../reading/entry.ts';
import type { World } from '../world.ts';
import { folderMedium } from './folder.ts';
import { BLOCK, type HighWater, readHighWater, writeHighWater } from './high-water.ts';
import { HubJournal } from './log.ts';
import { faultOf, type Medium } from './medium.ts';
import { diskWords, JournalUnavailable, openOrRecover } from './recovery.ts';

export type { HubJournal } from './log.ts';
export { JournalForeign, JournalLocked, JournalUnavailable } from './recovery.ts';

/** Set aside for alerts on a full disk, bytes: LevelDB itself wants up to 4 MB to open, and about as much again to tidy up. */
export const RESERVE_BYTES = 16 << 20;

export interface JournalOptions {
  readonly world: World;
  /** Folder of the store. Beside it live `<path>.high-water`, `<path>.reserve` and at most three `<path>.corrupt-<n>`. */
  readonly path: string;
  readonly hub: string;
  /**
   * Told what happens to the store: journal-lost-entries, journal-not-writable, journal-writable, journal-alerts-only,
   * journal-has-room, journal-reserve-missing, journal-kept-unreadable.
   */
  readonly onEvent: (event: HubEvent) => void;
  /** Default RESERVE_BYTES. */
  readonly reserveBytes?: number;
  /** The folder on disk, unless a simulation brings another. */
  readonly medium?: Medium;
  /**
   * The medium has reported errors for IO_PATIENCE_MS: its store may be set aside. Default false: JournalUnavailable then, to be
   * tried again.
   */
  readonly isPatienceOver?: boolean;
}

/**
 * Reads only the oldest and newest entry and the kept values, however long the backlog is. Rejects with JournalLocked when
 * another process has it, JournalUnavailable when the disk is full, read-only or reports errors, JournalForeign when it is
 * another hub's.
 */
export async function openJournal(options: JournalOptions): Promise<HubJournal> {
  const { world, path, hub, onEvent, reserveBytes = RESERVE_BYTES, medium = folderMedium(path) } = options;
  const mark = await readHighWater(medium);
  const where = { world, medium, hub };
  const stake = { ...mark, isPatienceOver: options.isPatienceOver ?? false };
  const { store, loss, isNew, wasFull, ends, kept, unreadable, plainUpTo } = await openOrRecover(where, stake);
  try {
    const { head: left, tail } = ends;
    const lost = loss ?? (isNew && mark.upTo > 0 ? 'the store is gone' : silentLoss(mark, left));
    const isDoubtful = lost !== undefined;
    const head = isDoubtful ? Math.max(left, mark.upTo) : left;
    const reserved = Math.max(head + BLOCK, mark.upTo);
    // Before anything else, so that a power cut from here on does not make us forget a loss.
    await writeHighWater(medium, { upTo: reserved, state: isDoubtful ? 'doubtful' : 'open' });
    for (const cause of unreadable) onEvent({ name: 'journal-kept-unreadable', cause });
    const numbers = { head, tail: tail ?? head + 1, plainUpTo, reserved, isDoubtful };
    const journal = new HubJournal({ where, onEvent, store, reserveBytes, kept, ...numbers });
    if (wasFull) await journal.room.diskFull();
    if (isDoubtful) await journal.recordLoss(left, lost);
    return journal;
  } catch (error) {
    await store.close();
    const isDisk = faultOf(error) === 'disk' || faultOf(error) === 'full';
    throw isDisk ? new JournalUnavailable(diskWords(path, error)) : error;
  }
}

/** What the store does not know it lost: LevelDB may drop the end of its log without a word. */
function silentLoss(mark: HighWater, head: number): string | undefined {
  if (mark.state === 'doubtful') return 'entries lost before the last stop';
  if (mark.state === 'closed' && head < mark.upTo)
    return `the newest entries are gone: ${mark.upTo} was written, ${head} is left`;
  return undefined;
}
