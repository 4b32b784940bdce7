/** What the journal promises to its writers and its two readers; the log itself is in log.ts, LevelDB in level-store.ts. */
import type { Draft, Entry, EntryKind } from '../reading/entry.ts';
import type { Ranges } from './ranges.ts';

/** One entry as it lies on disk and goes over the wire. */
export interface Line {
  readonly seq: number;
  readonly id: string;
  readonly kind: EntryKind;
  /** The entry as JSON in UTF-8, byte for byte what is published (see Entry). */
  readonly bytes: Buffer;
}

export function textOf({ bytes }: Line): string {
  return bytes.toString();
}

/** What the hub itself wrote and sealed need not be checked again. */
export function entryOf(line: Line): Entry {
  return JSON.parse(textOf(line)) as Entry;
}

/** What an entry is in a hurry: what is sent first, and what is given up last. Events and gaps travel with the spot readings. */
export type Lane = 'alert' | 'spot' | 'continuous' | 'waveform';

/** Small named values kept beside the log: cursors, rule state, receipts. JSON text. */
export type Puts = Readonly<Record<string, string>>;

export interface Appended {
  readonly seq: number;
  /** True when an entry with this id was already in the journal; nothing was written for it. */
  readonly known: boolean;
}

/** A draft that waits for a disk that does not take it. */
export interface Unsaved {
  /** Counts all drafts handed in since the start, from 1. */
  readonly ordinal: number;
  /** As it will be written; `seq` is 0, for it has none yet. */
  readonly line: Line;
}

/** Why there is nothing under these numbers. */
export interface Gone {
  /** By the policy, with a receipt or with a gap entry. */
  readonly removed: Ranges;
  /** The disk lost them, or they were passed by after a loss. */
  readonly lost: Ranges;
}

export interface JournalHealth {
  /** Whether the disk takes writes. */
  readonly writable: boolean;
  /** Why not; or, where it does, why only alerts are written: 'bound' (journal.maxMegabytes) or 'disk-full'. */
  readonly cause?: string;
  readonly isAlertsOnly: boolean;
  /** Drafts handed in and not on disk. */
  readonly waiting: number;
  /** Drafts let go of because more waited than may. */
  readonly letGo: number;
  /** The store as of the last look, bytes. */
  readonly bytes: number;
}

export interface Journal {
  readonly hub: string;
  /** Newest sequence number on disk; 0 when nothing was ever written. */
  readonly head: number;
  /** Oldest sequence number still kept; head + 1 when none is. */
  readonly tail: number;
  /**
   * Resolves when all drafts and puts are on disk (one atomic, synced batch; concurrent calls share a sync). Drafts keep their
   * order and get contiguous sequence numbers. A call with an alert or a gap goes before calls without; of a name the value of
   * the latest call is kept all the same.
   * Rejects with JournalFull past the bound of waiting drafts (a single call of more than 20 000 never fits: hand over portions),
   * with JournalLetGo when its drafts, all of a series, made room for newer ones, with JournalClosed after close(). A failing
   * disk does not reject: the call waits until the store works again.
   */
  append(drafts: readonly Draft[], puts?: Puts): Promise<readonly Appended[]>;
  /** Puts on disk without entries; same promise as append. */
  keep(puts: Puts): Promise<void>;
  /** Puts that go to disk with the next batch or within half a minute; a crash before that loses them. */
  keepSoon(puts: Puts): void;
  /** The newest value kept under this name. */
  kept(name: string): string | undefined;
  /**
   * At most `limit` lines from `from` upwards, in order; fewer where they are long (about 1 MB at a time), none where nothing up
   * to `head` can be read. Unreadable entries are left out and reported as a gap entry.
   */
  scan(from: number, limit: number): Promise<readonly Line[]>;
  /** The same, of one lane only, from its index. */
  scanLane(lane: Exclude<Lane, 'continuous'>, from: number, limit: number): Promise<readonly Line[]>;
  /** Numbers from `from` to `to` of which the journal holds nothing any more; undefined when it holds more than `most` of them. */
  gone(from: number, to: number, most: number): Promise<Gone | undefined>;
  /** Calls back after each sync with the new lines, in order. Returns the way to stop. */
  onLines(listener: (lines: readonly Line[]) => void): () => void;
  /** Whether drafts wait that may not be on disk for long: the disk fails or stands still, or takes alerts only. */
  isStuck(): boolean;
  /** The drafts that wait, in the order they were handed in, after the one with this ordinal. */
  unsaved(after: number): readonly Unsaved[];
  health(): JournalHealth;
  /** Writes what waits, then closes. */
  close(): Promise<void>;
}

export class JournalFull extends Error {
  override readonly name = 'JournalFull';
}

/** The disk took nothing for so long that these had to make room for newer ones. */
export class JournalLetGo extends Error {
  override readonly name = 'JournalLetGo';
}

export class JournalClosed extends Error {
  override readonly name = 'JournalClosed';
}
