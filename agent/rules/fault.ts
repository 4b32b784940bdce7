/** The device's own words for what is wrong with it: codes or bits that start an alert and end it. */
import { MDC } from '../vocabulary/mdc.ts';
import { next, type Raised, raise, type Standing, start } from './condition.ts';
import { isLive, type ReadingEvent } from './event.ts';
import type { FaultRule } from './plan.ts';

export interface FaultState {
  readonly kind: 'fault';
  readonly standing?: Standing;
}

export const FAULT_AT_REST: FaultState = { kind: 'fault' };

export function stepFault(
  rule: FaultRule,
  state: FaultState,
  event: ReadingEvent,
): { state: FaultState; alerts: readonly Raised[] } {
  const said = wordsOf(event);
  if (said === undefined || !isLive(event, rule.freshSeconds)) return { state, alerts: [] };
  const { standing } = state;
  const fault = said.find((word) => rule.codes.some((pattern) => matches(pattern, word)));

  if (fault !== undefined) {
    if (standing?.condition.value === fault) return { state, alerts: [] };
    const told = standing
      ? next(standing, 'update', { value: fault, because: event.id })
      : start(rule, event.id, {
          type: 'technical',
          event: MDC[rule.event ?? 'MDC_EVT_ALARM'].mdc,
          device: event.reading.device,
          metric: rule.metric,
          value: fault,
          because: event.id,
        });
    return { state: { kind: 'fault', standing: told }, alerts: [raise(told, event.atMs)] };
  }

  const { clear } = rule;
  const cleared = clear === undefined || said.some((word) => clear.some((pattern) => matches(pattern, word)));
  if (!standing || !cleared) return { state, alerts: [] };
  const ended = next(standing, 'end', { value: said.join(' '), because: event.id });
  return { state: FAULT_AT_REST, alerts: [raise(ended, event.atMs)] };
}

/** One code, or the names of all bits that are set; absent and other kinds say nothing either way. */
function wordsOf({ reading }: ReadingEvent): readonly string[] | undefined {
  if ('code' in reading) return [reading.code];
  if ('bits' in reading) return reading.bits;
  return undefined;
}

/** `*` stands for any characters, also none. Linear in the word: a pattern is data and may be hostile. */
export function matches(pattern: string, word: string): boolean {
  const [head = '', ...rest] = pattern.split('*');
  const tail = rest.pop();
  if (tail === undefined) return word === pattern;
  if (!word.startsWith(head) || !word.endsWith(tail) || word.length < head.length + tail.length) return false;
  let from = head.length;
  for (const part of rest) {
    const found = word.indexOf(part, from);
    if (found < 0 || found + part.length > word.length - tail.length) return false;
    from = found + part.length;
  }
  return true;
}
