/** Tells the hub what is durably stored, and what never will be: in batches, one message at a time, and again after a reconnection. */
import type { Means, Timer } from './means.ts';
import type { Numbers } from './numbers.ts';
import { openSpans, type Range, type Span } from './spans.ts';

export interface ReceiptsOptions {
  readonly means: Pick<Means, 'after'>;
  readonly numbers: () => Numbers;
  /** Numbers came with two entries: `upTo` would receipt what never came. */
  readonly isReused: () => boolean;
  readonly afterMs: number;
  readonly say: (receipt: object) => Promise<void>;
}

export interface Receipts {
  /** This number is durable, be it since now or for long: then the receipt before may have been lost. */
  due(seq: number): void;
  /** This one will never be stored. */
  reject(seq: number, why: string): void;
  /** All that is held is to be told once more: the hub or we were away. */
  again(): void;
  readonly sent: number;
  close(): void;
}

/** For a listener that leaves receipts to another. */
export const NO_RECEIPTS: Receipts = {
  due: () => undefined,
  reject: () => undefined,
  again: () => undefined,
  sent: 0,
  close: () => undefined,
};

/** A receipt is due at this many entries, if not before by time. */
const DUE_AFTER_ENTRIES = 100;
/** The hub takes 1 000 ranges and 64 KiB in a message: 500 ranges of the longest numbers are 18 KiB, 50 rejections 42 KiB. */
const RANGES_MOST = 500;
const REJECTIONS_MOST = 50;
/** Ranges above the first hole that are repeated after a reconnection; above it the hub sends again and is told then. */
const REPEATED_MOST = 1_000;
/** Spans and rejections that wait to be told; past it the newest are forgotten: the hub sends again what it has no answer for. */
const WAITING_MOST = 10_000;
/** After a receipt that did not get out, if nothing else gives cause to try. */
const RETRY_AFTER_MS = 30_000;

export function openReceipts({ means, numbers, isReused, afterMs, say }: ReceiptsOptions): Receipts {
  const untold = openSpans<true>(() => true);
  const rejections = new Map<number, string>();
  let entriesDue = 0;
  let sent = 0;
  let isSaying = false;
  let isClosed = false;
  let planned: { readonly timer: Timer; readonly waitMs: number } | undefined;

  function add(from: number, to: number): void {
    if (untold.list().length < WAITING_MOST) untold.put(from, to, true);
  }

  function plan(waitMs: number): void {
    if (isClosed || isSaying || (planned !== undefined && planned.waitMs <= waitMs)) return;
    planned?.timer.cancel();
    planned = { waitMs, timer: means.after(waitMs, () => void tell()) };
  }

  function note(entries: number): void {
    entriesDue += entries;
    plan(entriesDue >= DUE_AFTER_ENTRIES ? 0 : afterMs);
  }

  /** While the broker is slow, receipts merge instead of queueing. */
  async function tell(): Promise<void> {
    planned = undefined;
    isSaying = true;
    entriesDue = 0;
    const isTold = await tellAll();
    isSaying = false;
    if (entriesDue > 0) note(0);
    else if (!isTold) plan(RETRY_AFTER_MS);
  }

  /** False when a message did not get out: then all of it is due again. */
  async function tellAll(): Promise<boolean> {
    const spans = untold.cut(1, Infinity);
    const refused = [...rejections];
    rejections.clear();
    for (const message of messagesOf(spans, refused)) {
      if (isClosed) return true;
      try {
        await say(message);
        sent += 1;
      } catch {
        for (const { from, to } of spans) add(from, to);
        for (const [seq, why] of refused) rejections.set(seq, why);
        return false;
      }
    }
    return true;
  }

  function messagesOf(spans: readonly Span<true>[], refused: readonly [number, string][]): readonly object[] {
    const upTo = isReused() ? 0 : numbers().contiguous;
    const messages: object[] = [];
    for (let at = 0; at < refused.length; at += REJECTIONS_MOST) {
      const rejected = refused.slice(at, at + REJECTIONS_MOST).map(([seq, why]) => ({ seq, why }));
      messages.push({ upTo, rejected });
    }
    if (messages.length === 0 && upTo > 0) messages.push({ upTo });
    const beyond = spans.filter(({ to }) => to > upTo).map(({ from, to }): Range => [Math.max(from, upTo + 1), to]);
    for (let at = 0; at < beyond.length; at += RANGES_MOST) {
      messages.push({ ranges: beyond.slice(at, at + RANGES_MOST) });
    }
    return messages;
  }

  return {
    due: (seq) => {
      add(seq, seq);
      note(1);
    },
    reject: (seq, why) => {
      if (rejections.size < WAITING_MOST) rejections.set(seq, why);
      note(1);
    },
    again: () => {
      if (!isReused()) for (const [from, to] of numbers().settledBeyond(REPEATED_MOST)) add(from, to);
      note(1);
    },
    get sent() {
      return sent;
    },
    close: () => {
      isClosed = true;
      planned?.timer.cancel();
    },
  };
}
