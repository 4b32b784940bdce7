/** The silence rule: what counts as heard, when time runs out, and what a clock that is set does to it. */
import { describe, expect, it } from 'vitest';
import { evaluate, evaluateTime, NOTHING_SEEN } from '../../agent/rules/evaluate.ts';
import type { SilenceRule } from '../../agent/rules/plan.ts';
import { brief, line, moment, planOf, table, tolds } from './lines.ts';

const QUIET: SilenceRule = {
  id: 'quiet',
  kind: 'silence',
  device: 'oximeter',
  withinSeconds: 60,
  zone: 'yellow',
  priority: 'low',
  text: 'silent',
};

/** `@60` is a look at the clock at second 60; `@3660^60` gives the second of the monotonic clock as well. */
const DEVICE = table(`
counts from when the plan came into force      |  | @0 @59.9 |
never heard: starts when the time is out       |  | @0 @59.9 @60.7 | start quiet @60
is told once                                   |  | @0 @61 @62 @500 | start quiet @60
each reading starts the wait anew              |  | @0 50:95.0 @100 109:95.0 @168 |
heard and then silent                          |  | @0 50:95.0 @109.9 @110.2 | start quiet @110
the next reading ends it                       |  | @0 @61 90:95.0 @91 | start quiet @60, end quiet @90
a line after the time is out tells it, ends it |  | @0 70:95.0 | start quiet @60, end quiet @70
whatever the device says is heard              |  | @0 50:absent:sensor-off @100 |
stored readings are heard from the device      |  | @0 -5000:95.0~5050 @100 |
another device is not                          |  | @0 50:95.0#other @61 | start quiet @60
a clock set forward is no silence              |  | @0 50:95.0 @3660^60 @3709^109 |
a clock set forward: the wait goes on          |  | @0 50:95.0 @3660^60 @3711^111 | start quiet @3710
a clock set back does not blind it             |  | @3600 @0^3600 @59^3659 @61^3661 | start quiet @60
`);

const METRIC = table(`
a value is heard from when it was true | "metric":"MDC_PULS_OXIM_SAT_O2" | @0 20:95.0~30 @79 @81 | start quiet @80
absent is not heard                    | "metric":"MDC_PULS_OXIM_SAT_O2" | @0 50:absent:sensor-off @61 | start quiet @60
another metric is not heard            | "metric":"MDC_PULS_OXIM_PULS_RATE" | @0 50:95.0 @61 | start quiet @60
history is no news                     | "metric":"MDC_PULS_OXIM_SAT_O2" | @0 -500:95.0~550 @61 | start quiet @60
history does not end it                | "metric":"MDC_PULS_OXIM_SAT_O2" | @0 @61 0:95.0~62 @63 | start quiet @60
a fresh value ends it                  | "metric":"MDC_PULS_OXIM_SAT_O2" | @0 @61 62:95.0~5 @68 | start quiet @60, end quiet @67
`);

/** Every state goes through JSON, as it does on disk. */
function play(rule: SilenceRule, happens: string): readonly string[] {
  const plan = planOf(rule);
  let state = NOTHING_SEEN;
  return happens.split(' ').flatMap((happening, index) => {
    const [wall, monotonic] = happening.startsWith('@') ? happening.slice(1).split('^').map(Number) : [];
    const told = wall === undefined ? tolds(happening) : [];
    const result =
      wall === undefined
        ? evaluate(
            plan,
            state,
            told.map((one) => line(one, index + 1)),
          )
        : evaluateTime(plan, state, moment(wall, monotonic));
    state = JSON.parse(JSON.stringify(result.state));
    return result.alerts.map(brief);
  });
}

describe('silence', () => {
  it.each(DEVICE)('of a device: $name', ({ rule, told, alerts }) => {
    expect(play({ ...QUIET, ...rule }, told)).toEqual(alerts);
  });

  it.each(METRIC)('of a metric: $name', ({ rule, told, alerts }) => {
    expect(play({ ...QUIET, ...rule }, told)).toEqual(alerts);
  });

  it('over a restart with the clock back: late by one wait at most', () => {
    const plan = planOf(QUIET);
    const before = evaluateTime(plan, NOTHING_SEEN, moment(3600)).state;
    const after = evaluateTime(plan, before, { ...moment(0), boot: 'another' });
    expect(after.alerts).toEqual([]);
    const later = evaluateTime(plan, after.state, { ...moment(60), boot: 'another' });
    expect(later.alerts.map(brief)).toEqual(['start quiet @60']);
  });

  it('a restart does not restart the wait', () => {
    const plan = planOf(QUIET);
    const before = evaluateTime(plan, NOTHING_SEEN, moment(0)).state;
    const after = evaluateTime(plan, before, { ...moment(61, 0), boot: 'another' });
    expect(after.alerts.map(brief)).toEqual(['start quiet @60']);
  });

  it('is technical, and says device or metric', () => {
    const told = [QUIET, { ...QUIET, metric: 'MDC_PULS_OXIM_SAT_O2' as const }].map((rule) => {
      const began = evaluateTime(planOf(rule), NOTHING_SEEN, moment(0)).state;
      return evaluateTime(planOf(rule), began, moment(60)).alerts[0]?.body;
    });
    expect(told.map((body) => [body?.type, body?.event, body?.metric, body?.device, body?.limit])).toEqual([
      ['technical', 196630, undefined, 'oximeter', '60'],
      ['technical', 197192, 'MDC_PULS_OXIM_SAT_O2', 'oximeter', '60'],
    ]);
  });
});
