/** What an invariant is: a number of design.md, a name, and a look at what happened that finds nothing wrong or says what. */
import type { Fresh } from '../evidence.ts';
import type { Home } from '../home.ts';
import type { Held } from '../hospital.ts';
import type { Plan } from '../plan.ts';

/** What there is to look at after a step. */
export interface Seen {
  readonly home: Home;
  readonly plan: Plan;
  /** Since the last look. */
  readonly fresh: Fresh;
  readonly freshHeld: readonly Held[];
}

export interface Invariant {
  /** Section 3 of design.md. */
  readonly design: number;
  readonly name: string;
  /** After each step. Undefined where it holds. */
  check?(seen: Seen): string | undefined;
  /** Once everything is well again and quiet. */
  atEnd?(home: Home, plan: Plan): string | undefined;
}

/** The first that is wrong, in words. */
export function first<T>(list: Iterable<T>, wrong: (item: T) => string | undefined | false): string | undefined {
  for (const item of list) {
    const words = wrong(item);
    if (words) return words;
  }
  return undefined;
}
