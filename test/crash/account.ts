/** The account of a run: the devices' books against the hospital's store, and a word for everything that is not in both. */
import type { Entry, GapCause } from '../../agent/reading/entry.ts';
import { count, excess, measurementKey, type Tally } from '../../simulators/demo/measurement-key.ts';
import type { Book } from './feeders.ts';
import type { Renumbered } from './hospital.ts';
import type { Conflict, Missed } from './shelf.ts';

/** Between these moments something was between a device and the disk, with nobody to wait for it. */
export interface Window {
  readonly cycle: number;
  readonly fromMs: number;
  readonly toMs: number;
  /** Frames that can have been there, by device; any number where it is not said. */
  readonly most?: Readonly<Record<string, number>>;
}

export interface Evidence {
  readonly books: readonly Book[];
  /** Around each death of the agent and each lost link. */
  readonly windows: readonly Window[];
  /** Everything that was ever found lasting on the hub's disk, by id. */
  readonly journaled: ReadonlyMap<string, Entry>;
  readonly conflicts: readonly Conflict[];
  readonly missed: readonly Missed[];
  /** As stored by the hospital's application, in that order. */
  readonly hospital: readonly Entry[];
  /** What came to it under a second number. */
  readonly renumbered: readonly Renumbered[];
  /** How often each entry passed by at the broker, by id. */
  readonly seen: ReadonlyMap<string, number>;
  /** The hub's own word, before it was stopped: newest entry, and up to where it holds the hospital's receipt. */
  readonly head: number;
  readonly receiptedUpTo: number;
}

export interface Row {
  readonly device: string;
  /** Measurements that the device gave to the wire; that it was told are safe. */
  readonly sent: number;
  readonly confirmed: number;
  readonly journaled: number;
  readonly atBroker: number;
  readonly atHospital: number;
  readonly receipted: number;
  /** Given to the wire, never promised, and gone with a death: nobody could have kept it. */
  readonly inAir: number;
  /** Not confirmed, so that the device has it still. */
  readonly inDevice: number;
  readonly explained: number;
  readonly lost: readonly string[];
  readonly doubled: readonly string[];
  /** Of lost frames that nobody was promised: when they were given. */
  readonly where: readonly string[];
}

export interface Account {
  readonly rows: readonly Row[];
  /** Entries that say that something is missing, by cause. */
  readonly gaps: Readonly<Partial<Record<GapCause, number>>>;
  /** Sequence numbers up to the head that the hospital has no entry and no gap for. */
  readonly holes: readonly Range[];
  readonly conflicts: readonly Conflict[];
  /** Ids under two numbers; the second is a hole as well. */
  readonly renumbered: readonly (Renumbered & { readonly first: number | undefined })[];
  /** Promised to a device and not on the disk afterwards, wherever else it was by then. */
  readonly missed: readonly Missed[];
  /** Copies of the same entry, same id: harmless. */
  readonly copies: number;
}

type Range = [from: number, to: number];

/** Only these are an excuse for a reading that was kept once: the hub let go of it by a written rule, and said so. */
const EXCUSES: ReadonlySet<GapCause> = new Set<GapCause>(['evicted', 'overrun', 'undeliverable']);

