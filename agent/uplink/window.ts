/** How many publishes may be unacknowledged: grows with the link, and shrinks when messages only queue up in it. Pure. */

export interface Window {
  readonly size: number;
  /** An acknowledgement came so long after its publish; `isFull` when the window had no room then. */
  acked(tripMs: number, nowMs: number, isFull: boolean): void;
}

/** An alert waits behind what is in the link already: more than this of it is no gain, for the link is full. */
const QUEUE_MOST_MS = 100;
/** With less than this the link can take more. */
const QUEUE_LITTLE_MS = 25;
const LEAST = 2;
const FIRST = 20;
const GROWTH = 1.5;
/** The least that is left of it at a time. */
const SHRINKAGE = 0.5;
/** A link that became narrow must not be believed wide until all of a large window has passed it. */
const SHRINK_AFTER_MS = 250;
/** The shortest trip is that of a link with nothing in it; it is forgotten after so long, for links change. */
const SHORTEST_FOR_MS = 60_000;
/** A trip of less cannot be told from a busy processor. */
const RESOLUTION_MS = 1;

/** `most` is what the settings and the broker allow. */
export function openWindow(most: number): Window {
  let size = Math.min(FIRST, most);
  let shortest = { ms: Number.POSITIVE_INFINITY, atMs: 0 };
  let next = { ms: Number.POSITIVE_INFINITY, atMs: 0 };
  /** Since the size last changed: a whole window tells whether the link can take more. */
  let whole = openRound(0);
  /** Of the last moments: enough to tell that it takes less. */
  let recent = openRound(0);

  function note(tripMs: number, nowMs: number): void {
    if (nowMs - shortest.atMs > SHORTEST_FOR_MS) {
      shortest = next.ms < Number.POSITIVE_INFINITY ? next : { ms: tripMs, atMs: nowMs };
      next = { ms: Number.POSITIVE_INFINITY, atMs: nowMs };
    }
    if (tripMs <= shortest.ms) shortest = { ms: tripMs, atMs: nowMs };
    else if (tripMs <= next.ms) next = { ms: tripMs, atMs: nowMs };
  }

  function change(to: number, nowMs: number): void {
    size = Math.min(Math.max(Math.floor(to), LEAST), most);
    whole = openRound(nowMs);
  }

  return {
    get size() {
      return size;
    },
    acked: (tripMs, nowMs, isFull) => {
      note(Math.max(tripMs, RESOLUTION_MS), nowMs);
      for (const round of [whole, recent]) {
        round.acks += 1;
        round.tripsMs += tripMs;
        round.wasFull ||= isFull;
      }
      const isWhole = whole.acks >= size;
      if (!isWhole && nowMs - recent.sinceMs < SHRINK_AFTER_MS) return;
      const queueMs = recent.tripsMs / recent.acks - shortest.ms;
      recent = openRound(nowMs);
      // What was sent before the last change tells nothing of it.
      const isJudged = nowMs - whole.sinceMs >= shortest.ms;
      if (queueMs > QUEUE_MOST_MS && isJudged) change(size * Math.max(SHRINKAGE, QUEUE_MOST_MS / queueMs), nowMs);
      else if (isWhole && whole.wasFull && queueMs < QUEUE_LITTLE_MS) change(Math.ceil(size * GROWTH), nowMs);
      else if (isWhole) whole = openRound(nowMs);
    },
  };
}

interface Round {
  readonly sinceMs: number;
  acks: number;
  tripsMs: number;
  wasFull: boolean;
}

function openRound(sinceMs: number): Round {
  return { sinceMs, acks: 0, tripsMs: 0, wasFull: false };
}
