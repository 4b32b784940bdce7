/** The hospital's account of one hub: what came, what is missing, what came twice, and what it still has to confirm. */
import { createHash } from 'node:crypto';
import type { Entry, EntryKind } from '../../agent/reading/entry.ts';
import { readEntry } from './entry-check.ts';
import { emptyRanges, type Range, type Ranges } from './ranges.ts';

export type Taken =
  | { readonly taken: 'new'; readonly entry: Entry }
  | { readonly taken: 'again'; readonly entry: Entry }
  | { readonly taken: 'refused'; readonly why: string };

/** One receipt message, as it goes to `down/receipt`. */
export type Receipt = { readonly upTo: number } | { readonly ranges: readonly Range[] };

/** What the account holds, at the moment of asking. */
export interface Statement {
  /** Different entries. */
  readonly received: number;
  /** Up to here every entry came or was explained by a gap. */
  readonly contiguous: number;
  readonly highest: number;
  /** Sequence numbers neither received nor explained, oldest first; at most 100 ranges. */
  readonly holes: readonly Range[];
  readonly missing: number;
  /** Sequence numbers that a gap entry said would never come. */
  readonly explained: number;
  /** Copies of entries that were here already. */
  readonly duplicates: number;
  readonly refused: number;
  /** Why the last of them were refused; at most 20. */
  readonly refusals: readonly string[];
  /** Counts by device, then by kind; '' stands for the hub itself. */
  readonly byDevice: Readonly<Record<string, Readonly<Partial<Record<EntryKind, number>>>>>;
  /** Every alert entry in the order received; at most 10 000, the oldest go first. */
  readonly alerts: readonly Entry[];
}

export interface Account {
  take(kind: EntryKind, text: string): Taken;
  /** The receipts for what came since the last call; empty when nothing did. */
  receiptsDue(): readonly Receipt[];
  /** A receipt did not get out: it is due again. */
  notSent(receipt: Receipt): void;
  /** The receipt for everything up to the first hole is due once more. */
  confirmAgain(): void;
  /** What neither came nor was explained, oldest first; at most 100 ranges. Cheap while nothing is missing. */
  missing(): { readonly count: number; readonly ranges: readonly Range[]; readonly highest: number };
  statement(): Statement;
  /** The last entries of a device, oldest first. */
  lastOf(device: string): readonly Entry[];
}

/** More holes than this and the hub must fill some before it goes on: what would open another is refused. */
const MOST_RANGES = 10_000;
/** Ids remembered to catch one id with two contents. */
const MOST_IDS = 500_000;
const MOST_ALERTS = 10_000;
const MOST_REFUSALS = 20;
const MOST_HOLES = 100;
const MOST_RANGES_IN_RECEIPT = 500;

export function openAccount(hub: string, keepPerDevice: number): Account {
  const received = emptyRanges();
  const covered = emptyRanges(); // received or explained
  let unconfirmed = emptyRanges();
  const fingerprints = new Map<string, string>();
  const byDevice: Record<string, Partial<Record<EntryKind, number>>> = {};
  const kept = new Map<string, Entry[]>();
  const alerts: Entry[] = [];
  const refusals: string[] = [];
  const count = { received: 0, duplicates: 0, refused: 0 };

  function take(kind: EntryKind, text: string): Taken {
    const entry = readEntry(hub, kind, text);
    if ('wrong' in entry) return refuse(entry.wrong);
    const fingerprint = createHash('sha1').update(text).digest('base64');
    const before = fingerprints.get(entry.id);
    if (before !== undefined && before !== fingerprint) return refuse(`id ${entry.id} came with two contents`);
    if (received.has(entry.seq)) return again(entry, before !== undefined);
    if (received.list().length >= MOST_RANGES && !touches(received, entry.seq)) return refuse('too many holes');
    remember(fingerprints, entry.id, fingerprint);
    accept(entry);
    return { taken: 'new', entry };
  }

  function again(entry: Entry, known: boolean): Taken {
    if (!known && fingerprints.size < MOST_IDS) return refuse(`seq ${entry.seq} came with two ids`);
    count.duplicates += 1;
    unconfirmed.add(entry.seq); // the receipt may have been lost
    return { taken: 'again', entry };
  }

  function accept(entry: Entry): void {
    count.received += 1;
    received.add(entry.seq);
    covered.add(entry.seq);
    unconfirmed.add(entry.seq);
    const device = deviceOf(entry);
    const counts = byDevice[device] ?? {};
    byDevice[device] = counts;
    counts[entry.kind] = (counts[entry.kind] ?? 0) + 1;
    keepLast(listOf(kept, device), entry, keepPerDevice);
    if (entry.kind === 'alert') keepLast(alerts, entry, MOST_ALERTS);
    if (entry.kind === 'gap' && entry.body.to !== undefined) covered.add(entry.body.from ?? 1, entry.body.to);
  }

  function refuse(why: string): Taken {
    count.refused += 1;
    keepLast(refusals, why, MOST_REFUSALS);
    return { taken: 'refused', why };
  }

  function receiptsDue(): readonly Receipt[] {
    const fresh = unconfirmed.list();
    if (fresh.length === 0) return [];
    unconfirmed = emptyRanges();
    const upTo = covered.prefix();
    const beyond = fresh.filter(([, to]) => to > upTo);
    const receipts: Receipt[] = upTo > 0 ? [{ upTo }] : [];
    for (let at = 0; at < beyond.length; at += MOST_RANGES_IN_RECEIPT) {
      receipts.push({ ranges: beyond.slice(at, at + MOST_RANGES_IN_RECEIPT) });
    }
    return receipts;
  }

  function missing(): ReturnType<Account['missing']> {
    const highest = covered.highest();
    if (covered.prefix() === highest) return { count: 0, ranges: [], highest };
    return { count: highest - sizeOf(covered.list()), ranges: covered.holes(MOST_HOLES), highest };
  }

  return {
    take,
    receiptsDue,
    notSent: (receipt) => {
      const ranges: readonly Range[] = 'upTo' in receipt ? [[receipt.upTo, receipt.upTo]] : receipt.ranges;
      for (const [from, to] of ranges) unconfirmed.add(from, to);
    },
    confirmAgain: () => {
      const upTo = covered.prefix();
      if (upTo > 0) unconfirmed.add(upTo);
    },
    missing,
    lastOf: (device) => [...(kept.get(device) ?? [])],
    statement: () => ({
      received: count.received,
      contiguous: covered.prefix(),
      highest: covered.highest(),
      holes: missing().ranges,
      missing: missing().count,
      explained: sizeOf(covered.list()) - sizeOf(received.list()),
      duplicates: count.duplicates,
      refused: count.refused,
      refusals: [...refusals],
      byDevice: structuredClone(byDevice),
      alerts: [...alerts],
    }),
  };
}

function deviceOf(entry: Entry): string {
  return entry.body.device ?? '';
}

function touches(ranges: Ranges, seq: number): boolean {
  return ranges.has(seq - 1) || ranges.has(seq + 1);
}

function sizeOf(ranges: readonly Range[]): number {
  return ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

/** Forgets the oldest beyond the bound. */
function remember(map: Map<string, string>, id: string, fingerprint: string): void {
  map.set(id, fingerprint);
  if (map.size <= MOST_IDS) return;
  const [oldest] = map.keys();
  if (oldest !== undefined) map.delete(oldest);
}

function keepLast<T>(list: T[], item: T, most: number): void {
  list.push(item);
  if (list.length > most) list.shift();
}

function listOf(map: Map<string, Entry[]>, key: string): Entry[] {
  const list = map.get(key) ?? [];
  map.set(key, list);
  return list;
}
