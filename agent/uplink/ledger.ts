/** Who has which entry: the broker (acknowledged) and the hospital's own application (receipted) are two different states. */
import type { Journal } from '../journal/contract.ts';
import { type RangeSet, rangeSet } from '../journal/range-set.ts';
import { missing, parseRanges, type Ranges } from '../journal/ranges.ts';

/** Kept value: what the hospital has receipted. */
const RECEIPTS = 'uplink.receipts';
/** Islands of receipts above the first hole; past it the newest are forgotten, and sent again when the session restarts. */
const ISLANDS_MOST = 1_000;

export interface Ledger {
  /** Everything up to this number is receipted or is known never to arrive. */
  receiptedUpTo(): number;
  /** All that is receipted or will never arrive. */
  receipted(): Ranges;
  isReceipted(seq: number): boolean;
  /** Everything up to this number was acknowledged by the broker, or need not be sent. */
  ackedUpTo(): number;
  /** Neither to be sent for the first time nor again, unless asked for. */
  isSettled(seq: number): boolean;
  ack(seq: number): void;
  /** False when all of it was receipted before. */
  receipt(ranges: Ranges): boolean;
  /** These numbers hold nothing that could be sent. */
  absent(from: number, to: number): void;
  /** Forgets what only the broker has: it lost our session and perhaps more. */
  restart(): void;
}

/**
 * Receipts go to disk with what is written next, or within half a minute: losing them costs sending again what is known by its
 * id, keeping each would cost the SD card a sync per reading.
 */
export function openLedger(journal: Journal): Ledger {
  const receipted = rangeSet(parseRanges(JSON.parse(journal.kept(RECEIPTS) ?? '[]'), ISLANDS_MOST) ?? []);
  withoutLost();
  let acked: RangeSet = rangeSet(receipted.ranges);

  /** What the journal no longer has will never be receipted. */
  function withoutLost(): void {
    if (journal.tail > 1) receipted.add(1, journal.tail - 1);
  }

  function settle(from: number, to: number): void {
    receipted.add(from, to);
    receipted.cut(ISLANDS_MOST);
    acked.add(from, to);
  }

  return {
    receiptedUpTo: receipted.prefix,
    receipted: () => receipted.ranges,
    isReceipted: receipted.has,
    ackedUpTo: () => acked.prefix(),
    isSettled: (seq) => acked.has(seq),
    ack: (seq) => acked.add(seq, seq),
    receipt: (ranges) => {
      const fresh = ranges.some(([from, to]) => missing(receipted.ranges, from, to).length > 0);
      if (!fresh) return false;
      for (const [from, to] of ranges) settle(from, to);
      journal.keepSoon({ [RECEIPTS]: JSON.stringify(receipted.ranges) });
      return true;
    },
    absent: settle,
    restart: () => {
      withoutLost();
      acked = rangeSet(receipted.ranges);
    },
  };
}
