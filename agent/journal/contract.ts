/** What the journal promises to its writers and its two readers; the log itself is in log.ts, LevelDB in store.ts. */
import type { Draft, EntryKind } from '../reading/entry.ts';

/** One entry as it lies on disk and goes over the wire. */
export interface Line {
  readonly seq: number;
  readonly id: string;
  readonly kind: EntryKind;
  /** The entry, byte for byte what is published (see Entry). */
  readonly json: string;
}

/** Small named values kept beside the log: cursors, rule state, receipts. JSON text. */
export type Puts = Readonly<Record<string, string>>;

export interface Appended {
  readonly seq: number;
  /** True when an entry with this id was already in the journal; nothing was written for it. */
  readonly known: boolean;
}

export interface Journal {
  readonly hub: string;
  /** Newest sequence number on disk; 0 when nothing was ever written. */
  readonly head: number;
  /** Oldest sequence number still kept; head + 1 when none is. */
  readonly tail: number;
  /**
   * Resolves when all drafts and puts are on disk (one atomic, synced batch; concurrent calls share a sync). Drafts keep their
   * order and get contiguous sequence numbers. Rejects with JournalFull past the bound of waiting drafts (a single call of more
   * than 20 000 never fits: hand over portions), with JournalClosed
   * after close(). A failing disk does not reject: the call waits until the store works again.
   */
  append(drafts: readonly Draft[], puts?: Puts): Promise<readonly Appended[]>;
  /** Puts on disk without entries; same promise as append. */
  keep(puts: Puts): Promise<void>;
  /** The newest value kept under this name. */
  kept(name: string): string | undefined;
  /**
   * At most `limit` lines from `from` upwards, in order; fewer where they are long (about 1 MB at a time), none where nothing up
   * to `head` can be read. Unreadable entries are left out and reported as a gap entry.
   */
  scan(from: number, limit: number): Promise<readonly Line[]>;
  /** The same, alerts only (a sparse index, so that alerts overtake any backlog). */
  scanAlerts(from: number, limit: number): Promise<readonly Line[]>;
  /** Calls back after each sync with the new lines, in order. Returns the way to stop. */
  onLines(listener: (lines: readonly Line[]) => void): () => void;
  /** Whether the store takes writes at the moment, and why not. */
  health(): { readonly writable: boolean; readonly cause?: string; readonly waiting: number };
  /** Writes what waits, then closes. */
  close(): Promise<void>;
}

export class JournalFull extends Error {
  override readonly name = 'JournalFull';
}

export class JournalClosed extends Error {
  override readonly name = 'JournalClosed';
}
