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
const SHRINKAGE = 0.7;
/** The shortest trip is that of a link with nothing in it; it is forgotten after so long, for links change. */
const SHORTEST_FOR_MS = 60_000;
/** A trip of less cannot be told from a busy processor. */
const RESOLUTION_MS = 1;

/** `most` is what the settings and the broker allow. */
export function openWindow(most: number): Window {
  let size = Math.min(FIRST, most);
  let shortest = { ms: Number.POSITIVE_INFINITY, atMs: 0 };
  let next = { ms: Number.POSITIVE_INFINITY, atMs: 0 };
  /** Since the last decision. */
  let round = { acks: 0, tripsMs: 0, wasFull: false };

  function note(tripMs: number, nowMs: number): void {
    if (nowMs - shortest.atMs > SHORTEST_FOR_MS) {
      shortest = next.ms < Number.POSITIVE_INFINITY ? next : { ms: tripMs, atMs: nowMs };
      next = { ms: Number.POSITIVE_INFINITY, atMs: nowMs };
    }
    if (tripMs <= shortest.ms) shortest = { ms: tripMs, atMs: nowMs };
    else if (tripMs <= next.ms) next = { ms: tripMs, atMs: nowMs };
  }

  return {
    get size() {
      return size;
    },
    acked: (tripMs, nowMs, isFull) => {
      note(Math.max(tripMs, RESOLUTION_MS), nowMs);
      round = {
        acks: round.acks + 1,
        tripsMs: round.tripsMs + tripMs,
        wasFull: round.wasFull || isFull,
      };
      if (round.acks < size) return;
      const queueMs = round.tripsMs / round.acks - shortest.ms;
      if (queueMs > QUEUE_MOST_MS) size = Math.max(LEAST, Math.floor(size * SHRINKAGE));
      else if (queueMs < QUEUE_LITTLE_MS && round.wasFull) size = Math.min(most, Math.ceil(size * GROWTH));
      size = Math.max(1, Math.min(size, most));
      round = { acks: 0, tripsMs: 0, wasFull: false };
    },
  };
}
