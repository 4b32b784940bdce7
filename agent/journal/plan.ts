/** Turns calls that wait into one batch: who is already known, who gets which number, what lands on disk. */
import type { Appended, Line, Puts } from './contract.ts';
import { isSeq } from './ranges.ts';
import { key, lineOf, sealed, type Written } from './record.ts';
import type { Pair, Store } from './store.ts';

/** One append. */
export interface Call {
  readonly drafts: readonly Written[];
  readonly puts: Puts;
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

/**
 * `head` is the newest number confirmed so far. An id found above it was written by an earlier attempt at this same batch,
 * whose error came after it had landed: it is new to everybody but the disk.
 */
export async function planBatch(store: Store, hub: string, head: number, calls: readonly Call[]): Promise<Plan> {
  const drafts = calls.flatMap((call) => call.drafts);
  const found = await seqsOf(store, drafts);
  const pairs: Pair[] = [];
  const lines: Line[] = [];
  const answers: Appended[] = [];
  const here = new Map<string, number>();
  let next = head;
  for (const [i, draft] of drafts.entries()) {
    const before = found[i] ?? here.get(draft.id);
    if (before !== undefined && (before <= head || here.has(draft.id))) {
      answers.push({ seq: before, known: true });
      continue;
    }
    const seq = before ?? next + 1;
    next = Math.max(next, seq);
    const line = lineOf(hub, seq, draft);
    here.set(draft.id, seq);
    lines.push(line);
    answers.push({ seq, known: false });
    pairs.push([key.entry(seq), sealed(line.json)], [key.id(draft.id), String(seq)]);
    if (draft.kind === 'alert') pairs.push([key.alert(seq), '']);
  }
  for (const [name, text] of puts(calls)) pairs.push([key.kept(name), sealed(text)]);
  return { pairs, lines, answers, head: next };
}

async function seqsOf(store: Store, drafts: readonly Written[]): Promise<readonly (number | undefined)[]> {
  const keys = drafts.map(({ id }) => key.id(id));
  const texts = keys.length <= LOOKED_UP_AT_ONCE ? keys.map((id) => store.get(id)) : await store.getMany(keys);
  return texts.map((text) => (isSeq(Number(text)) ? Number(text) : undefined));
}

/** The last put under a name wins. */
function puts(calls: readonly Call[]): Map<string, string> {
  const last = new Map<string, string>();
  for (const call of calls) for (const [name, text] of Object.entries(call.puts)) last.set(name, text);
  return last;
}
