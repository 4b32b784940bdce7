/** What a hospital's database must promise, so that a receipt can be believed. */
import type { Entry } from './entry.ts';

/** An entry on its way into the store. */
export interface Arrival {
  readonly entry: Entry;
  /** The message as it came, byte for byte. */
  readonly text: string;
  /** The hub marked it as late: no news of the patient. */
  readonly historical: boolean;
}

/** What became of one arrival. */
export type Placed =
  /** Its id was not here: this is one entry more. */
  | { readonly was: 'new'; readonly place: number }
  /** Its id was here under another number: the same entry, now known by two numbers. */
  | { readonly was: 'renumbered'; readonly place: number }
  /** This id under this number was here: nothing was written. */
  | { readonly was: 'copy' }
  /** It can never be stored, and why, in words for the hub's technician. Leave out what it holds of the patient. */
  | { readonly was: 'refused'; readonly why: string };

/** A number in the store, and the entry that came under it. */
export interface Row {
  /** Where it stands: later rows of the same hub have higher places. */
  readonly place: number;
  readonly seq: number;
  readonly was: 'new' | 'renumbered';
  readonly historical: boolean;
  /** As it came; empty when renumbered, for it is here under its first number. */
  readonly text: string;
}

/** The receiver's account up to and with a place, so that a restart need not read everything again. */
export interface Memo {
  readonly place: number;
  readonly text: string;
}

/**
 * Held per hub. One process at a time receives a hub, and makes one call for it at a time. Any call may reject when the database
 * is away or full; it is then tried again, later and with fewer entries. `storeFaults` tries these promises out.
 */
export interface Store {
  /**
   * Resolves when all of it is durable: a power cut then loses nothing of it. Until then it may be there or not, in whole or in
   * part, and the same arrivals come again. One answer for each arrival, in order; the same id twice in one call is a copy too.
   * What has rejected is not finished later, behind the next call.
   */
  put(hub: string, arrivals: readonly Arrival[]): Promise<readonly Placed[]>;
  /** Rows above a place, lowest first, at most so many. `after` is 0, or the place of a memo or of a row. */
  rows(hub: string, after: number, most: number): Promise<readonly Row[]>;
  /** Takes the place of the memo before it. Losing it costs time at the next start, never an entry. */
  keep(hub: string, memo: Memo): Promise<void>;
  /**
   * Asked for first. Waits until no call of an earlier process can be finished any more, or what that stores would be unknown here:
   * a lock of the database that goes with its connection does that.
   */
  memo(hub: string): Promise<Memo | undefined>;
}
