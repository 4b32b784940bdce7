/** Reading the log in order, past whatever the disk no longer gives back, and saying what that was. */
import type { Line } from './contract.ts';
import { include, type Ranges } from './ranges.ts';
import { AFTER, key, readLine } from './record.ts';
import { isUnreadable, type Pair, type Store } from './store.ts';

export interface Scanned {
  readonly lines: readonly Line[];
  /** Numbers between the first and the last looked at that could not be read. */
  readonly holes: Ranges;
}

/** A reader holds at most about this much of the log in memory at a time. */
const MAX_CHARS = 1 << 20;

/** Fewer than `limit` lines come back when they are large; none only when nothing readable is left up to `head`. */
export async function scan(store: Store, from: number, head: number, limit: number): Promise<Scanned> {
  const lines: Line[] = [];
  let holes: Ranges = [];
  let next = from;
  while (lines.length === 0 && next <= head) {
    const { pairs, upTo } = await readPairs(store, next, head, limit);
    for (const [name, value] of pairs) {
      const seq = key.seqOf(name);
      const line = readLine(seq, value);
      if (!line) continue;
      if (seq > next) holes = include(holes, next, seq - 1);
      lines.push(line);
      next = seq + 1;
    }
    if (next <= upTo) holes = include(holes, next, upTo);
    next = upTo + 1;
  }
  return { lines, holes };
}

export async function scanAlerts(store: Store, from: number, head: number, limit: number): Promise<Scanned> {
  const marks = await store.range({ from: key.alert(from), to: `a${AFTER}`, limit });
  const seqs = marks.map(([name]) => key.seqOf(name)).filter((seq) => seq <= head);
  const lines: Line[] = [];
  let holes: Ranges = [];
  for (const [i, value] of (await store.getMany(seqs.map(key.entry))).entries()) {
    const seq = seqs[i] ?? 0;
    const line = readLine(seq, value ?? '');
    if (line) lines.push(line);
    else holes = include(holes, seq, seq);
  }
  return { lines, holes };
}

interface Piece {
  readonly pairs: readonly Pair[];
  /** Everything up to this number that can be read is in `pairs`. */
  readonly upTo: number;
}

async function readPairs(store: Store, from: number, head: number, limit: number): Promise<Piece> {
  try {
    const pairs = await store.range({ from: key.entry(from), to: key.entry(head), limit, maxChars: MAX_CHARS });
    const last = pairs.at(-1);
    return { pairs, upTo: last ? key.seqOf(last[0]) : head };
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return readOneByOne(store, from, Math.min(head, from + limit - 1));
  }
}

/** A damaged block fails the whole range; its neighbours can still be had singly. */
async function readOneByOne(store: Store, from: number, to: number): Promise<Piece> {
  const pairs: Pair[] = [];
  for (let seq = from; seq <= to; seq++) {
    const name = key.entry(seq);
    const [value] = await store.getMany([name]).catch((error: unknown) => {
      if (isUnreadable(error)) return [undefined];
      throw error;
    });
    if (value !== undefined) pairs.push([name, value]);
  }
  return { pairs, upTo: to };
}
