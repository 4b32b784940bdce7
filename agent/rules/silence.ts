/** Nothing heard for too long: time starts the alert, a reading ends it. */
import { MDC } from '../vocabulary/mdc.ts';
import { next, type Raised, raise, type Standing, start } from './condition.ts';
import type { ReadingEvent, RuleEvent, TimeEvent } from './event.ts';
import type { SilenceRule } from './plan.ts';

export interface SilenceState {
  readonly kind: 'silence';
  /** When it was last heard, or when the rule came into force. Kept over restarts: a hub that keeps restarting must not hide a silent device. */
  readonly lastMs: number;
  /** The last reading heard. */
  readonly lastId?: string;
  readonly standing?: Standing;
}

export function silenceFrom(wallMs: number): SilenceState {
  return { kind: 'silence', lastMs: wallMs };
}

/** The alert is dated when the time ran out, not when somebody looked, so that a replay gives the same. */
export function stepSilence(
  rule: SilenceRule,
  state: SilenceState,
  event: RuleEvent,
): { state: SilenceState; alerts: readonly Raised[] } {
  return event.kind === 'time' ? elapse(rule, moved(state, event), event.wallMs) : hear(rule, state, event);
}

/**
 * A clock that is set moves what it had measured along with it. One that went back without our seeing it (over a restart)
 * starts the wait again: late by one wait at most, and never blind until the old time returns.
 */
function moved(state: SilenceState, { wallMs, steppedMs = 0 }: TimeEvent): SilenceState {
  const lastMs = Math.min(state.lastMs + steppedMs, wallMs);
  return lastMs === state.lastMs ? state : { ...state, lastMs };
}

function elapse(rule: SilenceRule, state: SilenceState, wallMs: number): ReturnType<typeof stepSilence> {
  const dueMs = state.lastMs + rule.withinSeconds * 1000;
  if (state.standing || wallMs < dueMs) return { state, alerts: [] };
  const standing = start(rule, state.lastId ?? `since-${state.lastMs}`, {
    type: 'technical',
    event: rule.metric === undefined ? MDC.MDC_EVT_DISCONN.mdc : MDC.MDC_EVT_TIMEOUT.mdc,
    device: rule.device,
    limit: String(rule.withinSeconds),
    ...(rule.metric !== undefined && { metric: rule.metric }),
    ...(state.lastId !== undefined && { because: state.lastId }),
  });
  return { state: { ...state, standing }, alerts: [raise(standing, dueMs)] };
}

/**
 * A device is heard whatever it says. A metric is heard only by a value, from when that was true: history that is emptied
 * out of a device's store, or a device whose clock is far behind, does not count as news of the patient.
 */
function hear(rule: SilenceRule, state: SilenceState, event: ReadingEvent): ReturnType<typeof stepSilence> {
  if (rule.metric !== undefined && ('absent' in event.reading || event.reading.metric !== rule.metric)) {
    return { state, alerts: [] };
  }
  const heardMs = rule.metric === undefined ? event.receivedMs : event.atMs;
  if (heardMs < state.lastMs && !state.standing) return { state, alerts: [] };
  const { standing } = state;
  const heard: SilenceState = { kind: 'silence', lastMs: heardMs, lastId: event.id };
  if (!standing) return { state: heard, alerts: [] };
  if (event.receivedMs - heardMs >= rule.withinSeconds * 1000) return { state, alerts: [] };
  return { state: heard, alerts: [raise(next(standing, 'end', { because: event.id }), event.receivedMs)] };
}
