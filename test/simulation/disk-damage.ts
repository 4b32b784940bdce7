/** What a medium can lose of what it once kept: the end of the log, a stretch of keys, a block, a bit, or all of it. */
import type { Dropped, Pair } from '../../agent/journal/medium.ts';
import type { Chance } from './chance.ts';
import { storeError } from './disk-errors.ts';
import type { Platter } from './platter.ts';
import type { Trace } from './trace.ts';

export interface Damages {
  /** A batch is about to land. */
  before(pairs: readonly Pair[]): void;
  /** The newest batches are gone when the store is opened, and it says so. */
  dropTail(batches: number): void;
  /** The newest batches are gone, and nothing and nobody says so. */
  unwrite(batches: number): void;
  /** The store does not open; `repair` saves all but a stretch, or fails. */
  refuseToOpen(isRepairable: boolean): void;
  /** Bits of so many entries are flipped. */
  flip(entries: number): void;
  /** So many neighbours, in the order of keys, lie in a block that cannot be read. */
  breakBlock(keys: number): void;
  opening(): 'corrupt' | undefined;
  /** The store is opened: says what that could not read back, which is gone now. */
  openings(): Dropped | undefined;
  repair(refusal: 'io' | 'read-only' | 'full' | undefined): void;
  unreadable(keys: readonly string[]): boolean;
  /** Another store lies there now. */
  forget(): void;
}

export interface DamageOptions {
  readonly chance: Chance;
  readonly trace: Trace;
  platter(): Platter;
  onDestroyed(keys: readonly string[]): void;
}

/** Batches that can still be undone. */
const UNDOABLE_MOST = 12;
/** Classes of keys whose values carry a checksum of ours. */
const SEALED = /^[ekt]/;

export function openDamages({ chance, trace, platter, onDestroyed }: DamageOptions): Damages {
  let undo: (readonly Pair[])[] = [];
  let tail = 0;
  let opened = 0;
  let refusing: { readonly isRepairable: boolean } | undefined;
  /** Keys in blocks that cannot be read; what is written anew lies elsewhere. */
  const broken = new Set<string>();

  const allKeys = (): readonly string[] => platter().keys({ from: '', to: '\uffff', limit: Number.POSITIVE_INFINITY });

  /** As if the last batches had never been written; says which keys that takes away. */
  function undoTail(batches: number): readonly string[] {
    const gone: string[] = [];
    for (const before of undo.splice(Math.max(0, undo.length - batches)).reverse()) {
      for (const [key, value] of before) {
        if (value) platter().set(key, value);
        else if (platter().get(key)) {
          platter().remove(key);
          gone.push(key);
        }
      }
    }
    trace.note('disk', `the newest batches are gone: ${gone.filter((key) => key.startsWith('e')).join(' ')}`);
    return gone;
  }

  /** One table file of the store: neighbours in the order of keys. */
  function loseStretch(): void {
    const keys = allKeys();
    const from = chance.whole(0, Math.max(0, keys.length - 1));
    const gone = keys.slice(from, from + chance.whole(1, Math.max(1, Math.floor(keys.length / 4))));
    for (const key of gone) platter().remove(key);
    trace.note('disk', `a table is gone: ${gone[0]} to ${gone.at(-1)}`);
    onDestroyed(gone);
  }

  return {
    before: (pairs) => {
      for (const [key] of pairs) broken.delete(key);
      undo.push(pairs.map(([key]) => [key, platter().get(key)] as const));
      if (undo.length > UNDOABLE_MOST) undo.shift();
    },
    dropTail: (batches) => {
      tail = batches;
    },
    unwrite: (batches) => void undoTail(batches),
    refuseToOpen: (isRepairable) => {
      refusing = { isRepairable };
    },
    flip: (entries) => {
      const keys = allKeys().filter((key) => SEALED.test(key));
      for (let i = 0; i < entries && keys.length > 0; i++) {
        const key = chance.one(keys);
        const value = Buffer.from(platter().get(key) ?? []);
        const at = chance.whole(0, value.length - 1);
        value[at] = (value[at] ?? 0) ^ (1 << chance.whole(0, 7));
        platter().set(key, value);
        trace.note('disk', `a bit of ${key} flipped`);
        onDestroyed([key]);
      }
    },
    breakBlock: (count) => {
      const all = allKeys();
      const first = chance.whole(0, Math.max(0, all.length - 1));
      const keys = all.slice(first, first + count);
      for (const key of keys) broken.add(key);
      trace.note('disk', `a block cannot be read: ${keys[0]} to ${keys.at(-1)}`);
      onDestroyed(keys);
    },
    opening: () => (refusing ? 'corrupt' : undefined),
    openings: () => {
      opened += 1;
      if (tail === 0) return undefined;
      onDestroyed(undoTail(tail));
      tail = 0;
      undo = [];
      return { bytes: 4_321, opening: `opening-${opened}` };
    },
    repair: (refusal) => {
      if (refusal) throw storeError(refusal);
      if (refusing && !refusing.isRepairable) throw storeError('corrupt');
      refusing = undefined;
      for (const key of broken) platter().remove(key);
      broken.clear();
      if (chance.odds(0.5)) onDestroyed(undoTail(chance.whole(0, 6)));
      else loseStretch();
      undo = [];
    },
    unreadable: (keys) => broken.size > 0 && keys.some((key) => broken.has(key)),
    forget: () => {
      undo = [];
      tail = 0;
      refusing = undefined;
      broken.clear();
    },
  };
}
