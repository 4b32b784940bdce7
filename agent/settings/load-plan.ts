/** From care-plan.json to a CarePlan, or to everything that is wrong with it at once. A refusal is a value: it never stops monitoring. */
import { isDecimal, toNumber } from '../reading/decimal.ts';
import { type CarePlan, HOUSE_RULES, type LimitRule, type SilenceRule } from '../rules/plan.ts';
import { MDC, type MdcRow } from '../vocabulary/mdc.ts';
import { isMetricName, METRICS, type Metric } from '../vocabulary/metrics.ts';
import { type Complaint, shown } from './complaint.ts';
import { isObject, type KnownDriver } from './load-settings.ts';
import { nearest } from './nearest.ts';
import { schemaComplaints } from './schema.ts';
import type { DeviceSettings } from './settings.ts';
import { parseText, readText } from './text-file.ts';

export type LoadedPlan = { readonly plan: CarePlan } | { readonly complaints: readonly Complaint[] };

/** What the plan is about: a rule on a device that is not here, or that cannot see the metric, would never speak. */
export interface PlanContext {
  readonly devices: readonly Pick<DeviceSettings, 'id' | 'driver'>[];
  readonly drivers: readonly KnownDriver[];
}

export const PLAN_FILE = 'care-plan.json';

export function loadPlan(folder: string, context: PlanContext): LoadedPlan {
  const read = readText(folder, PLAN_FILE);
  return 'text' in read ? checkPlan(read.text, context) : read;
}

/** For a plan that came as a text, as from the hospital. */
export function checkPlan(text: string, context: PlanContext): LoadedPlan {
  const parsed = parseText(PLAN_FILE, text);
  if (!('value' in parsed)) return parsed;
  const complaints = [
    ...schemaComplaints('care-plan', PLAN_FILE, parsed.value),
    ...beyondSchema(parsed.value, context).map((complaint) => ({ file: PLAN_FILE, ...complaint })),
  ];
  return complaints.length > 0 ? { complaints } : { plan: parsed.value as CarePlan };
}

type Finding = Omit<Complaint, 'file'>;
type Unsure = { readonly [K in keyof (LimitRule & Omit<SilenceRule, 'kind'>) | 'event']?: unknown };

function beyondSchema(value: unknown, context: PlanContext): readonly Finding[] {
  if (!isObject(value)) return [];
  const plan: { readonly rules?: unknown } = value;
  const rules: readonly unknown[] = Array.isArray(plan.rules) ? plan.rules : [];
  const seen = new Map<unknown, number>();
  return rules.flatMap((rule, index) => {
    if (!isObject(rule)) return [];
    const unsure: Unsure = rule;
    const twin = seen.get(unsure.id);
    if (unsure.id !== undefined && twin === undefined) seen.set(unsure.id, index);
    const findings = [
      ...(twin === undefined
        ? []
        : [{ path: 'id', found: `the id of rules[${twin}] as well`, expected: 'give each rule its own id' }]),
      ...(HOUSE_RULES.some(({ id }) => id === unsure.id)
        ? [{ path: 'id', found: shown(unsure.id), expected: 'this id is reserved; take another' }]
        : []),
      ...aboutMetric(unsure),
      ...aboutDevice(unsure, context),
      ...aboutLimits(unsure),
      ...aboutEvent(unsure),
    ];
    return findings.map((finding) => ({ ...finding, path: `rules[${index}].${finding.path}` }));
  });
}

