/** Faults and impossible values: what starts them, what ends them, what leaves them alone. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evaluate, NOTHING_SEEN } from '../../agent/rules/evaluate.ts';
import { matches } from '../../agent/rules/fault.ts';
import type { FaultRule } from '../../agent/rules/plan.ts';
import { brief, lines, planOf, type Told, table, tolds } from './lines.ts';

const OCCLUSION: FaultRule = {
  id: 'occl',
  kind: 'fault',
  metric: 'MDCX_PUMP_ALARM',
  device: 'pump',
  codes: ['AL_OCCL*'],
  event: 'MDC_EVT_FLUID_LINE_OCCL',
  zone: 'red',
  priority: 'high',
  text: 'blocked',
};

const FAULTS = table(`
no fault                               |  | 0:code:AL_NOALM 1:code:AL_VTBIS |
starts at once                         |  | 0:code:AL_NOALM 1:code:AL_OCCL | start occl AL_OCCL @1
is told once                           |  | 0:code:AL_OCCL 1:code:AL_OCCL | start occl AL_OCCL @0
another code of the pattern: an update |  | 0:code:AL_OCCL 1:code:AL_OCCL_UP 2:code:AL_OCCL_UP | start occl AL_OCCL @0, update occl AL_OCCL_UP @1
any other code ends it                 |  | 0:code:AL_OCCL 1:code:AL_VTBIS | start occl AL_OCCL @0, end occl AL_VTBIS @1
with clear codes, only they do         | "clear":["AL_NOALM"] | 0:code:AL_OCCL 1:code:AL_VTBIS 2:code:AL_NOALM | start occl AL_OCCL @0, end occl AL_NOALM @2
starts again after its end             |  | 0:code:AL_OCCL 1:code:AL_NOALM 2:code:AL_OCCL | start occl AL_OCCL @0, end occl AL_NOALM @1, start occl AL_OCCL @2
absent says nothing                    |  | 0:code:AL_OCCL 1:absent:invalid | start occl AL_OCCL @0
an old fault never alarms              |  | 0:code:AL_OCCL~601 |
an old all-clear never ends            |  | 0:code:AL_OCCL 1:code:AL_NOALM~601 | start occl AL_OCCL @0
another device is none of its business |  | 0:code:AL_OCCL#other |
bits by name, any of them              | "codes":["sensor-*"] | 0:bits:low-perfusion 1:bits:low-perfusion,sensor-off 2:bits: | start occl sensor-off @1, end occl  @2
`);

describe('fault', () => {
  it.each(FAULTS)('$name', ({ rule, told, alerts }) => {
    const said = tolds(told).map((one) => ({ device: 'pump', metric: OCCLUSION.metric, ...one }));
    expect(evaluate(planOf({ ...OCCLUSION, ...rule }), NOTHING_SEEN, lines(said)).alerts.map(brief)).toEqual(alerts);
  });

  it('is technical, under its MDC event, or the general one', () => {
    const all = lines([{ at: 0, say: 'code:AL_OCCL', device: 'pump', metric: 'MDCX_PUMP_ALARM' }]);
    const { event: _named, ...unnamed } = OCCLUSION;
    const told = [OCCLUSION, unnamed].map((rule) => evaluate(planOf(rule), NOTHING_SEEN, all).alerts[0]?.body);
    expect(told.map((body) => [body?.type, body?.event])).toEqual([
      ['technical', 196940],
      ['technical', 196616],
    ]);
  });
});

describe('patterns', () => {
  it.each([
    ['AL_OCCL*', 'AL_OCCL', true],
    ['AL_OCCL*', 'AL_OCC', false],
    ['AL_OCCL', 'AL_OCCL_UP', false],
    ['*', '', true],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['*b*c*', 'abxc', true],
    ['*c*b', 'abxc', false],
    ['ab*ab*ab', 'abab', false],
    ['AL.OCCL', 'AL_OCCL', false],
  ] as const)('%s on "%s": %s', (pattern, word, fits) => {
    expect(matches(pattern, word)).toBe(fits);
  });

  it('agree with the regular expression they stand for', () => {
    const part = fc.stringMatching(/^[ab]{0,3}$/);
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 4 }), fc.stringMatching(/^[ab]{0,8}$/), (parts, word) => {
        expect(matches(parts.join('*'), word)).toBe(new RegExp(`^${parts.join('.*')}$`).test(word));
      }),
    );
  });
});

describe('a value that is not possible (invariant 7)', () => {
  const SPO2_MANY: readonly Told[] = [
    { at: 0, say: '127.0' },
    { at: 1, say: '-1' },
    { at: 2, say: '100.0' },
    { at: 3, say: '100.1' },
  ];

  it('is one technical condition from the first to the next possible one, with no plan at all', () => {
    const { alerts } = evaluate(planOf(), NOTHING_SEEN, lines(SPO2_MANY));
    expect(alerts.map(brief)).toEqual([
      'start impossible-value 127.0 @0',
      'end impossible-value 100.0 @2',
      'start impossible-value 100.1 @3',
    ]);
    expect(alerts.map(({ body }) => [body.type, body.event, body.limit])).toEqual(
      Array(3).fill(['technical', 196920, '100']),
    );
  });

  it('is kept apart by device and metric', () => {
    const { alerts } = evaluate(
      planOf(),
      NOTHING_SEEN,
      lines([
        { at: 0, say: '127.0' },
        { at: 1, say: '95.0', device: 'other' },
        { at: 2, say: '60', metric: 'MDC_PULS_OXIM_PULS_RATE' },
      ]),
    );
    expect(alerts.map(brief)).toEqual(['start impossible-value 127.0 @0']);
  });

  it('alarms neither for history nor for metrics without bounds', () => {
    const all = lines([
      { at: 0, say: '127.0', late: 601 },
      { at: 1, say: 'code:AL_OCCL', metric: 'MDCX_PUMP_ALARM' },
    ]);
    expect(evaluate(planOf(), NOTHING_SEEN, all).alerts).toEqual([]);
  });
});
