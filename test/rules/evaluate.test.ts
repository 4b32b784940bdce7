/** The fold over many lines: the same lines give the same alerts however they are cut, and a new plan keeps what is unchanged. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entryOf } from '../../agent/journal/contract.ts';
import { decimal } from '../../agent/reading/decimal.ts';
import type { Entry } from '../../agent/reading/entry.ts';
import {
  type AlertDraft,
  activeAlerts,
  enforce,
  evaluate,
  evaluateTime,
  NOTHING_SEEN,
  type RulesState,
} from '../../agent/rules/evaluate.ts';
import type { CarePlan, PlanRule } from '../../agent/rules/plan.ts';
import { brief, line, lines, moment, planOf, START_MS, type Told, tolds } from './lines.ts';

const LOW: PlanRule = {
  id: 'low',
  kind: 'limit',
  metric: 'MDC_PULS_OXIM_SAT_O2',
  low: decimal('88.0'),
  deadband: decimal('1'),
  onDelaySeconds: 3,
  offDelaySeconds: 2,
  zone: 'yellow',
  priority: 'medium',
  text: 'low',
};
const QUIET: PlanRule = {
  id: 'quiet',
  kind: 'silence',
  device: 'oximeter',
  withinSeconds: 10,
  zone: 'yellow',
  priority: 'low',
  text: 'silent',
};
const BLOCKED: PlanRule = {
  id: 'blocked',
  kind: 'fault',
  metric: 'MDCX_PUMP_ALARM',
  codes: ['AL_OCCL*'],
  zone: 'red',
  priority: 'high',
  text: 'blocked',
};
const PLAN: CarePlan = planOf(LOW, { ...LOW, id: 'lower', low: decimal('85.0') }, QUIET, BLOCKED);

const told: fc.Arbitrary<Omit<Told, 'at'>> = fc.oneof(
  fc.record({
    say: fc.constantFrom('84.0', '86.5', '87.9', '88.0', '89.0', '95.0', '150.0', 'absent:sensor-off'),
    late: fc.constantFrom(0, 0, 0, 1, 700),
    device: fc.constantFrom('oximeter', 'oximeter', 'other'),
  }),
  fc.record({
    say: fc.constantFrom('code:AL_OCCL', 'code:AL_NOALM'),
    metric: fc.constant('MDCX_PUMP_ALARM' as const),
    device: fc.constant('pump'),
  }),
);

/** A stretch of life: readings with pauses between them, now and then long ones. */
const life = fc.array(fc.tuple(fc.constantFrom(0, 0.5, 1, 1, 2, 15), told), { maxLength: 60 }).map((steps) => {
  let at = 0;
  return lines(
    steps.map(([pause, one]) => {
      at += pause;
      return { ...one, at };
    }),
  );
});

function throughJson(state: RulesState): RulesState {
  return JSON.parse(JSON.stringify(state));
}

