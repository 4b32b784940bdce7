/** What can be said of a hub, as a value that a program can read and JSON can carry; a few pages at most, whatever happened. */
import type { AbsencesState } from './absences.ts';
import type { Account, ByDevice } from './account.ts';
import type { Standing } from './alerts.ts';

/** `held` + `explained` + `missing` is `highest`: each number is one of the three. */
export interface Statement {
  readonly v: 1;
  readonly hub: string;
  /** When it was made, by our clock. */
  readonly at: string;
  /** Every number up to `highest` is held or explained. */
  readonly complete: boolean;
  /** Why not, in words. */
  readonly incompleteBecause: readonly string[];
  /** The highest number known to exist. The hub may have written more that is still on its way. */
  readonly highest: number;
  /** Up to here nothing is missing. */
  readonly contiguous: number;
  readonly held: number;
  /** Will never arrive, by the hub's own word. */
  readonly explained: number;
  readonly missing: number;
  readonly explainedByCause: Readonly<Record<string, number>>;
  readonly explanations: Listed<{
    readonly from: number;
    readonly to: number;
    readonly cause: string;
    readonly detail?: string;
    /** Number of the gap entry that says so; left out while only a reply did. */
    readonly by?: number;
  }>;
  readonly holes: Listed<{
    readonly from: number;
    readonly to: number;
    /** When it was noticed, by our clock. */
    readonly since: string;
    readonly asked: number;
    /** It came and can never be stored, and why; the hub was told and has not explained it yet. */
    readonly rejected?: string;
  }>;
  /** Absence in time, which leaves no hole in the numbers: the latest stretches, and sums by device and cause. */
  readonly absences: AbsencesState;
  /** Different entries by device ('' for the hub itself), then by kind. */
  readonly byDevice: ByDevice;
  /** Alerts that have not ended, as the hub said last. */
  readonly standing: Listed<Standing>;
  readonly counts: StatementCounts;
  /** Why the last messages were turned away. */
  readonly refusals: readonly string[];
  /** Entries that came and are not yet durable, and why nothing can be stored now. */
  readonly waiting: number;
  readonly trouble?: { readonly since: string; readonly cause: string };
}

/** Lists are cut; `more` says by how much. */
export interface Listed<T> {
  readonly list: readonly T[];
  readonly more: number;
}

export interface StatementCounts extends Tally {
  /** Different entries; less than `held` where entries came under several numbers. */
  readonly entries: number;
  readonly historical: number;
  readonly renumbered: number;
  readonly reused: number;
  readonly unrecorded: number;
  readonly corrections: number;
  readonly correctionsForgotten: number;
  readonly alertsForgotten: number;
}

/** Counted since the receiver was opened. */
export interface Tally {
  /** Copies of entries that were here under the same number. */
  readonly duplicates: number;
  /** Never to be stored, and the hub was told. */
  readonly rejected: number;
  /** Never to be stored, and there was no number under which the hub could be told. */
  readonly refused: number;
  /** Let go for want of room; no receipt, so they come again. */
  readonly dropped: number;
  readonly receiptsSent: number;
  readonly resendsAsked: number;
}

/** What the receiver knows beside the account. */
export interface Surroundings {
  readonly hub: string;
  readonly nowMs: number;
  readonly isResumed: boolean;
  readonly tally: Tally;
  readonly refusals: readonly string[];
  readonly waiting: number;
  readonly trouble: { readonly sinceMs: number; readonly cause: string } | undefined;
}

/** Entries of a list in the statement. */
const LISTED_MOST = 100;

export function statementOf(account: Account, around: Surroundings): Statement {
  const { numbers, counts, alerts } = account;
  const { highest, contiguous, held, missing, explained } = numbers;
  const incompleteBecause = [
    ...(around.isResumed ? [] : ['the store has not been read yet']),
    ...(missing.numbers > 0 ? [`numbers are missing: ${missing.numbers}`] : []),
    ...(counts.reused > 0
      ? [
          `numbers came with two entries: ${counts.reused}. The hub began to count again, and what is missing of that count cannot be seen`,
        ]
      : []),
  ];
  const explainedByCause: Record<string, number> = {};
  for (const { from, to, note } of explained.list()) {
    explainedByCause[note.cause] = (explainedByCause[note.cause] ?? 0) + to - from + 1;
  }
  return {
    v: 1,
    hub: around.hub,
    at: rfc3339(around.nowMs),
    complete: incompleteBecause.length === 0,
    incompleteBecause,
    highest,
    contiguous,
    held,
    explained: explained.numbers,
    missing: missing.numbers,
    explainedByCause,
    explanations: listed(explained.list(), ({ from, to, note: { cause, detail, by } }) => ({
      from,
      to,
      cause,
      ...(detail !== undefined && { detail }),
      ...(by > 0 && { by }),
    })),
    holes: listed(missing.list(), ({ from, to, note: { sinceMs, asked, rejected } }) => ({
      from,
      to,
      since: rfc3339(sinceMs),
      asked,
      ...(rejected !== undefined && { rejected }),
    })),
    absences: account.absences.state(),
    byDevice: account.byDevice(),
    standing: listed(alerts.standing(), (standing) => standing),
    counts: {
      ...counts,
      ...around.tally,
      corrections: account.corrections().length,
      alertsForgotten: alerts.forgotten,
    },
    refusals: [...around.refusals],
    waiting: around.waiting,
    ...(around.trouble && { trouble: { since: rfc3339(around.trouble.sinceMs), cause: around.trouble.cause } }),
  };
}

function listed<T, R>(items: readonly T[], told: (item: T) => R): Listed<R> {
  return { list: items.slice(0, LISTED_MOST).map(told), more: Math.max(0, items.length - LISTED_MOST) };
}

export function rfc3339(wallMs: number): string {
  return new Date(wallMs).toISOString();
}
