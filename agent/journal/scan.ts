/** Reading the log in order, past whatever the disk no longer gives back, and saying what that was. */
import type { Gone, Line } from './contract.ts';
import { type Found, isUnreadable, type Store } from './medium.ts';
import { include, missing, type Ranges } from './ranges.ts';
import { AFTER, type IndexedLane, key, readLine, unsealed } from './record.ts';

export interface Scanned {
  readonly lines: readonly Line[];
  /** Numbers between the first and the last looked at that could not be read, and were not removed by the policy. */
  readonly holes: Ranges;
}

/** A reader holds at most about this much of the log in memory at a time. */
const MOST_BYTES = 1 << 20;

/** Fewer than `limit` lines come back when they are large; none only when nothing readable is left up to `head`. */
export async function scan(store: Store, from: number, head: number, limit: number): Promise<Scanned> {
  const lines: Line[] = [];
  let unread: Ranges = [];
  let next = from;
  while (lines.length === 0 && next <= head) {
    const { pairs, upTo } = await readPairs(store, next, head, limit);
    for (const [name, value] of pairs) {
      const seq = key.seqOf(name);
      const line = readLine(seq, value);
      if (!line) continue;
      if (seq > next) unread = include(unread, next, seq - 1);
      lines.push(line);
      next = seq + 1;
    }
    if (next <= upTo) unread = include(unread, next, upTo);
    next = upTo + 1;
  }
  const holes: (readonly [number, number])[] = [];
  for (const [low, high] of unread) holes.push(...missing(await knownGone(store, low, high), low, high));
  return { lines, holes };
}

export async function scanLane(
  store: Store,
  lane: IndexedLane,
  from: number,
  head: number,
  limit: number,
): Promise<Scanned> {
  const seqs = await marked(store, lane, from, head, limit);
  if (!seqs) return scanWithoutIndex(store, lane, from, head, limit);
  const lines: Line[] = [];
  let holes: Ranges = [];
  for (const [i, value] of (await entries(store, seqs)).entries()) {
    const seq = seqs[i] ?? 0;
    const line = value && readLine(seq, value);
    if (line) lines.push(line);
    else holes = include(holes, seq, seq);
  }
  return { lines, holes };
}

/** Undefined where the index is damaged. */
async function marked(
  store: Store,
  lane: IndexedLane,
  from: number,
  head: number,
  limit: number,
): Promise<readonly number[] | undefined> {
  try {
    const marks = await store.keys({ from: key.mark(lane, from), to: key.mark(lane, head), limit });
    return marks.map(key.seqOf);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return undefined;
  }
}

/** Slower, and what is continuous passes for a spot reading: nothing is left out. */
async function scanWithoutIndex(
  store: Store,
  lane: IndexedLane,
  from: number,
  head: number,
  limit: number,
): Promise<Scanned> {
  const isOfLane = ({ kind }: Line): boolean =>
    lane === 'spot' ? kind !== 'alert' && kind !== 'waveform' : kind === lane;
  let holes: Ranges = [];
  for (let next = from; next <= head; ) {
    const scanned = await scan(store, next, head, limit);
    for (const [low, high] of scanned.holes) holes = include(holes, low, high);
    const lines = scanned.lines.filter(isOfLane);
    const last = scanned.lines.at(-1);
    if (lines.length > 0 || !last) return { lines, holes };
    next = last.seq + 1;
  }
  return { lines: [], holes };
}

async function entries(store: Store, seqs: readonly number[]): Promise<readonly (Buffer | undefined)[]> {
  const names = seqs.map(key.entry);
  try {
    return await store.getMany(names);
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return Promise.all(names.map((name) => readOne(store, name)));
  }
}

/** Where that cannot be read, what is missing counts as lost: who has it will not mind being told. */
function knownGone(store: Store, from: number, to: number): Promise<Ranges> {
  return tombstones(store, from, to).catch((error: unknown) => {
    if (isUnreadable(error)) return [];
    throw error;
  });
}

/** What the policy removed between these numbers. */
export async function tombstones(store: Store, from: number, to: number): Promise<Ranges> {
  const before = { from: key.tombstone(0), to: key.tombstone(from), limit: 1, reverse: true };
  const within = { from: key.tombstone(from + 1), to: key.tombstone(to), limit: to - from };
  let buried: Ranges = [];
  for (const [name, value] of [...(await store.range(before)), ...(await store.range(within))]) {
    const last = Number(unsealed(value));
    if (Number.isSafeInteger(last)) buried = include(buried, key.seqOf(name), last);
  }
  return buried;
}

/** Entries read at a time where only their numbers are wanted. */
const READ_AT_ONCE = 500;

/** Numbers of which no entry can be read, which below `tail` are all; undefined where more than `most` can. */
export async function gone(
  store: Store,
  tail: number,
  from: number,
  to: number,
  most: number,
): Promise<Gone | undefined> {
  const first = Math.max(from, tail);
  let there: Ranges = [];
  let count = 0;
  for (let next = first; next <= to; ) {
    const { lines } = await scan(store, next, to, READ_AT_ONCE);
    for (const { seq } of lines) there = include(there, seq, seq);
    count += lines.length;
    if (count > most) return undefined;
    next = (lines.at(-1)?.seq ?? to) + 1;
  }
  const buried = include(await knownGone(store, first, to), 0, tail - 1);
  let removed: Ranges = [];
  let lost: Ranges = [];
  for (const [low, high] of missing(there, from, to)) {
    for (const span of missing(buried, low, high)) lost = include(lost, ...span);
    for (const span of missing(lost, low, high)) removed = include(removed, ...span);
  }
  return { removed, lost };
}

export async function bounds(store: Store): Promise<{ readonly head: number; readonly tail: number | undefined }> {
  const all = { from: key.entry(0), to: `e${AFTER}`, limit: 1 };
  const [first] = await store.keys(all);
  const [last] = await store.keys({ ...all, reverse: true });
  return { head: last === undefined ? 0 : key.seqOf(last), tail: first === undefined ? undefined : key.seqOf(first) };
}

interface Piece {
  readonly pairs: readonly Found[];
  /** Everything up to this number that can be read is in `pairs`. */
  readonly upTo: number;
}

async function readPairs(store: Store, from: number, head: number, limit: number): Promise<Piece> {
  try {
    const pairs = await store.range({ from: key.entry(from), to: key.entry(head), limit, maxBytes: MOST_BYTES });
    const last = pairs.at(-1);
    return { pairs, upTo: last ? key.seqOf(last[0]) : head };
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return readOneByOne(store, from, Math.min(head, from + limit - 1));
  }
}

/** A damaged block fails the whole range; its neighbours can still be had singly. */
async function readOneByOne(store: Store, from: number, to: number): Promise<Piece> {
  const pairs: Found[] = [];
  for (let seq = from; seq <= to; seq++) {
    const name = key.entry(seq);
    const value = await readOne(store, name);
    if (value !== undefined) pairs.push([name, value]);
  }
  return { pairs, upTo: to };
}

/** Undefined as well where it lies in a damaged block. */
async function readOne(store: Store, name: string): Promise<Buffer | undefined> {
  try {
    const [value] = await store.getMany([name]);
    return value;
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  }
}
