/** The engine: one rule, its state, one event. Pure, and constant in time and memory. */
import { unreachable } from '../reading/unreachable.ts';
import type { Raised, Standing } from './condition.ts';
import type { ReadingEvent, RuleEvent } from './event.ts';
import { FAULT_AT_REST, type FaultState, stepFault } from './fault.ts';
import { IMPOSSIBLE_AT_REST, type ImpossibleState, stepImpossible } from './impossible.ts';
import { LIMIT_AT_REST, type LimitState, stepLimit } from './limit.ts';
import type { Rule } from './plan.ts';
import { type SilenceState, silenceFrom, stepSilence } from './silence.ts';

/** JSON through and through: it is kept beside the journal. */
export type RuleState = LimitState | SilenceState | FaultState | ImpossibleState;

export interface Stepped {
  /** The very same object where nothing changed. */
  readonly state: RuleState;
  readonly alerts: readonly Raised[];
}

/** The state must be of the rule's kind, which is what `atRest` and `step` give. */
export function step(rule: Rule, state: RuleState, event: RuleEvent): Stepped {
  switch (rule.kind) {
    case 'limit':
      return state.kind === 'limit' && event.kind === 'reading' ? stepLimit(rule, state, event) : { state, alerts: [] };
    case 'fault':
      return state.kind === 'fault' && event.kind === 'reading' ? stepFault(rule, state, event) : { state, alerts: [] };
    case 'impossible':
      return state.kind === 'impossible' && event.kind === 'reading'
        ? stepImpossible(rule, state, event)
        : { state, alerts: [] };
    case 'silence':
      return state.kind === 'silence' ? stepSilence(rule, state, event) : { state, alerts: [] };
    default:
      return unreachable(rule);
  }
}

/** The state of a rule that comes into force. */
export function atRest(rule: Rule, wallMs: number): RuleState {
  switch (rule.kind) {
    case 'limit':
      return LIMIT_AT_REST;
    case 'fault':
      return FAULT_AT_REST;
    case 'impossible':
      return IMPOSSIBLE_AT_REST;
    case 'silence':
      return silenceFrom(wallMs);
    default:
      return unreachable(rule);
  }
}

/**
 * What of the world one state of the rule is about, or undefined where the reading is none of its business. A rule without
 * device has one state per device: what one says must not decide about another.
 */
export function subjectOf(rule: Rule, { reading }: ReadingEvent): string | undefined {
  switch (rule.kind) {
    case 'limit':
    case 'fault':
      return rule.metric === reading.metric && isOf(rule.device, reading.device) ? reading.device : undefined;
    case 'silence':
      return isOf(rule.device, reading.device) ? reading.device : undefined;
    case 'impossible':
      return `${reading.device}/${reading.metric}`;
    default:
      return unreachable(rule);
  }
}

/** What of the world time alone can decide about; undefined for rules that only readings move. */
export function subjectInTime(rule: Rule): string | undefined {
  switch (rule.kind) {
    case 'silence':
      return rule.device;
    case 'limit':
    case 'fault':
    case 'impossible':
      return undefined;
    default:
      return unreachable(rule);
  }
}

function isOf(wanted: string | undefined, device: string): boolean {
  return wanted === undefined || wanted === device;
}

/** The conditions that are on in this state. */
export function standingOf(state: RuleState): readonly Standing[] {
  switch (state.kind) {
    case 'limit':
      return [state.low, state.high].flatMap((side) => (side.is === 'on' ? [side.standing] : []));
    case 'silence':
    case 'fault':
    case 'impossible':
      return state.standing ? [state.standing] : [];
    default:
      return unreachable(state);
  }
}
