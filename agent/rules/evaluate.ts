/** The fold: all rules of a plan over lines of the journal and over time. Pure, so that replay, rehearsal and tests need no journal. */
import type { Line } from '../journal/contract.ts';
import type { Alert, Draft } from '../reading/entry.ts';
import { next, type Raised, raise } from './condition.ts';
import { type ReadingEvent, type RuleEvent, readingOf } from './event.ts';
import { type CarePlan, planRef, type Rule, rulesOf } from './plan.ts';
import { atRest, type RuleState, standingOf, step, subjectInTime, subjectOf } from './step.ts';

/** One moment on both clocks. */
export interface Moment {
  readonly wallMs: number;
  readonly monotonicMs: number;
  readonly boot: string;
}

/** JSON through and through. */
export interface RulesState {
  /** State of each rule and subject, under `<rule id> <subject>`; what is at rest may be left out. */
  readonly tracks: Readonly<Record<string, RuleState>>;
  /** The last moment seen: what tells a clock that was set from time that has passed. */
  readonly clock?: Moment;
}

export type AlertDraft = Extract<Draft, { kind: 'alert' }>;

export interface Evaluated {
  readonly state: RulesState;
  /** In the order they were decided. */
  readonly alerts: readonly AlertDraft[];
  /** Lines that claimed to be readings and could not be read. */
  readonly unreadable: number;
}

export const NOTHING_SEEN: RulesState = { tracks: {} };

/** A difference of the two clocks above this is a clock that was set; below it, one that is being disciplined. */
const STEP_MS = 1_000;

/** The lines must follow on those that made `state`. The same lines give the same alerts, however they are cut into calls. */
export function evaluate(plan: CarePlan, state: RulesState, lines: readonly Line[]): Evaluated {
  const fold = openFold(plan, state);
  let unreadable = 0;
  for (const line of lines) {
    const event = readingOf(line);
    if (event === 'unreadable') unreadable++;
    else if (event) fold.reading(event);
  }
  return fold.end(unreadable);
}

/** Time has passed without lines. Only to be told when every line received before `moment` has been evaluated. */
export function evaluateTime(plan: CarePlan, state: RulesState, moment: Moment): Evaluated {
  const fold = openFold(plan, state);
  fold.time(moment);
  return fold.end(0);
}

/** Another plan comes into force. Rules that are word for word the same keep their state; what the others had raised ends. */
export function enforce(was: CarePlan, plan: CarePlan, state: RulesState, wallMs: number): Evaluated {
  const before = new Map(rulesOf(was).map((rule) => [rule.id, JSON.stringify(rule)]));
  const same = new Set(
    rulesOf(plan).flatMap((rule) => (before.get(rule.id) === JSON.stringify(rule) ? [rule.id] : [])),
  );
  const tracks: Record<string, RuleState> = {};
  const raised: Raised[] = [];
  for (const [key, track] of Object.entries(state.tracks)) {
    if (same.has(ruleOf(key))) tracks[key] = track;
    else for (const standing of standingOf(track)) raised.push(raise(next(standing, 'end', {}), wallMs));
  }
  return { state: { ...state, tracks }, alerts: raised.map((one) => draftOf(one, was)), unreadable: 0 };
}

/** The alert conditions that are on, as last told. */
export function activeAlerts(plan: CarePlan, state: RulesState): readonly Alert[] {
  return Object.values(state.tracks).flatMap((track) =>
    standingOf(track).map(({ condition }) => ({ ...condition, plan: planRef(plan) })),
  );
}

interface Fold {
  reading(event: ReadingEvent): void;
  time(moment: Moment): void;
  end(unreadable: number): Evaluated;
}

/** Mutable inside one call only: copying all tracks for each line would cost more than judging it. */
function openFold(plan: CarePlan, state: RulesState): Fold {
  const rules = rulesOf(plan);
  const tracks: Record<string, RuleState> = { ...state.tracks };
  const raised: Raised[] = [];
  let clock = state.clock;

  function tell(rule: Rule, subject: string, event: RuleEvent, wallMs: number): void {
    const key = `${rule.id} ${subject}`;
    const before = tracks[key] ?? atRest(rule, wallMs);
    const { state: after, alerts } = step(rule, before, event);
    if (after !== before || event.kind === 'time') tracks[key] = after;
    if (alerts.length > 0) raised.push(...alerts);
  }

  function time(moment: Moment): void {
    const steppedMs = clock ? stepBetween(clock, moment) : 0;
    clock = moment;
    for (const rule of rules) {
      const subject = subjectInTime(rule);
      if (subject === undefined) continue;
      tell(
        rule,
        subject,
        { kind: 'time', wallMs: moment.wallMs, ...(steppedMs !== 0 && { steppedMs }) },
        moment.wallMs,
      );
    }
  }

  return {
    time,
    // A line says what time it was when it was received: so a replay sees time pass as the hub did.
    reading: (event) => {
      const { monotonicMs, boot } = event.reading.received;
      time({ wallMs: event.receivedMs, monotonicMs, boot });
      for (const rule of rules) {
        const subject = subjectOf(rule, event);
        if (subject !== undefined) tell(rule, subject, event, event.receivedMs);
      }
    },
    end: (unreadable) => ({
      state: { tracks, ...(clock && { clock }) },
      alerts: raised.map((one) => draftOf(one, plan)),
      unreadable,
    }),
  };
}

/** Zero over a restart: the monotonic clock begins anew and cannot tell. */
function stepBetween(from: Moment, to: Moment): number {
  if (from.boot !== to.boot) return 0;
  const stepMs = to.wallMs - from.wallMs - (to.monotonicMs - from.monotonicMs);
  return Math.abs(stepMs) > STEP_MS ? stepMs : 0;
}

function ruleOf(key: string): string {
  return key.slice(0, key.indexOf(' '));
}

function draftOf({ id, atMs, condition }: Raised, plan: CarePlan): AlertDraft {
  return { id, kind: 'alert', at: new Date(atMs).toISOString(), body: { ...condition, plan: planRef(plan) } };
}
