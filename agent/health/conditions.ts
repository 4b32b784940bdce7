/** What is wrong with the hub itself, as technical alerts: each with its delay, told like any other alert and ended when it is over. */
import type { Journal } from '../journal/contract.ts';
import type { Alert, AlertPhase, Draft, Priority, Zone } from '../reading/entry.ts';
import { ownId } from '../reading/identity.ts';
import { MDC } from '../vocabulary/mdc.ts';
import { rfc3339, type World } from '../world.ts';

export type ConditionName =
  | 'journal-not-writable'
  | 'journal-alerts-only'
  | 'alert-unconfirmed'
  | 'name-taken'
  | 'clock-unknown';

interface Condition {
  readonly priority: Priority;
  readonly zone: Zone;
  readonly event: keyof typeof MDC;
  readonly text: string;
  /** How long it must hold before it is told, milliseconds: what passes by itself needs nobody. */
  readonly afterMs: number;
}

const CONDITIONS: Readonly<Record<ConditionName, Condition>> = {
  'journal-not-writable': {
    priority: 'medium',
    zone: 'yellow',
    event: 'MDC_EVT_MALF',
    text: 'The hub cannot write readings down. Alerts still work here, but readings do not reach the hospital and would not survive a power cut. Have the hub checked.',
    afterMs: 5_000,
  },
  'journal-alerts-only': {
    priority: 'medium',
    zone: 'yellow',
    event: 'MDC_EVT_MALF',
    text: 'The hub has no room for more readings; only alerts are written down. Have the hub checked.',
    afterMs: 5_000,
  },
  'alert-unconfirmed': {
    priority: 'high',
    zone: 'red',
    event: 'MDC_EVT_COMM_STATUS_CHANGE',
    text: 'The hospital has not confirmed an alert. If you need help now, call.',
    afterMs: 0, // the age of the alert is the delay
  },
  'name-taken': {
    priority: 'medium',
    zone: 'yellow',
    event: 'MDC_EVT_MALF',
    text: 'Another hub sends under the name of this one. Have the hub checked.',
    afterMs: 0,
  },
  'clock-unknown': {
    priority: 'low',
    zone: 'yellow',
    event: 'MDC_EVT_ADVIS_SETTINGS_CHK',
    text: 'The hub does not know what time it is. Readings are kept, and dated later.',
    afterMs: 10 * 60_000,
  },
};

/** An alert without an answer for so long is told: at home, where somebody can use a telephone. */
export const UNCONFIRMED_AFTER_MS = 120_000;

export interface Conditions {
  /** What holds now; everything else does not. */
  look(holding: ReadonlySet<ConditionName>): void;
  /** Told and not over. */
  standing(): readonly Alert[];
  onAlert(listener: (alert: Alert) => void): () => void;
}

const NAME = 'conditions';
const RULE_PREFIX = 'hub-';

/** Whether an alert is one of these: the hub's own, about itself. */
export function isAboutHub({ rule }: Pick<Alert, 'rule'>): boolean {
  return rule.startsWith(RULE_PREFIX);
}

export function openConditions(world: World, journal: Journal): Conditions {
  const listeners = new Set<(alert: Alert) => void>();
  const sinceMs = new Map<ConditionName, number>();
  const told = new Map<ConditionName, Alert>(Object.entries(restored()) as [ConditionName, Alert][]);
  let ordinal = 0;

  function restored(): Readonly<Record<string, Alert>> {
    try {
      const kept: unknown = JSON.parse(journal.kept(NAME) ?? '{}');
      return typeof kept === 'object' && kept !== null ? (kept as Record<string, Alert>) : {};
    } catch {
      return {}; // what still holds is told again
    }
  }

  function tell(alert: Alert): void {
    const received = { boot: world.boot, monotonicMs: world.monotonicMs() };
    const id = ownId(`${alert.alert} ${alert.phase}`, received, String(ordinal++));
    const draft: Draft = { id, kind: 'alert', at: rfc3339(world.wallMs()), body: alert, fresh: true };
    const kept = JSON.stringify(Object.fromEntries(told));
    // On a disk that takes nothing it is heard all the same, and written when that can be; a full journal has told of itself.
    journal.append([draft], { [NAME]: kept }).catch(() => undefined);
    for (const listener of listeners) listener(alert);
  }

  function start(name: ConditionName): void {
    const { priority, zone, event, text } = CONDITIONS[name];
    const alert: Alert = {
      alert: `${RULE_PREFIX}${name}.${world.boot}.${Math.round(world.monotonicMs())}`,
      phase: 'start',
      rule: `${RULE_PREFIX}${name}`,
      plan: 'hub@1',
      type: 'technical',
      priority,
      zone,
      event: MDC[event].mdc,
      text,
    };
    told.set(name, alert);
    tell(alert);
  }

  function end(name: ConditionName, alert: Alert): void {
    told.delete(name);
    tell({ ...alert, phase: 'end' satisfies AlertPhase });
  }

  return {
    look: (holding) => {
      for (const [name, alert] of told) if (!holding.has(name)) end(name, alert);
      for (const name of sinceMs.keys()) if (!holding.has(name)) sinceMs.delete(name);
      for (const name of holding) {
        const since = sinceMs.get(name) ?? world.monotonicMs();
        sinceMs.set(name, since);
        if (!told.has(name) && world.monotonicMs() - since >= CONDITIONS[name].afterMs) start(name);
      }
    },
    standing: () => [...told.values()],
    onAlert: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
