/** What the caller lends a receiver: it has no clock, no chance and no connection of its own. */

export interface Timer {
  cancel(): void;
}

export interface Means {
  /** Wall clock, milliseconds since 1970-01-01 UTC. */
  now(): number;
  /** Calls once, after so many milliseconds, unless cancelled. */
  after(ms: number, fn: () => void): Timer;
  /** Another one each time, for commands: 1 to 128 printable ASCII characters. */
  newId(): string;
  /** Publishes JSON, QoS 1, not retained; resolves when the broker has it, rejects when that is not certain. */
  say(topic: string, json: string): Promise<void>;
}

/** Waits between tries: twice as long each time, from the first to the longest. */
export function* doubling(firstMs: number, longestMs: number): Generator<number, never> {
  for (let ms = firstMs; ; ms = Math.min(ms * 2, longestMs)) yield Math.min(ms, longestMs);
}
