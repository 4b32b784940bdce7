/** What the hub said is missing in time: which device delivered nothing, from when to when, and why. */
import { brief, DEVICES_MOST, entryOf } from './bounded.ts';
import type { Entry, Gap } from './entry.ts';

/** A stretch of time in which nothing came. */
export interface Absence {
  /** Left out: nobody delivered anything. */
  readonly device?: string;
  readonly cause: string;
  /** By the hub's clock; left out where it did not know. */
  readonly since?: string;
  readonly until: string;
  readonly count?: number;
  readonly detail?: string;
  /** Number of the gap entry. */
  readonly by: number;
}

/** All gap entries of one device and cause. */
export interface AbsenceTotal {
  readonly times: number;
  /** Sum of the stretches whose beginning and end are known. */
  readonly ms: number;
  /** What the hub counted, frames or readings. */
  readonly count: number;
}

export type Totals = Readonly<Record<string, Readonly<Record<string, AbsenceTotal>>>>;

export interface AbsencesState {
  readonly latest: readonly Absence[];
  /** By device ('' for the hub itself), then by cause. */
  readonly totals: Totals;
}

export interface Absences {
  take(entry: Entry): void;
  state(): AbsencesState;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** The youngest are listed, all are summed. */
const LATEST_MOST = 100;
/** Told apart for each device; what comes above is summed under OTHER. */
const CAUSES_MOST = 12;

export function openAbsences(start: AbsencesState = { latest: [], totals: {} }): Absences {
  let latest = start.latest;
  const totals = new Map<string, Map<string, Mutable<AbsenceTotal>>>(
    Object.entries(start.totals).map(([device, byCause]) => [
      device,
      new Map(Object.entries(structuredClone(byCause))),
    ]),
  );

  function sum(gap: Gap): void {
    const byCause = entryOf(totals, gap.device ?? '', DEVICES_MOST, () => new Map<string, Mutable<AbsenceTotal>>());
    const total = entryOf(byCause, gap.cause, CAUSES_MOST, () => ({ times: 0, ms: 0, count: 0 }));
    total.times += 1;
    total.ms += lengthOf(gap);
    total.count += numberOr0(gap.count);
  }

  return {
    take: (entry) => {
      if (entry.kind !== 'gap') return;
      const { cause, device, since, until, count, detail } = entry.body;
      sum(entry.body);
      if (typeof until !== 'string') return;
      const absence = {
        cause: brief(cause),
        until: brief(until),
        by: entry.seq,
        ...(device !== undefined && { device: brief(device) }),
        ...(since !== undefined && { since: brief(since) }),
        ...(count !== undefined && { count: numberOr0(count) }),
        ...(detail !== undefined && { detail: brief(detail) }),
      };
      latest = [...latest, absence].sort((a, b) => a.by - b.by).slice(-LATEST_MOST);
    },
    state: () => ({
      latest,
      totals: Object.fromEntries(
        [...totals].map(([device, byCause]) => [device, structuredClone(Object.fromEntries(byCause))]),
      ),
    }),
  };
}

function lengthOf({ since, until }: Gap): number {
  return Math.max(0, numberOr0(Date.parse(until ?? '') - Date.parse(since ?? '')));
}

function numberOr0(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
