/** The limit rule: every transition of on-delay, deadband and off-delay, and what must not count. */
import { describe, expect, it } from 'vitest';
import { decimal } from '../../agent/reading/decimal.ts';
import { activeAlerts, evaluate, NOTHING_SEEN } from '../../agent/rules/evaluate.ts';
import type { LimitRule } from '../../agent/rules/plan.ts';
import { brief, lines, planOf, table, tolds } from './lines.ts';

const LOW: LimitRule = {
  id: 'spo2',
  kind: 'limit',
  metric: 'MDC_PULS_OXIM_SAT_O2',
  low: decimal('88.0'),
  deadband: decimal('1'),
  onDelaySeconds: 2.5,
  zone: 'yellow',
  priority: 'medium',
  text: 'low',
};

/** Below 88.0, deadband 1, on-delay 2.5 s, unless the row says otherwise. */
const DELAYS = table(`
inside: nothing                              |  | 0:95.0 9:88.5 |
equal to the limit is inside                 |  | 0:88.0 10:88.0 |
one reading beyond waits for the on-delay    |  | 0:87.9 |
just short of the on-delay                   |  | 0:87.0 2.4:87.0 |
exactly the on-delay                         |  | 0:87.0 2.5:86.0 | start spo2 86.0 @2.5
at one reading a second                      |  | 0:87.0 1:87.0 2:87.0 3:86.5 | start spo2 86.5 @3
a reading inside starts the wait anew        |  | 0:87.0 2:88.0 3:87.0 5:87.0 |
inside without deadband resets a pending one |  | 0:87.0 2:88.0 3:87.0 6:87.0 | start spo2 87.0 @6
no on-delay: at once                         | "onDelaySeconds":0 | 0:87.0 | start spo2 87.0 @0
inside, but not by the deadband: goes on     |  | 0:87.0 3:87.0 4:88.9 | start spo2 87.0 @3
inside by the deadband: ends                 |  | 0:87.0 3:87.0 4:89.0 | start spo2 87.0 @3, end spo2 89.0 @4
starts again after a whole on-delay          |  | 0:87.0 3:87.0 4:89.0 5:87.0 7:87.0 8:87.0 | start spo2 87.0 @3, end spo2 89.0 @4, start spo2 87.0 @8
off-delay: not before                        | "offDelaySeconds":5 | 0:87.0 3:87.0 4:90.0 8.9:90.0 | start spo2 87.0 @3
off-delay: exactly                           | "offDelaySeconds":5 | 0:87.0 3:87.0 4:90.0 9:90.0 | start spo2 87.0 @3, end spo2 90.0 @9
off-delay: starts anew within the deadband   | "offDelaySeconds":5 | 0:87.0 3:87.0 4:90.0 8:88.5 9:90.0 13:90.0 14:90.0 | start spo2 87.0 @3, end spo2 90.0 @14
off-delay: starts anew beyond the limit      | "offDelaySeconds":5 | 0:87.0 3:87.0 4:90.0 8:87.5 9:90.0 13:90.0 | start spo2 87.0 @3
worse by the deadband is an update           |  | 0:87.0 3:87.0 4:86.5 5:86.0 6:86.0 7:85.0 | start spo2 87.0 @3, update spo2 86.0 @5, update spo2 85.0 @7
better, and back to what was told, is none   |  | 0:85.0 3:85.0 4:87.0 5:85.0 | start spo2 85.0 @3
no deadband: the same value is no update     | "deadband":"0" | 0:87.0 3:87.0 4:87.0 5:86.9 | start spo2 87.0 @3, update spo2 86.9 @5
no deadband: on the limit is back            | "deadband":"0" | 0:87.0 3:87.0 4:88.0 | start spo2 87.0 @3, end spo2 88.0 @4
high side                                    | "low":"50","high":"90.0" | 0:90.1 3:91.0 4:89.1 5:89.0 | start spo2 91.0 @3, end spo2 89.0 @5
from one side to the other: two alerts       | "high":"95.0","onDelaySeconds":0 | 0:87.0 1:96.0 | start spo2 87.0 @0, end spo2 96.0 @1, start spo2 96.0 @1
binary fractions do not move the deadband    | "low":"36.1","deadband":"0.2","onDelaySeconds":0 | 0:36.0 1:36.3 | start spo2 36.0 @0, end spo2 36.3 @1
`);

