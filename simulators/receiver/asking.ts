/** Asks the hub for what stays missing, and learns from its replies what it no longer has. */
import { isRecord, isSeq } from './entry-check.ts';
import { doubling, type Means, type Timer } from './means.ts';
import type { Numbers } from './numbers.ts';
import type { Range } from './spans.ts';

export interface AskingOptions {
  readonly means: Pick<Means, 'after' | 'newId'>;
  readonly numbers: () => Numbers;
  /** How long a hole may stay before it is asked for. */
  readonly afterMs: number;
  /** Says the command `resend`; rejects while the broker is away. */
  readonly ask: (id: string, ranges: readonly Range[], expires: boolean) => Promise<void>;
}

export interface Asking {
  /** Something may be missing now. */
  look(): void;
  /** We were away: the last entries may have been lost on the way, and no later one shows it. */
  again(): void;
  /** A message on `up/reply`. */
  replied(reply: Readonly<Record<string, unknown>>): void;
  readonly asked: number;
  close(): void;
}

/** In one request; the rest is asked for after the next wait. The hub takes 1 000 ranges and 10 000 entries. */
const RANGES_MOST = 100;
const NUMBERS_MOST = 5_000;
/** How far above the highest number it is asked for what may have been lost unseen. */
const BEYOND = 1_000;
const LONGEST_WAIT_MS = 5 * 60_000;
/** Requests whose replies are understood; older ones are let go. */
const REQUESTS_MOST = 20;

/** Ranges read from one reply. */
const GONE_MOST = 1_000;
const GONE = 'the hub answered that it no longer has it';

interface Request {
  /** What was known to exist when it was made: a reply says nothing about later numbers. */
  readonly highest: number;
  readonly isBeyond: boolean;
}

export function openAsking({ means, numbers, afterMs, ask }: AskingOptions): Asking {
  const requests = new Map<string, Request>();
  let waits = doubling(afterMs, LONGEST_WAIT_MS);
  let timer: Timer | undefined;
  let isClosed = false;
  /** Numbers above this one may have been lost unseen. */
  let unsureAbove: number | undefined;
  /** A hub whose clock is wrong takes everything for expired; a late resend does no harm. */
  let mayExpire = true;
  let asked = 0;

  function isSure(): boolean {
    if (unsureAbove !== undefined && numbers().highest > unsureAbove) unsureAbove = undefined;
    return unsureAbove === undefined;
  }

  /** Asks only for what was missing when the wait began, and not while the hub fills holes by itself. */
  function look(): void {
    if (isClosed || timer !== undefined) return;
    const before = { missing: numbers().missing.numbers, highest: numbers().highest };
    if (before.missing === 0 && isSure()) {
      waits = doubling(afterMs, LONGEST_WAIT_MS);
      return;
    }
    timer = means.after(waits.next().value, () => {
      timer = undefined;
      if (numbers().missing.numbers < before.missing) waits = doubling(afterMs, LONGEST_WAIT_MS);
      else request(before.highest);
      look();
    });
  }

  function request(highest: number): void {
    const ranges = missingUpTo(highest);
    const isBeyond = !isSure();
    const all: readonly Range[] = isBeyond ? [...ranges, [highest + 1, highest + BEYOND]] : ranges;
    if (all.length === 0) return;
    const id = means.newId();
    requests.set(id, { highest, isBeyond }); // a reply may be here before we know that the request is out
    const [oldest] = requests.keys();
    if (requests.size > REQUESTS_MOST && oldest !== undefined) requests.delete(oldest);
    ask(id, all, mayExpire).then(
      () => {
        asked += 1;
        numbers().noteAsked(ranges);
      },
      () => undefined, // the broker is away; asked again after the next wait
    );
  }

  /** Oldest first. */
  function missingUpTo(highest: number): readonly Range[] {
    const ranges: Range[] = [];
    let room = NUMBERS_MOST;
    for (const { from, to } of numbers().missing.list()) {
      if (ranges.length === RANGES_MOST || room === 0 || from > highest) break;
      const end = Math.min(to, highest, from + room - 1);
      ranges.push([from, end]);
      room -= end - from + 1;
    }
    return ranges;
  }

  function replied({ command, status, detail }: Readonly<Record<string, unknown>>): void {
    const request = typeof command === 'string' ? requests.get(command) : undefined;
    if (request === undefined) return;
    if (status === 'expired' || status === 'refused') mayExpire = false;
    if (status !== 'done') return;
    if (request.isBeyond) unsureAbove = undefined;
    const gone = isRecord(detail) && Array.isArray(detail['gone']) ? detail['gone'].slice(0, GONE_MOST) : [];
    for (const range of gone) {
      const [from, to]: readonly unknown[] = Array.isArray(range) ? range : [];
      if (!isSeq(from) || !isSeq(to)) continue;
      const last = Math.min(to, request.highest);
      if (from <= last) numbers().explain(from, last, { cause: 'gone', detail: GONE, by: 0 });
    }
  }

  return {
    look,
    again: () => {
      unsureAbove = numbers().highest;
      look();
    },
    replied,
    get asked() {
      return asked;
    },
    close: () => {
      isClosed = true;
      timer?.cancel();
    },
  };
}
