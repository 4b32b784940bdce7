/** Who has which entry: the broker (acknowledged) and the hospital's own application (receipted) are two different states. */
import type { Journal } from '../journal/contract.ts';
import { contains, include, missing, parseRanges, type Ranges } from '../journal/ranges.ts';
import type { Timer, World } from '../world.ts';

/** Kept value: what the hospital has receipted. */
const RECEIPTS = 'uplink.receipts';
/** Islands of receipts above the first hole; past it the newest are forgotten, and sent again when the session restarts. */
const ISLANDS_MOST = 1_000;
/**
 * Receipts are put on disk this long after the first that is not, at the latest: losing them costs sending again what is
 * known by its id, keeping each would cost the SD card a sync per reading.
 */
const SAVE_AFTER_MS = 10_000;
const SAVE_AFTER = 1_000;

export interface Ledger {
  /** Everything up to this number is receipted or is known never to arrive. */
  receiptedUpTo(): number;
  /** Everything up to this number was acknowledged by the broker, or need not be sent. */
  ackedUpTo(): number;
  /** Neither to be sent for the first time nor again, unless asked for. */
  isSettled(seq: number): boolean;
  ack(seq: number): void;
  receipt(ranges: Ranges): void;
  /** These numbers hold nothing that could be sent. */
  absent(from: number, to: number): void;
  /** Forgets what only the broker has: it lost our session and perhaps more. */
  restart(): void;
  /** Puts the receipts on disk now. */
  save(): Promise<void>;
  close(): void;
}

export function openLedger(world: World, journal: Journal): Ledger {
  let receipted = withoutLost(parseRanges(JSON.parse(journal.kept(RECEIPTS) ?? '[]'), ISLANDS_MOST) ?? [], journal);
  let acked = receipted;
  let unsaved = 0;
  let timer: Timer | undefined;
  let saving: Promise<void> | undefined;

  function save(): Promise<void> {
    timer?.cancel();
    timer = undefined;
    if (unsaved === 0) return saving ?? Promise.resolve();
    // One at a time: a disk that does not answer must not make them pile up.
    if (saving) return saving.then(save);
    unsaved = 0;
    saving = journal.keep({ [RECEIPTS]: JSON.stringify(receipted) }).finally(() => {
      saving = undefined;
    });
    return saving;
  }

  function saveLater(): void {
    unsaved += 1;
    timer ??= world.after(SAVE_AFTER_MS, attempt);
    if (unsaved >= SAVE_AFTER) attempt();
  }

  /** A journal that is full or closing loses nothing by this: the next receipt tries again. */
  function attempt(): void {
    if (!saving) save().catch(() => undefined);
  }

  function settle(from: number, to: number): void {
    receipted = include(receipted, from, to).slice(0, ISLANDS_MOST);
    acked = include(acked, from, to);
  }

  return {
    receiptedUpTo: () => upTo(receipted),
    ackedUpTo: () => upTo(acked),
    isSettled: (seq) => contains(acked, seq),
    ack: (seq) => {
      acked = include(acked, seq, seq);
    },
    receipt: (ranges) => {
      const fresh = ranges.some(([from, to]) => missing(receipted, from, to).length > 0);
      if (!fresh) return;
      for (const [from, to] of ranges) settle(from, to);
      saveLater();
    },
    absent: settle,
    restart: () => {
      receipted = withoutLost(receipted, journal);
      acked = receipted;
    },
    save,
    close: () => timer?.cancel(),
  };
}

function upTo([first]: Ranges): number {
  return first?.[0] === 1 ? first[1] : 0;
}

/** What the journal no longer has will never be receipted. */
function withoutLost(receipted: Ranges, { tail }: Journal): Ranges {
  return tail > 1 ? include(receipted, 1, tail - 1) : receipted;
}
