/** The care plan: what is watched for one patient, as data. */
import type { Decimal } from '../reading/decimal.ts';
import type { Priority, Zone } from '../reading/entry.ts';
import type { MdcName } from '../vocabulary/mdc.ts';
import type { MetricName } from '../vocabulary/metrics.ts';

interface RuleFacts {
  /** Handle within the plan; the state of a rule and the identity of its alerts hang on it. */
  readonly id: string;
  readonly priority: Priority;
  readonly zone: Zone;
  /** What a person is told, in the language of the plan. */
  readonly text: string;
}

interface LiveOnly {
  /** A reading that was older than this when it was received never alarms, seconds (1..86400, default 600). */
  readonly freshSeconds?: number;
}

/** A number beyond a limit. Equal to the limit is within it. */
export interface LimitRule extends RuleFacts, LiveOnly {
  readonly kind: 'limit';
  readonly metric: MetricName;
  /** Left out: every device that observes the metric, each judged by itself. */
  readonly device?: string;
  /** In the metric's unit. At least one of low and high is there, and low < high. */
  readonly low?: Decimal;
  readonly high?: Decimal;
  /** How far back inside the limit the value must come before the alert can end, in the metric's unit (default 0). */
  readonly deadband?: Decimal;
  /** How long the value must be beyond the limit before the alert starts, seconds of effective time (default 0). */
  readonly onDelaySeconds?: number;
  /** How long it must be back inside by the deadband before the alert ends, seconds of effective time (default 0). */
  readonly offDelaySeconds?: number;
}

/** Nothing heard for too long: a technical alert. */
export interface SilenceRule extends RuleFacts {
  readonly kind: 'silence';
  readonly device: string;
  /** With a metric, only readings that hold a value of it count, and they count from when they were true. */
  readonly metric?: MetricName;
  readonly withinSeconds: number;
}

/** The device says itself that something is wrong: a technical alert. */
export interface FaultRule extends RuleFacts, LiveOnly {
  readonly kind: 'fault';
  readonly metric: MetricName;
  readonly device?: string;
  /** Codes, or names of bits, that start the alert; `*` stands for any characters. */
  readonly codes: readonly string[];
  /** Codes that end it; left out, any code that does not start it ends it. */
  readonly clear?: readonly string[];
  /** What it is called in MDC; default MDC_EVT_ALARM. */
  readonly event?: MdcName;
}

/** A value that no body and no device can have (invariant 7). In force for every metric, whatever the plan. */
export interface ImpossibleRule extends RuleFacts, LiveOnly {
  readonly kind: 'impossible';
}

/** What a plan may hold. */
export type PlanRule = LimitRule | SilenceRule | FaultRule;
export type Rule = PlanRule | ImpossibleRule;

export interface CarePlan {
  readonly id: string;
  /** Counts up; the hospital signs each version. */
  readonly version: number;
  /** Language of the texts (BCP 47). */
  readonly language: string;
  readonly rules: readonly PlanRule[];
}

export const DEFAULT_FRESH_SECONDS = 600;

/** What is watched in every home. The ids are reserved. */
export const HOUSE_RULES: readonly ImpossibleRule[] = [
  {
    id: 'impossible-value',
    kind: 'impossible',
    priority: 'low',
    zone: 'yellow',
    text: 'The device sent a value that is not possible. Check the sensor and how it is worn.',
  },
];

/** In force where there is no plan: the house rules alone. */
export const NO_PLAN: CarePlan = { id: 'none', version: 0, language: 'en', rules: [] };

/** How an alert names the plan it was raised under. */
export function planRef(plan: CarePlan): string {
  return `${plan.id}@${plan.version}`;
}

export function rulesOf(plan: CarePlan): readonly Rule[] {
  return [...HOUSE_RULES, ...plan.rules];
}
