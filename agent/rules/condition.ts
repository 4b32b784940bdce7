/** An alert condition from its start to its end: one id, numbered phases, IHE ACM (PCD-04) phase names. */
import type { Alert, AlertPhase } from '../reading/entry.ts';
import type { Rule } from './plan.ts';

/** An alert without its plan, which the fold adds. */
export type Condition = Omit<Alert, 'plan'>;

/** What a rule says at one moment. */
export interface Raised {
  /** Unique and stable: the same lines give the same ids, so that telling twice is harmless (invariant 8). */
  readonly id: string;
  /** When the condition held, milliseconds since 1970 UTC; not when it was computed. */
  readonly atMs: number;
  readonly condition: Condition;
}

/** A condition that is on, as last told. */
export interface Standing {
  readonly told: number;
  readonly condition: Condition;
}

/** What differs from alert to alert. */
export type Particulars = Pick<Condition, 'type' | 'event'> &
  Partial<Pick<Condition, 'device' | 'metric' | 'value' | 'limit' | 'because'>>;

/** A condition comes on. `cause` is the entry that decided; no entry can start a rule twice, so that the id is unique. */
export function start(rule: Rule, cause: string, particulars: Particulars): Standing {
  return {
    told: 1,
    condition: {
      alert: `${rule.id}.${cause}`,
      phase: 'start',
      rule: rule.id,
      priority: rule.priority,
      zone: rule.zone,
      text: rule.text,
      ...particulars,
    },
  };
}

/** The next phase of a condition. */
export function next(
  standing: Standing,
  phase: AlertPhase,
  news: Partial<Pick<Condition, 'value' | 'because' | 'text'>>,
): Standing {
  return { told: standing.told + 1, condition: { ...standing.condition, ...news, phase } };
}

export function raise(standing: Standing, atMs: number): Raised {
  return { id: `${standing.condition.alert}.${standing.told}`, atMs, condition: standing.condition };
}
