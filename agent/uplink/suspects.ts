/** Finds the entry that a broker cannot stand: one that is under way each time the connection ends. Nothing else may wait for it for ever. */
import type { Line } from '../journal/contract.ts';

/** Connections in a row that ended with the same entry under way, before entries go one by one. */
const TOGETHER_MOST = 3;
/** Connections that ended with this entry alone under way, and otherwise worked. */
const ALONE_MOST = 3;

export interface Suspects {
  /** Whether entries are to go one by one. */
  isCautious(): boolean;
  passed(seq: number): void;
  /**
   * A connection ended by itself with these under way; `hasWorked` when it had acknowledged anything. Returns the entry that is to
   * be given up.
   */
  ended(underWay: readonly Line[], hasWorked: boolean): Line | undefined;
}

export function openSuspects(): Suspects {
  let together = new Map<number, number>();
  const alone = new Map<number, number>();

  const isCautious = (): boolean => [...together.values()].some((times) => times >= TOGETHER_MOST);

  return {
    isCautious,
    passed: (seq) => {
      together.delete(seq);
      alone.delete(seq);
    },
    ended: (underWay, hasWorked) => {
      const wasCautious = isCautious();
      together = new Map(underWay.map(({ seq }) => [seq, (together.get(seq) ?? 0) + 1]));
      const [only, another] = underWay;
      if (!wasCautious || !only || another || !hasWorked) return undefined;
      const times = (alone.get(only.seq) ?? 0) + 1;
      alone.set(only.seq, times);
      if (times < ALONE_MOST) return undefined;
      together.clear();
      alone.clear();
      return only;
    },
  };
}
