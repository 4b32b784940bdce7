/** Every number from 1 to the highest is exactly one of three: held, explained, missing. */
import { openSpans, type Range, type Span, type Spans } from './spans.ts';

/** Why a number will never arrive. */
export interface Explanation {
  readonly cause: string;
  readonly detail?: string;
  /** Number of the gap entry that says so; 0 while only a reply did. */
  readonly by: number;
}

/** What is done about a number that is missing. */
export interface Want {
  readonly sinceMs: number;
  /** How many times the hub was asked for it. */
  readonly asked: number;
  /** It came and can never be stored; the hub was told why, and is to explain it. */
  readonly rejected?: string;
}

export interface NumbersState {
  readonly highest: number;
  readonly missing: readonly Span<Want>[];
  readonly explained: readonly Span<Explanation>[];
}

export interface Numbers {
  readonly highest: number;
  /** The last number up to which nothing is missing. */
  readonly contiguous: number;
  readonly held: number;
  readonly missing: Spans<Want>;
  readonly explained: Spans<Explanation>;
  /** False when it was held already. */
  hold(seq: number, nowMs: number): boolean;
  isHeld(seq: number): boolean;
  /** False when it is held: then a bad copy came of what was good. */
  reject(seq: number, why: string, nowMs: number): boolean;
  /** Whatever of these is not held will never arrive. False when not all of it found room: the rest stays missing. */
  explain(from: number, to: number, explanation: Explanation): boolean;
  /** Counts one request for these. */
  noteAsked(ranges: readonly Range[]): void;
  /** What is held or explained above the first number that is missing, lowest first. */
  settledBeyond(most: number): readonly Range[];
  /** False for what would open one more hole than can be kept. */
  hasRoomFor(seq: number): boolean;
  state(): NumbersState;
}

/** Holes kept; what would open another is not taken until some are filled. A batch under way may go above it. */
export const HOLES_MOST = 10_000;
/** Spans of explained numbers kept; past it what a gap explains stays missing, and is counted. */
const EXPLANATIONS_MOST = 10_000;

export function openNumbers(start: NumbersState = { highest: 0, missing: [], explained: [] }): Numbers {
  // Held is what is in neither list: one number cannot be two of the three.
  const missing = openSpans<Want>(isSameWant, start.missing);
  const explained = openSpans<Explanation>(isSameExplanation, start.explained);
  let highest = start.highest;

  function isHeld(seq: number): boolean {
    return seq <= highest && missing.at(seq) === undefined && explained.at(seq) === undefined;
  }

  /** The numbers up to here exist, for this one does. */
  function reach(seq: number, sinceMs: number): void {
    if (seq <= highest) return;
    missing.put(highest + 1, seq, { sinceMs, asked: 0 });
    highest = seq;
  }

  function hold(seq: number, nowMs: number): boolean {
    if (seq === highest + 1) {
      highest = seq;
      return true;
    }
    reach(seq, nowMs);
    return missing.cut(seq, seq).length > 0 || explained.cut(seq, seq).length > 0;
  }

  function reject(seq: number, why: string, nowMs: number): boolean {
    if (isHeld(seq)) return false;
    reach(seq, nowMs);
    for (const { note } of missing.cut(seq, seq)) missing.put(seq, seq, { ...note, rejected: why });
    return true;
  }

  /** Of two gaps over one number the younger is right, in whatever order they come. */
  function explain(from: number, to: number, explanation: Explanation): boolean {
    for (const span of explained.cut(from, to)) {
      explained.put(span.from, span.to, span.note.by < explanation.by ? explanation : span.note);
    }
    let isAll = true;
    for (const span of missing.cut(from, to)) {
      const hasRoom = explained.list().length < EXPLANATIONS_MOST;
      if (hasRoom) explained.put(span.from, span.to, explanation);
      else missing.put(span.from, span.to, span.note);
      isAll &&= hasRoom;
    }
    return isAll;
  }

  function settledBeyond(most: number): readonly Range[] {
    const ranges: Range[] = [];
    for (const [index, { to }] of missing.list().entries()) {
      if (ranges.length >= most) break;
      const next = (missing.list()[index + 1]?.from ?? highest + 1) - 1;
      if (next > to) ranges.push([to + 1, next]);
    }
    return ranges;
  }

  return {
    missing,
    explained,
    get highest() {
      return highest;
    },
    get contiguous() {
      return (missing.list()[0]?.from ?? highest + 1) - 1;
    },
    get held() {
      return highest - missing.numbers - explained.numbers;
    },
    hold,
    isHeld,
    reject,
    explain,
    noteAsked: (ranges) => {
      for (const [from, to] of ranges) {
        for (const span of missing.cut(from, to)) {
          missing.put(span.from, span.to, { ...span.note, asked: span.note.asked + 1 });
        }
      }
    },
    settledBeyond,
    hasRoomFor: (seq) => {
      if (missing.list().length < HOLES_MOST || seq === highest + 1) return true;
      const hole = missing.at(seq);
      return hole === undefined ? seq <= highest : seq === hole.from || seq === hole.to;
    },
    state: () => ({ highest, missing: [...missing.list()], explained: [...explained.list()] }),
  };
}

function isSameWant(a: Want, b: Want): boolean {
  return a.sinceMs === b.sinceMs && a.asked === b.asked && a.rejected === b.rejected;
}

function isSameExplanation(a: Explanation, b: Explanation): boolean {
  return a.by === b.by && a.cause === b.cause && a.detail === b.detail;
}
