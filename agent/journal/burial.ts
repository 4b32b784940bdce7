/** What is written when entries are removed: their keys go, a tombstone stands for each run, and ids that may come again stay known. */
import type { Line } from './contract.ts';
import type { Pair, Store } from './medium.ts';
import { rangeSet } from './range-set.ts';
import { include, isSeq, type Ranges } from './ranges.ts';
import { AFTER, type IndexedLane, key, sealed, unsealed } from './record.ts';

export interface Removed {
  readonly line: Line;
  /** The lane whose index names it. */
  readonly lane: IndexedLane | undefined;
}

export interface Burial {
  readonly pairs: readonly Pair[];
  /** The runs that were removed, of neighbours among `removed` alone. */
  readonly runs: Ranges;
  /** The oldest number that is left. */
  readonly tail: number;
}

/** Ids of removed entries that stay known, so that a device that tells its history again is not taken at its word twice: so many rows, each of one burial. */
const ROWS_MOST = 400;

/** Runs shorter than this are left as they are: what stands for them would be as large. */
const RUN_LEAST = 8;

/** Those that have enough neighbours among them. */
export function inLongRuns<T extends Removed>(removed: readonly T[]): readonly T[] {
  const runs: T[][] = [];
  for (const one of removed) {
    const run = runs.at(-1);
    if (run && one.line.seq === (run.at(-1)?.line.seq ?? 0) + 1) run.push(one);
    else runs.push([one]);
  }
  return runs.filter((run) => run.length >= RUN_LEAST).flat();
}

export interface Ground {
  readonly store: Store;
  readonly tail: number;
  /** See HubJournal. */
  readonly plainUpTo: number;
}

/** `removed` is in order and not empty. */
export async function bury({ store, tail, plainUpTo }: Ground, removed: readonly Removed[]): Promise<Burial> {
  const pairs: Pair[] = [];
  const again: string[] = [];
  let runs: Ranges = [];
  for (const { line, lane } of removed) {
    const { seq, id, kind } = line;
    runs = include(runs, seq, seq);
    pairs.push([key.entry(seq), undefined]);
    if (lane) pairs.push([key.mark(lane, seq), undefined]);
    if (mayComeAgain(line)) again.push(id);
    else if (seq <= plainUpTo || (kind !== 'reading' && kind !== 'waveform')) pairs.push([key.id(id), undefined]);
  }
  if (again.length > 0) pairs.push(...(await remember(store, removed.at(-1)?.line.seq ?? 0, again)));
  const stones = await tombstonesAround(store, runs);
  const after = rangeSet(stones);
  for (const [from, to] of runs) after.add(from, to);
  const first = after.ranges[0];
  // Below the tail nothing is asked for, and nothing needs to be said.
  const left = first && first[0] <= tail ? first[1] + 1 : tail;
  for (const [from] of stones) pairs.push([key.tombstone(from), undefined]);
  for (const [from, to] of after.ranges) if (from >= left) pairs.push([key.tombstone(from), sealed(String(to))]);
  return { pairs, runs, tail: left };
}

/** A device can tell it a second time: it has a time or a number of the device's own. Of a gap the hospital can ask a second time. */
function mayComeAgain({ kind, bytes }: Line): boolean {
  if (kind === 'gap') return true;
  const isOfDevice = kind === 'reading' || kind === 'waveform';
  return isOfDevice && (bytes.includes('"deviceTime":') || bytes.includes('"sequence":'));
}

async function remember(store: Store, last: number, ids: readonly string[]): Promise<readonly Pair[]> {
  const pairs: Pair[] = [[key.removedIds(last), sealed(JSON.stringify(ids))]];
  const rows = await store.keys({ from: key.removedIds(0), to: `r${AFTER}`, limit: ROWS_MOST * 2 });
  for (const row of rows.slice(0, Math.max(0, rows.length + 1 - ROWS_MOST))) {
    const value = store.get(row);
    const forgotten: readonly string[] = JSON.parse((value && unsealed(value)) ?? '[]');
    for (const id of forgotten) pairs.push([key.id(id), undefined]);
    pairs.push([row, undefined]);
  }
  return pairs;
}

/** Those within the runs and next to them. */
async function tombstonesAround(store: Store, runs: Ranges): Promise<Ranges> {
  const low = runs[0]?.[0] ?? 1;
  const high = (runs.at(-1)?.[1] ?? low) + 1;
  const before = await store.range({ from: key.tombstone(0), to: key.tombstone(low), limit: 1, reverse: true });
  const within = await store.range({ from: key.tombstone(low + 1), to: key.tombstone(high), limit: high - low });
  return [...before, ...within].flatMap(([name, value]) => {
    const last = Number(unsealed(value));
    return isSeq(last) ? [[key.seqOf(name), last] as const] : [];
  });
}
