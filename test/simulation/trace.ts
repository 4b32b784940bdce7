/** What happened in a run, in order: a fingerprint of all of it, and the last of it in words. */

export interface Trace {
  /** `who` is the part of the world, `what` is in words. */
  note(who: string, what: string): void;
  /** Of everything noted, times included: two runs that differ anywhere differ here. */
  fingerprint(): string;
  readonly count: number;
  /** Counts what a run has come across, so that a simulation in which nothing happens is noticed. */
  tally(what: string, times?: number): void;
  tallies(): ReadonlyMap<string, number>;
  last(most: number): readonly string[];
}

const KEPT = 200;

/** `onLine` gets every line as well. */
export function openTrace(nowMs: () => number, onLine?: (line: string) => void): Trace {
  const startMs = nowMs();
  const kept: string[] = [];
  let [a, b] = [0x811c9dc5, 0x9e3779b9];
  let count = 0;
  const tallies = new Map<string, number>();

  return {
    tally: (what, times = 1) => void tallies.set(what, (tallies.get(what) ?? 0) + times),
    tallies: () => tallies,
    note: (who, what) => {
      const line = `${((nowMs() - startMs) / 1000).toFixed(3).padStart(10)}  ${who.padEnd(9)} ${what}`;
      for (let i = 0; i < line.length; i++) {
        const code = line.charCodeAt(i);
        a = Math.imul(a ^ code, 0x01000193);
        b = Math.imul(b ^ code, 0x85ebca6b) ^ (b >>> 13);
      }
      count += 1;
      onLine?.(line);
      kept.push(line);
      if (kept.length > 2 * KEPT) kept.splice(0, KEPT);
    },
    fingerprint: () => `${hex(a)}${hex(b)}`,
    get count() {
      return count;
    },
    last: (most) => kept.slice(-most),
  };
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}
