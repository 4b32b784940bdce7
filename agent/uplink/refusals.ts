/** What to do with an entry the broker refuses: once more, later, or let it go by so that it does not hold up the rest. */

/** How often an entry is refused while others pass, before it is left to the journal. */
const TRIES_MOST = 5;
/** Entries that may be refused at a time; past it everything waits. */
const REFUSED_MOST = 100;
/** So many refusals without a success between them mean that it is not the entry. */
const ROW_MOST = 10;

/** The broker's own limits, which no entry is to blame for: implementation specific, quota exceeded. */
const NOT_THE_ENTRY: ReadonlySet<number> = new Set([0x83, 0x97]);

export type Verdict =
  /** Try it again after a pause. */
  | 'again'
  /** Nothing passes: stop altogether for a pause, then try again. */
  | 'all-refused'
  /** Leave it in the journal, unreceipted, and say so. */
  | 'give-up';

export interface Refusals {
  /** `code` is the broker's reason (MQTT 5.0, 3.4.2.1). */
  refused(seq: number, code: number): Verdict;
  passed(seq: number): void;
}

interface Refused {
  times: number;
  /** How many others had passed at its last refusal. */
  passedThen: number;
}

export function openRefusals(): Refusals {
  const entries = new Map<number, Refused>();
  let passed = 0;
  let row = 0;
  return {
    refused: (seq, code) => {
      row += 1;
      if (NOT_THE_ENTRY.has(code)) return 'all-refused';
      const entry = entries.get(seq) ?? { times: 0, passedThen: -1 };
      // A refusal counts against the entry only when others have passed since its last one.
      if (passed > entry.passedThen) entry.times += 1;
      entry.passedThen = passed;
      entries.set(seq, entry);
      if (entry.times >= TRIES_MOST) {
        entries.delete(seq);
        return 'give-up';
      }
      return row >= ROW_MOST || entries.size > REFUSED_MOST ? 'all-refused' : 'again';
    },
    passed: (seq) => {
      passed += 1;
      row = 0;
      entries.delete(seq);
    },
  };
}