const WHAT_COUNTS = table(`
absent does not reset a pending one             |  | 0:87.0 1:absent:sensor-off 3:87.0 | start spo2 87.0 @3
absent does not complete it                     |  | 0:87.0 9:absent:sensor-off |
absent does not end an alert                    |  | 0:87.0 3:87.0 4:absent:not-a-number | start spo2 87.0 @3
impossible neither resets nor completes         |  | 0:87.0 1:150.0 9:101 | start impossible-value 150.0 @1
another device is none of its business          | "onDelaySeconds":0,"device":"oximeter" | 0:50.0#other |
without device, each is judged by itself        |  | 0:87.0 1:95.0#other 3:87.0 4:95.0#other | start spo2 87.0 @3
late within the bound: when it was true decides |  | 0:87.0~600 3:87.0~600 | start spo2 87.0 @3
later than the bound: never alarms              |  | 0:80.0~600.001 3:80.0~601 |
later than the bound: never ends                | "onDelaySeconds":0 | 0:87.0 1:95.0~700 | start spo2 87.0 @0
a bound of its own                              | "onDelaySeconds":0,"freshSeconds":10 | 0:80.0~11 |
a period was true until its end                 | "onDelaySeconds":0 | 0:80.0~3600+3500 | start spo2 80.0 @3500
a device clock ahead: true when received        | "onDelaySeconds":0 | 3600:80.0~-3600 | start spo2 80.0 @0
stored, with a time: judged as late             |  | 0:80.0~5!from-storage 3:80.0~3!from-storage | start spo2 80.0 @3
stored, without a time: may be of any age       | "onDelaySeconds":0 | 0:80.0!from-storage? |
demonstration is not the patient                | "onDelaySeconds":0 | 0:80.0!demonstration |
a setting is not a measurement                  | "onDelaySeconds":0 | 0:80.0!setting |
a doubtful alert is better than none            | "onDelaySeconds":0 | 0:80.0!questionable | start spo2 80.0 @0
an older reading does not end a newer alert     | "onDelaySeconds":0 | 60:87.0 10:95.0~51 | start spo2 87.0 @60
nor start what a newer one denied               | "onDelaySeconds":0 | 60:95.0 10:80.0~51 |
a hub clock set back does not blind the rule    |  | 3600:95.0 0:87.0^3601 3:87.0^3604 | start spo2 87.0 @3
and starts the wait of a pending one anew       |  | 3600:87.0 0:87.0^3601 2:87.0^3603 3:87.0^3604 | start spo2 87.0 @3
`);

describe('limit', () => {
  it.each([...DELAYS, ...WHAT_COUNTS])('$name', ({ rule, told, alerts }) => {
    const result = evaluate(planOf({ ...LOW, ...rule }), NOTHING_SEEN, lines(tolds(told)));
    expect(result.alerts.map(brief)).toEqual(alerts);
  });

  it('leaves other metrics alone', () => {
    const pulse = lines([{ at: 0, say: '50', metric: 'MDC_PULS_OXIM_PULS_RATE' }]);
    expect(evaluate(planOf({ ...LOW, onDelaySeconds: 0 }), NOTHING_SEEN, pulse).alerts).toEqual([]);
  });

  it('says what decided, with its digits, under one id through all phases', () => {
    const plan = planOf(LOW);
    const all = lines(tolds('0:87.0 3:87.00 4:85.9 5:89.0'));
    const [first, second, third] = evaluate(plan, NOTHING_SEEN, all).alerts;
    expect(first).toEqual({
      id: 'spo2.e2.1',
      kind: 'alert',
      at: '2026-03-02T08:00:03.000Z',
      body: {
        alert: 'spo2.e2',
        phase: 'start',
        rule: 'spo2',
        plan: 'plan@1',
        type: 'physiological',
        priority: 'medium',
        zone: 'yellow',
        event: 196672,
        device: 'oximeter',
        metric: 'MDC_PULS_OXIM_SAT_O2',
        value: '87.00',
        limit: '88.0',
        text: 'low',
        because: 'e2',
      },
    });
    expect([second, third].map((draft) => [draft?.id, draft?.body.alert, draft?.body.because])).toEqual([
      ['spo2.e2.2', 'spo2.e2', 'e3'],
      ['spo2.e2.3', 'spo2.e2', 'e4'],
    ]);
    const on = activeAlerts(plan, evaluate(plan, NOTHING_SEEN, all.slice(0, 3)).state);
    expect(on.map(({ phase, value }) => [phase, value])).toEqual([['update', '85.9']]);
    expect(activeAlerts(plan, evaluate(plan, NOTHING_SEEN, all).state)).toEqual([]);
  });

  it('names the side in the event code', () => {
    const plan = planOf({ ...LOW, high: decimal('95.0'), onDelaySeconds: 0 });
    const { alerts } = evaluate(plan, NOTHING_SEEN, lines(tolds('0:80.0 1:96.0')));
    expect(alerts.map(({ body }) => body.event)).toEqual([196672, 196672, 196650]);
  });
});
