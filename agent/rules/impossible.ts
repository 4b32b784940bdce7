/** Values that no body and no device can have: a technical condition, never a physiological one (invariant 7). */
import { toNumber } from '../reading/decimal.ts';
import { MDC } from '../vocabulary/mdc.ts';
import { METRICS, type Metric } from '../vocabulary/metrics.ts';
import { next, type Raised, raise, type Standing, start } from './condition.ts';
import { isLive, type ReadingEvent } from './event.ts';
import type { ImpossibleRule } from './plan.ts';

export interface ImpossibleState {
  readonly kind: 'impossible';
  readonly standing?: Standing;
}

export const IMPOSSIBLE_AT_REST: ImpossibleState = { kind: 'impossible' };

/** The first impossible value starts it, the first possible one ends it; it is not repeated in between. */
export function stepImpossible(
  rule: ImpossibleRule,
  state: ImpossibleState,
  event: ReadingEvent,
): { state: ImpossibleState; alerts: readonly Raised[] } {
  const { reading } = event;
  const { possible }: Metric = METRICS[reading.metric];
  if (!possible || !('value' in reading) || !isLive(event, rule.freshSeconds)) return { state, alerts: [] };
  const [low, high] = possible;
  const value = toNumber(reading.value);
  const { standing } = state;

  if (value < low || value > high) {
    if (standing) return { state, alerts: [] };
    const begun = start(rule, event.id, {
      type: 'technical',
      event: MDC.MDC_EVT_SENSOR_PROB.mdc,
      device: reading.device,
      metric: reading.metric,
      value: reading.value,
      limit: String(value < low ? low : high),
      because: event.id,
    });
    return { state: { kind: 'impossible', standing: begun }, alerts: [raise(begun, event.atMs)] };
  }
  if (!standing) return { state, alerts: [] };
  const ended = next(standing, 'end', { value: reading.value, because: event.id });
  return { state: IMPOSSIBLE_AT_REST, alerts: [raise(ended, event.atMs)] };
}