function aboutMetric({ metric, kind }: Unsure): readonly Finding[] {
  if (typeof metric !== 'string') return [];
  if (!isMetricName(metric)) {
    const names = Object.entries(METRICS);
    const meant =
      names.find(([, { label }]) => label.toLowerCase() === metric.toLowerCase())?.[0] ??
      nearest(metric, Object.keys(METRICS));
    const expected =
      meant === undefined ? 'hjemmebro drivers lists the metrics of each device' : `did you mean "${meant}"?`;
    return [{ path: 'metric', found: `no metric ${shown(metric)}`, expected }];
  }
  const isNumber = 'unit' in METRICS[metric];
  if (kind === 'limit' && !isNumber) {
    return [
      {
        path: 'metric',
        found: `${metric} is not a number`,
        expected: 'a limit needs a number; use a fault rule for codes',
      },
    ];
  }
  if (kind === 'fault' && isNumber) {
    return [
      {
        path: 'metric',
        found: `${metric} is a number`,
        expected: 'a fault needs a metric with codes; use a limit rule for numbers',
      },
    ];
  }
  return [];
}

function aboutDevice({ device, metric }: Unsure, { devices, drivers }: PlanContext): readonly Finding[] {
  if (typeof device !== 'string') return [];
  const known = devices.find(({ id }) => id === device);
  if (!known) {
    const ids = devices.map(({ id }) => id);
    const meant = nearest(device, ids);
    const hint = meant === undefined ? '' : `did you mean "${meant}"? `;
    return [
      {
        path: 'device',
        found: `no device ${shown(device)} in hub.json`,
        expected: `${hint}known: ${ids.join(', ') || 'none'}`,
      },
    ];
  }
  const driver = drivers.find(({ id }) => id === known.driver);
  if (!driver || typeof metric !== 'string' || !isMetricName(metric) || metric in driver.observes) return [];
  const expected = `expected one of ${Object.keys(driver.observes).join(', ')}`;
  return [{ path: 'metric', found: `${driver.id} does not observe ${metric}`, expected }];
}

function aboutLimits({ kind, metric, low, high, deadband }: Unsure): readonly Finding[] {
  if (kind !== 'limit') return [];
  const findings: Finding[] = [];
  const numbers = { low: numberIn(low), high: numberIn(high), deadband: numberIn(deadband) };
  if (low === undefined && high === undefined)
    findings.push({ path: 'low', found: 'missing', expected: 'add "low", "high" or both' });
  if (numbers.low !== undefined && numbers.high !== undefined && numbers.low >= numbers.high) {
    findings.push({
      path: 'low',
      found: `${shown(low)} is not below high ${shown(high)}`,
      expected: 'expected low < high',
    });
  }
  if (numbers.deadband !== undefined && numbers.deadband < 0) {
    findings.push({ path: 'deadband', found: shown(deadband), expected: 'expected "0" or more' });
  }
  if (typeof metric !== 'string' || !isMetricName(metric)) return findings;
  const { possible, unit = '' }: Metric = METRICS[metric];
  for (const key of ['low', 'high'] as const) {
    const limit = numbers[key];
    if (!possible || limit === undefined || (limit >= possible[0] && limit <= possible[1])) continue;
    const expected = `expected ${possible[0]} to ${possible[1]} ${unit}: beyond that no value is possible`;
    findings.push({ path: key, found: shown(String(limit)), expected });
  }
  return findings;
}

function numberIn(value: unknown): number | undefined {
  return typeof value === 'string' && isDecimal(value) ? toNumber(value) : undefined;
}

function aboutEvent({ event }: Unsure): readonly Finding[] {
  if (typeof event !== 'string') return [];
  const rows: Readonly<Record<string, MdcRow>> = MDC;
  const row = Object.hasOwn(rows, event) ? rows[event] : undefined;
  if (row?.partition === 3 && row.status !== 'withdrawn') return [];
  const events = Object.keys(rows).filter((name) => rows[name]?.partition === 3 && rows[name]?.status !== 'withdrawn');
  const meant = nearest(event, events);
  const expected =
    meant === undefined
      ? 'expected the name of an MDC event, as "MDC_EVT_FLUID_LINE_OCCL"'
      : `did you mean "${meant}"?`;
  return [
    {
      path: 'event',
      found: row?.status === 'withdrawn' ? `${event} is withdrawn` : `no event ${shown(event)}`,
      expected,
    },
  ];
}