export function closeAccount(evidence: Evidence): Account {
  const { journaled, hospital, seen, head } = evidence;
  const gaps: Partial<Record<GapCause, number>> = {};
  const covered = new Set<number>();
  const excused = new Set<number>();
  for (const entry of hospital) {
    covered.add(entry.seq);
    if (entry.kind !== 'gap') continue;
    const { cause, from = 1, to = 0 } = entry.body;
    gaps[cause] = (gaps[cause] ?? 0) + 1;
    for (let seq = from; seq <= to; seq++) {
      covered.add(seq);
      if (EXCUSES.has(cause)) excused.add(seq);
    }
  }
  const isExcused: IsExcused = (seq) => excused.has(seq);
  const arrived = new Set(hospital.map(({ id }) => id));
  const due = [...journaled.values()].filter(({ id, seq }) => seq <= head && !arrived.has(id));
  const rows = [
    ...evidence.books.map((book) => rowOf(book, evidence, due, isExcused)),
    hubRow(evidence, due, isExcused),
  ];
  return {
    rows,
    gaps,
    holes: holesIn(covered, head),
    conflicts: [...evidence.conflicts, ...twoIds(hospital)],
    renumbered: evidence.renumbered.map(({ seq, id }) => ({
      seq,
      id,
      first: hospital.find((one) => one.id === id)?.seq,
    })),
    missed: evidence.missed.filter(({ device, keys }) => {
      const seqs = new Map(ofDevice(hospital, device).map((entry) => [keyOf(entry), entry.seq]));
      return keys.some((key) => !isExcused(seqs.get(key) ?? 0));
    }),
    copies: [...seen.values()].reduce((sum, times) => sum + times - 1, 0),
  };
}

/** Whether everything that had to arrive did, once. */
export function isClean({ rows, holes, conflicts }: Account): boolean {
  return (
    holes.length === 0 &&
    conflicts.length === 0 &&
    rows.every(({ lost, doubled }) => lost.length + doubled.length === 0)
  );
}

function holesIn(covered: ReadonlySet<number>, head: number): readonly Range[] {
  const holes: Range[] = [];
  for (let seq = 1; seq <= head; seq++) {
    const last = holes.at(-1);
    if (covered.has(seq)) continue;
    if (last !== undefined && last[1] === seq - 1) last[1] = seq;
    else holes.push([seq, seq]);
  }
  return holes;
}

type IsExcused = (seq: number) => boolean;

function rowOf(book: Book, evidence: Evidence, due: readonly Entry[], isExcused: IsExcused): Row {
  const entries = ofDevice(evidence.hospital, book.device);
  const arrived = entries.map(keyOf);
  const verdict =
    book.keeps === 'promised' ? promisedVerdict(book, arrived) : orderVerdict(book, arrived, evidence.windows);
  const seqOf = new Map(
    ofDevice([...evidence.journaled.values()], book.device).map((entry) => [keyOf(entry), entry.seq]),
  );
  const missing = [...verdict.missing];
  // What lay on the disk must arrive as well, whether or not anybody was promised it.
  const named = new Set(missing);
  for (const entry of ofDevice(due, book.device)) if (!named.has(keyOf(entry))) missing.push(keyOf(entry));
  const lost = missing.filter((key) => !isExcused(seqOf.get(key) ?? 0));
  return {
    ...columns(book.device, evidence, entries.length),
    sent: book.given.reduce((sum, { keys }) => sum + keys.length, 0),
    confirmed: book.confirmed.length,
    inAir: verdict.inAir,
    inDevice: verdict.inDevice,
    explained: missing.length - lost.length,
    lost,
    doubled: verdict.doubled,
    where: verdict.where,
  };
}

interface Verdict {
  readonly missing: readonly string[];
  readonly doubled: readonly string[];
  readonly inAir: number;
  readonly inDevice: number;
  /** Near which end each missing frame was given. */
  readonly where: readonly string[];
}

function promisedVerdict(book: Book, arrived: readonly string[]): Verdict {
  const given = tallyOf(book.given.flatMap(({ keys }) => keys));
  const there = tallyOf(arrived);
  const missing = excess(tallyOf(book.confirmed), there);
  return {
    missing,
    doubled: excess(there, given),
    inAir: 0,
    inDevice: excess(given, there).length - missing.length,
    where: [],
  };
}

