/** A number beyond a limit: on-delay, deadband and off-delay, measured by when the readings were true. */
import { type Decimal, toNumber } from '../reading/decimal.ts';
import { MDC } from '../vocabulary/mdc.ts';
import { METRICS, type Metric } from '../vocabulary/metrics.ts';
import { next, type Raised, raise, type Standing, start } from './condition.ts';
import { isLive, type ReadingEvent } from './event.ts';
import type { LimitRule } from './plan.ts';

/** One side of the range, low or high. */
export type Side =
  | { readonly is: 'within' }
  /** Beyond, and waiting for the on-delay. */
  | { readonly is: 'pending'; readonly sinceMs: number }
  | On;

interface On {
  readonly is: 'on';
  readonly standing: Standing;
  /** How far beyond the limit the value was when last told. */
  readonly toldExcess: number;
  /** Since when it is back inside by the deadband, waiting for the off-delay. */
  readonly backSinceMs?: number;
}

export interface LimitState {
  readonly kind: 'limit';
  readonly low: Side;
  readonly high: Side;
  /** The newest reading that was judged. */
  readonly newest?: { readonly atMs: number; readonly receivedMs: number };
}

const WITHIN: Side = { is: 'within' };
export const LIMIT_AT_REST: LimitState = { kind: 'limit', low: WITHIN, high: WITHIN };

/**
 * Time alone never starts or ends a limit alert, only a live value does: after the last reading nobody knows, and saying so
 * is the silence rule's. Absent and impossible values are neither inside nor beyond (invariants 3 and 7).
 */
export function stepLimit(
  rule: LimitRule,
  state: LimitState,
  event: ReadingEvent,
): { state: LimitState; alerts: readonly Raised[] } {
  const value = possibleValue(event);
  if (value === undefined || !isLive(event, rule.freshSeconds) || isOvertaken(state, event))
    return { state, alerts: [] };
  const low = judge(rule, 'low', state.low, event, value);
  const high = judge(rule, 'high', state.high, event, value);
  const alerts = [low.raised, high.raised].filter((raised) => raised !== undefined);
  const newest = { atMs: event.atMs, receivedMs: event.receivedMs };
  return { state: { kind: 'limit', low: low.side, high: high.side, newest }, alerts };
}

function possibleValue({ reading }: ReadingEvent): Decimal | undefined {
  if (!('value' in reading)) return undefined;
  const { possible }: Metric = METRICS[reading.metric];
  const value = toNumber(reading.value);
  return possible && (value < possible[0] || value > possible[1]) ? undefined : reading.value;
}

/**
 * An older reading must not undo what a newer one decided. Where reception went back as well, it is the hub's clock that was
 * set back, and the reading is the newest there is.
 */
function isOvertaken({ newest }: LimitState, event: ReadingEvent): boolean {
  return newest !== undefined && event.atMs < newest.atMs && event.receivedMs >= newest.receivedMs;
}

interface Judged {
  readonly side: Side;
  readonly raised?: Raised;
}

function judge(rule: LimitRule, name: 'low' | 'high', side: Side, event: ReadingEvent, value: Decimal): Judged {
  const limit = rule[name];
  if (limit === undefined) return { side };
  const above = toNumber(value) - toNumber(limit);
  const excess = rounded(name === 'high' ? above : -above);
  if (side.is === 'on') return hold(rule, side, event, value, excess);
  if (excess <= 0) return { side: WITHIN };

  const sinceMs = waitingSince(side.is === 'pending' ? side.sinceMs : undefined, event.atMs);
  if (event.atMs - sinceMs < (rule.onDelaySeconds ?? 0) * 1000) return { side: { is: 'pending', sinceMs } };
  const standing = start(rule, event.id, {
    type: 'physiological',
    event: name === 'low' ? MDC.MDC_EVT_LO_LT_LIM.mdc : MDC.MDC_EVT_HI_GT_LIM.mdc,
    device: event.reading.device,
    metric: rule.metric,
    value,
    limit,
    because: event.id,
  });
  return { side: { is: 'on', standing, toldExcess: excess }, raised: raise(standing, event.atMs) };
}

function hold(rule: LimitRule, side: On, event: ReadingEvent, value: Decimal, excess: number): Judged {
  const deadband = rule.deadband === undefined ? 0 : toNumber(rule.deadband);
  const news = { value, because: event.id };
  if (excess <= -deadband) {
    const backSinceMs = waitingSince(side.backSinceMs, event.atMs);
    if (event.atMs - backSinceMs < (rule.offDelaySeconds ?? 0) * 1000) return { side: { ...side, backSinceMs } };
    return { side: WITHIN, raised: raise(next(side.standing, 'end', news), event.atMs) };
  }
  // Worse by more than the value's own trembling is news; better is not, until it ends.
  if (excess > side.toldExcess && excess >= rounded(side.toldExcess + deadband)) {
    const standing = next(side.standing, 'update', news);
    return { side: { is: 'on', standing, toldExcess: excess }, raised: raise(standing, event.atMs) };
  }
  const { standing, toldExcess } = side;
  return { side: side.backSinceMs === undefined ? side : { is: 'on', standing, toldExcess } };
}

/** Time that went back (a clock was set) starts a wait again, so that it stays bounded by the delay. */
function waitingSince(sinceMs: number | undefined, atMs: number): number {
  return sinceMs !== undefined && sinceMs <= atMs ? sinceMs : atMs;
}

/** Takes away the dust of binary fractions: 36.1 + 0.2 is 36.3. No metric has more than six decimals. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
