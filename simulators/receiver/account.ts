/** What a receiver knows of one hub, as a fold over the rows of its store: after a crash the same rows give the same account. */
import { type Absences, type AbsencesState, openAbsences } from './absences.ts';
import { type Alerts, type AlertsState, openAlerts } from './alerts.ts';
import { brief, DEVICES_MOST, entryOf } from './bounded.ts';
import type { Entry, EntryKind } from './entry.ts';
import { jsonOf } from './entry-check.ts';
import { type Numbers, type NumbersState, openNumbers } from './numbers.ts';
import type { Row } from './store.ts';
import { type Correction, correctionIn } from './time.ts';

export interface Counts {
  /** Different entries. */
  entries: number;
  /** Entries that came once more under another number: the hub lost its store and read its devices again. */
  renumbered: number;
  /** Numbers that came with two different entries: the hub began to count again. Then no hole can be proved any more. */
  reused: number;
  /** Marked by the hub as late. */
  historical: number;
  /** Corrections of the hub's clock that were forgotten for want of room. */
  correctionsForgotten: number;
  /** Gap entries of which some numbers found no room and stay missing. */
  unrecorded: number;
}

export type ByDevice = Readonly<Record<string, Readonly<Partial<Record<EntryKind, number>>>>>;

export interface Account {
  readonly numbers: Numbers;
  readonly counts: Counts;
  readonly alerts: Alerts;
  readonly absences: Absences;
  corrections(): readonly Correction[];
  /** Different entries by device ('' for the hub itself), then by kind. */
  byDevice(): ByDevice;
  /** Takes in a row that is in the store; returns its entry when that is new. */
  fold(row: Pick<Row, 'seq' | 'was' | 'historical'>, entry: Entry | undefined, nowMs: number): void;
  /** The account as text, from which `accountFrom` makes the same one. */
  memo(): string;
}

/** Corrections kept; at the bound the oldest goes and is counted. A hub writes one when its clock is first set after a start. */
const CORRECTIONS_MOST = 1_000;
const VERSION = 1;

interface State {
  readonly v: typeof VERSION;
  readonly numbers: NumbersState;
  readonly counts: Counts;
  readonly byDevice: ByDevice;
  readonly absences: AbsencesState;
  readonly alerts: AlertsState;
  readonly corrections: readonly Correction[];
}

/** The account of a memo; undefined when another version wrote it: then all rows are to be folded anew. */
export function accountFrom(memo: string): Account | undefined {
  const state = jsonOf(memo) as State | undefined; // nobody but us writes memos
  return state?.v === VERSION ? openAccount(state) : undefined;
}

export function openAccount(state?: State): Account {
  const numbers = openNumbers(state?.numbers);
  const alerts = openAlerts(state?.alerts);
  const absences = openAbsences(state?.absences);
  const counts: Counts = { ...(state?.counts ?? NOTHING) };
  const byDevice = new Map(Object.entries(structuredClone(state?.byDevice ?? {})));
  let corrections = state?.corrections ?? [];

  function takeNew(entry: Entry): void {
    counts.entries += 1;
    const tally: Partial<Record<EntryKind, number>> = entryOf(
      byDevice,
      entry.body.device ?? '',
      DEVICES_MOST,
      () => ({}),
    );
    tally[entry.kind] = (tally[entry.kind] ?? 0) + 1;
    alerts.take(entry);
    absences.take(entry);
    const correction = correctionIn(entry);
    if (correction !== undefined) corrections = [...corrections, correction];
    if (corrections.length > CORRECTIONS_MOST) {
      corrections = corrections.slice(1);
      counts.correctionsForgotten += 1;
    }
    if (entry.kind === 'gap') explain(entry);
  }

  function explain({ seq, body }: Entry & { readonly kind: 'gap' }): void {
    if (body.to === undefined) return;
    const detail = body.detail === undefined ? {} : { detail: brief(body.detail) };
    const isAll = numbers.explain(body.from ?? 1, body.to, { cause: brief(body.cause), ...detail, by: seq });
    if (!isAll) counts.unrecorded += 1;
  }

  const byDeviceNow = (): ByDevice => structuredClone(Object.fromEntries(byDevice));

  return {
    numbers,
    counts,
    alerts,
    absences,
    corrections: () => corrections,
    byDevice: byDeviceNow,
    fold: ({ seq, was, historical }, entry, nowMs) => {
      if (!numbers.hold(seq, nowMs)) counts.reused += 1;
      else if (was === 'renumbered') counts.renumbered += 1;
      if (was === 'new' && historical) counts.historical += 1;
      if (was === 'new' && entry !== undefined) takeNew(entry);
    },
    memo: () =>
      JSON.stringify({
        v: VERSION,
        numbers: numbers.state(),
        counts,
        byDevice: byDeviceNow(),
        absences: absences.state(),
        alerts: alerts.state(),
        corrections,
      } satisfies State),
  };
}

const NOTHING: Counts = {
  entries: 0,
  renumbered: 0,
  reused: 0,
  historical: 0,
  correctionsForgotten: 0,
  unrecorded: 0,
};