describe('the fold', () => {
  it('gives the same alerts whether taken at once or cut anywhere with its state on disk between', () => {
    let alertsSeen = 0;
    fc.assert(
      fc.property(life, fc.array(fc.nat(60)), (all, cuts) => {
        const once = evaluate(PLAN, NOTHING_SEEN, all);
        const ends = [...new Set([...cuts.filter((cut) => cut < all.length), all.length])].sort((a, b) => a - b);
        let state = NOTHING_SEEN;
        let from = 0;
        const alerts: AlertDraft[] = [];
        for (const end of ends) {
          const part = evaluate(PLAN, throughJson(state), all.slice(from, end));
          alerts.push(...part.alerts);
          state = part.state;
          from = end;
        }
        expect(alerts).toEqual(once.alerts);
        expect(throughJson(state)).toEqual(throughJson(once.state));
        alertsSeen += once.alerts.length;
      }),
    );
    expect(alertsSeen).toBeGreaterThan(100);
  });

  it('gives the same alerts whether or not somebody looked at the clock between the lines', () => {
    fc.assert(
      fc.property(life, fc.array(fc.nat(59)), (all, looks) => {
        const once = evaluate(PLAN, NOTHING_SEEN, all);
        let state = NOTHING_SEEN;
        const alerts: AlertDraft[] = [];
        all.forEach((one, index) => {
          const { body } = entryOf(one) as Extract<Entry, { kind: 'reading' }>;
          const receivedS = (Date.parse(body.received.wall) - START_MS) / 1000;
          // Time never runs past a line that is still to come; a look at the clock before the first would put the plan in force earlier.
          const steps = [...(index > 0 && looks.includes(index) ? [evaluateTime(PLAN, state, moment(receivedS))] : [])];
          state = steps[0]?.state ?? state;
          const next = evaluate(PLAN, state, [one]);
          state = next.state;
          alerts.push(...steps.flatMap((step) => step.alerts), ...next.alerts);
        });
        expect(alerts).toEqual(once.alerts);
      }),
    );
  });

  it('never gives two entries one id, and every alert begins with start and is over after end', () => {
    fc.assert(
      fc.property(life, (all) => {
        const { alerts, state } = evaluate(PLAN, NOTHING_SEEN, all);
        expect(new Set(alerts.map(({ id }) => id)).size).toBe(alerts.length);
        const on = new Set<string>();
        for (const { body } of alerts) {
          expect(on.has(body.alert)).toBe(body.phase !== 'start');
          if (body.phase === 'end') on.delete(body.alert);
          else on.add(body.alert);
        }
        expect(new Set(activeAlerts(PLAN, state).map(({ alert }) => alert))).toEqual(on);
      }),
    );
  });

  it('leaves the state it was given as it was', () => {
    const before = evaluate(PLAN, NOTHING_SEEN, lines(tolds('0:87.0 2:87.0'))).state;
    const text = JSON.stringify(before);
    evaluate(PLAN, before, [line({ at: 3, say: '80.0' }, 3)]);
    expect(JSON.stringify(before)).toBe(text);
  });

  it.each([
    ['not JSON', '{"body":'],
    ['no body', '{}'],
    ['no times', '{"body":{"device":"a","metric":"MDC_PULS_OXIM_SAT_O2"}}'],
    ['a time that is none', '{"body":{"received":{"wall":"?"},"effective":{"at":"?"}}}'],
  ])('counts and passes over a line with %s', (_, json) => {
    const result = evaluate(PLAN, NOTHING_SEEN, [{ seq: 1, id: 'x', kind: 'reading', bytes: Buffer.from(json) }]);
    expect(result).toMatchObject({ alerts: [], unreadable: 1 });
  });

  it('does not read its own alerts', () => {
    const result = evaluate(PLAN, NOTHING_SEEN, [{ seq: 1, id: 'x', kind: 'alert', bytes: Buffer.from('anything') }]);
    expect(result).toMatchObject({ alerts: [], unreadable: 0 });
  });
});

describe('another plan', () => {
  const pending = evaluate(PLAN, NOTHING_SEEN, lines(tolds('0:86.0 2:86.0'))).state;
  const on = evaluate(PLAN, pending, [line({ at: 3, say: '86.0' }, 3)]).state;

  it('keeps the state of rules that are word for word the same, wherever they stand in it', () => {
    const next = { ...PLAN, version: 2, rules: [...PLAN.rules].reverse() };
    const moved = enforce(PLAN, next, pending, START_MS);
    expect(moved.alerts).toEqual([]);
    const after = evaluate(next, moved.state, [line({ at: 3, say: '86.0' }, 3)]);
    expect(after.alerts.map((alert) => [brief(alert), alert.body.plan])).toEqual([['start low 86.0 @3', 'plan@2']]);
  });

  it.each([
    ['changed', [{ ...LOW, onDelaySeconds: 4 }]],
    ['gone', []],
  ])('ends what a rule had raised that is %s', (_, rules) => {
    const next = planOf(...rules);
    const moved = enforce(PLAN, next, on, START_MS + 4000);
    expect(moved.alerts.map(brief)).toEqual(['end low 86.0 @4']);
    expect(activeAlerts(next, moved.state)).toEqual([]);
  });

  it('a changed rule waits its whole on-delay again', () => {
    const next = planOf({ ...LOW, text: 'other words' });
    const moved = enforce(PLAN, next, pending, START_MS + 2000);
    const after = evaluate(next, moved.state, lines(tolds('3:86.0 5:86.0 6:86.0')));
    expect(after.alerts.map(brief)).toEqual(['start low 86.0 @6']);
  });
});
