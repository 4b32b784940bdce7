/** Turns calls that wait into one batch: who is already known, who gets which number, what lands on disk. */
import type { Appended, Line, Puts } from './contract.ts';
import { isDamaged, type Pair, type Store } from './medium.ts';
import { contains, include, isSeq, type Ranges } from './ranges.ts';
import { key, numbered, sealed, type Written } from './record.ts';
import { gone } from './scan.ts';

/** One append. */
export interface Call {
  /** Counts the calls. */
  readonly order: number;
  readonly drafts: readonly Written[];
  readonly puts: Puts;
  /** What is to be removed or replaced in the same batch. */
  readonly pairs: readonly Pair[];
}

/** What a batch does once it is on disk. */
export interface Plan {
  readonly pairs: readonly Pair[];
  readonly lines: readonly Line[];
  /** Answers to the drafts of all calls, one after the other. */
  readonly answers: readonly Appended[];
  readonly head: number;
}

/** Below this many a lookup that blocks for a microsecond or two is cheaper than a trip to the thread pool. */
const LOOKED_UP_AT_ONCE = 16;

const NOTHING = Buffer.alloc(0);

/** What the log is before the batch. */
export interface Before {
  readonly hub: string;
  /** Newest number on disk. */
  readonly head: number;
  /** Oldest number that is kept. */
  readonly tail: number;
}

/** `puts` is what is to be kept. */
export async function planBatch(
  store: Store,
  { hub, head, tail }: Before,
  calls: readonly Call[],
  puts: ReadonlyMap<string, Put>,
): Promise<Plan> {
  const drafts = calls.length === 1 && calls[0] ? calls[0].drafts : calls.flatMap((call) => call.drafts);
  const known = await knownSeqs(store, tail, drafts);
  const pairs: Pair[] = [];
  const lines: Line[] = [];
  const answers: Appended[] = [];
  let seq = head;
  for (const draft of drafts) {
    const before = known?.get(draft.id);
    if (before !== undefined && !draft.isFresh) {
      answers.push({ seq: before, known: true });
      continue;
    }
    seq += 1;
    const { line, stored } = numbered(hub, seq, draft);
    lines.push(line);
    answers.push({ seq, known: false });
    pairs.push([key.entry(seq), stored]);
    if (draft.lane !== 'continuous') pairs.push([key.mark(draft.lane, seq), NOTHING]);
    if (draft.isFresh) continue;
    known?.set(draft.id, seq);
    pairs.push([key.id(draft.id), Buffer.from(String(seq))]);
  }
  for (const call of calls) for (const pair of call.pairs) pairs.push(pair);
  for (const [name, { text }] of puts) pairs.push([key.kept(name), sealed(text)]);
  return { pairs, lines, answers, head: seq };
}

/** Of the ids that may have been written before; undefined where there is none to look for. */
async function knownSeqs(
  store: Store,
  tail: number,
  drafts: readonly Written[],
): Promise<Map<string, number> | undefined> {
  const ids = drafts.filter(({ isFresh }) => !isFresh).map(({ id }) => id);
  if (ids.length === 0) return undefined;
  const keys = ids.map(key.id);
  const texts =
    keys.length <= LOOKED_UP_AT_ONCE ? keys.map((name) => lookUp(store, name)) : await lookUpMany(store, keys);
  const known = new Map<string, number>();
  for (const [i, text] of texts.entries()) {
    const id = ids[i];
    if (id !== undefined && isSeq(Number(text))) known.set(id, Number(text));
  }
  const lost = await lostAmong(store, tail, [...known.values()]);
  for (const [id, seq] of known) if (contains(lost, seq)) known.delete(id);
  return known;
}

/** An entry that the disk has lost is not known, although its id is: whoever tells it again gives it back. */
async function lostAmong(store: Store, tail: number, seqs: readonly number[]): Promise<Ranges> {
  let spans: Ranges = [];
  for (const seq of seqs) spans = include(spans, seq, seq);
  let lost: Ranges = [];
  for (const [from, to] of spans) {
    const notThere = await gone(store, tail, from, to, to - from + 1);
    for (const [low, high] of notThere?.lost ?? []) lost = include(lost, low, high);
  }
  return lost;
}

/** A damaged block of the index must not stop the log: an id that may be in it is written once more, and is the same id. */
function lookUp(store: Store, name: string): Buffer | undefined {
  try {
    return store.get(name);
  } catch (error) {
    if (isDamaged(error)) return undefined;
    throw error;
  }
}

async function lookUpMany(store: Store, keys: readonly string[]): Promise<readonly (Buffer | undefined)[]> {
  try {
    return await store.getMany(keys);
  } catch (error) {
    if (isDamaged(error)) return keys.map((name) => lookUp(store, name));
    throw error;
  }
}

/** A value and the call it came with. */
export interface Put {
  readonly order: number;
  readonly text: string;
}

/**
 * The last put under a name wins, in the order of the calls and not in that of the batches: a call with an alert overtakes others,
 * and what it kept must not be overwritten by what one of them kept before it.
 */
export function putsOf(calls: readonly Call[], before: ReadonlyMap<string, Put>): ReadonlyMap<string, Put> {
  const last = new Map<string, Put>();
  for (const { order, puts } of calls) {
    for (const [name, text] of Object.entries(puts)) {
      const other = last.get(name) ?? before.get(name);
      if (!other || other.order < order) last.set(name, { order, text });
    }
  }
  return last;
}