/** Both in the order of the device: a frame is there when its keys come next. */
function orderVerdict({ device, given }: Book, arrived: readonly string[], windows: readonly Window[]): Verdict {
  const missing: string[] = [];
  const where: string[] = [];
  const excused = new Map<Window, number>();
  let inAir = 0;
  let at = 0;

  /** Whether one more frame may have been in the air then. */
  function excuse(atMs: number): boolean {
    const window = windows.find(
      (one) => one.fromMs <= atMs && atMs <= one.toMs && (excused.get(one) ?? 0) < (one.most?.[device] ?? Infinity),
    );
    if (window) excused.set(window, (excused.get(window) ?? 0) + 1);
    return window !== undefined;
  }

  for (const { keys, atMs } of given) {
    if (keys.every((key, index) => arrived[at + index] === key)) at += keys.length;
    else if (excuse(atMs)) inAir += keys.length;
    else {
      const next = windows.find(({ toMs }) => toMs >= atMs);
      where.push(
        `${keys[0]} and ${keys.length - 1} more, given ${Math.round((next?.toMs ?? atMs) - atMs)} ms before the end of cycle ${next?.cycle}`,
      );
      missing.push(...keys);
    }
  }
  // Whatever is left over came twice, out of order, or was never sent.
  return { missing, doubled: arrived.slice(at), inAir, inDevice: 0, where };
}

/** What the hub says by itself: alerts, events, gaps. Each phase of an alert is told once. */
function hubRow(evidence: Evidence, due: readonly Entry[], isExcused: IsExcused): Row {
  const own = evidence.hospital.filter(({ kind }) => kind !== 'reading' && kind !== 'waveform');
  const missing = due.filter(({ kind }) => kind !== 'reading' && kind !== 'waveform');
  const lost = missing.filter(({ seq }) => !isExcused(seq));
  const phases = own.flatMap((entry) => {
    if (entry.kind !== 'alert') return [];
    const { alert, phase, value, because } = entry.body;
    return [phase === 'update' ? `${alert} ${phase} ${value} ${because}` : `${alert} ${phase}`];
  });
  const phaseTally = tallyOf(phases);
  return {
    ...columns(undefined, evidence, own.length),
    sent: 0,
    confirmed: 0,
    inAir: 0,
    inDevice: 0,
    explained: missing.length - lost.length,
    lost: lost.map(({ seq, kind }) => `${kind} ${seq}`),
    doubled: excess(phaseTally, tallyOf(phaseTally.keys())),
    where: [],
  };
}

function columns(
  device: string | undefined,
  { journaled, hospital, seen, receiptedUpTo }: Evidence,
  atHospital: number,
) {
  const isMine = (entry: Entry): boolean =>
    entry.kind === 'reading' || entry.kind === 'waveform' ? entry.body.device === device : device === undefined;
  const mine = [...journaled.values()].filter(isMine);
  const passed = new Set(hospital.filter(isMine).map(({ id }) => id));
  for (const { id } of mine) if (seen.has(id)) passed.add(id);
  return {
    device: device ?? 'the hub itself',
    journaled: mine.length,
    atBroker: passed.size,
    atHospital,
    receipted: mine.filter(({ seq }) => seq <= receiptedUpTo).length,
  };
}

function twoIds(entries: readonly Entry[]): readonly Conflict[] {
  const ids = new Map<number, string>();
  return entries.flatMap(({ seq, id }) => {
    const known = ids.get(seq);
    ids.set(seq, id);
    return known === undefined || known === id ? [] : [{ seq, ids: [known, id] }];
  });
}

type Telling = Extract<Entry, { readonly kind: 'reading' | 'waveform' }>;

/** In the order of the journal. */
function ofDevice(entries: readonly Entry[], device: string): readonly Telling[] {
  return entries
    .filter((entry): entry is Telling => entry.kind === 'reading' || entry.kind === 'waveform')
    .filter(({ body }) => body.device === device)
    .sort((a, b) => a.seq - b.seq);
}

function keyOf({ body }: Telling): string {
  return measurementKey(body);
}

function tallyOf(keys: Iterable<string>): Tally {
  const tally: Tally = new Map();
  for (const key of keys) count(tally, key);
  return tally;
}
