/** Invariants 6 and 7: alerts and the state of the rules land together, and an alert has a start, an end, and nothing after it. */
import type { Alert, Entry } from '../../../agent/reading/entry.ts';
import { METRICS, type Metric } from '../../../agent/vocabulary/metrics.ts';
import type { Home } from '../home.ts';
import { first, type Invariant } from './invariant.ts';

type Phases = Map<string, Alert['phase']>;

/** What is wrong with the next phase of an alert, if anything. */
function follow(phases: Phases, { seq, body }: Entry & { readonly kind: 'alert' }): string | undefined {
  const { alert, phase } = body;
  const before = phases.get(alert);
  phases.set(alert, phase);
  if (before === 'end') return `entry ${seq}: ${phase} of ${alert}, which is over`;
  if (phase === 'start' && before !== undefined) return `entry ${seq}: ${alert} starts a second time`;
  if (phase !== 'start' && before === undefined) return `entry ${seq}: ${phase} of ${alert}, which never started`;
  return undefined;
}

function isOfRules({ rule }: Alert): boolean {
  return !rule.startsWith('hub-');
}

/** Where the disk lost alerts or the state of the rules, they cannot be held against each other any more. */
function isBroken({ evidence }: Home): boolean {
  return evidence.wasDestroyed;
}

export function judged(): readonly Invariant[] {
  const onDisk: Phases = new Map();
  let cursor = 0;

  const phasesInOrder: Invariant = {
    design: 6,
    name: 'an alert starts once, and nothing comes after its end',
    check: ({ home, fresh }) =>
      first(fresh.landings, ({ entries }) =>
        first(entries, (entry) => {
          const wrong = entry.kind === 'alert' ? follow(onDisk, entry) : undefined;
          return isBroken(home) ? undefined : wrong;
        }),
      ),
    atEnd: (home) => {
      const phases: Phases = new Map();
      if (isBroken(home) || home.hospital.rejected.size > 0 || home.hospital.renumbered.size > 0) return undefined;
      const inOrder = [...home.hospital.held.values()].sort((a, b) => a.entry.seq - b.entry.seq);
      return first(inOrder, ({ entry }) => entry.kind === 'alert' && follow(phases, entry));
    },
  };

  const standing: Phases = new Map();
  const landsTogether: Invariant = {
    design: 6,
    name: 'alerts, the state of the rules and their cursor land in one batch, and agree',
    check: ({ home, fresh }) =>
      first(fresh.landings, ({ entries, rules, headBefore }) => {
        const alerts = entries.filter((entry) => entry.kind === 'alert').filter(({ body }) => isOfRules(body));
        for (const { body } of alerts) standing.set(body.alert, body.phase);
        if (isBroken(home)) return undefined;
        if (!rules) return alerts.length > 0 && `alert ${alerts[0]?.seq} landed without the state that knows it`;
        const on = [...standing].filter(([, phase]) => phase !== 'end').map(([alert]) => alert);
        const unknown = on.find((alert) => !rules.standing.has(alert));
        if (unknown !== undefined) return `${unknown} is on, and the state of the rules does not know it`;
        const invented = [...rules.standing].find((alert) => !on.includes(alert));
        if (invented !== undefined) return `the state of the rules has ${invented} on, and no entry says so`;
        if (rules.cursor < cursor) return `the cursor of the rules went back from ${cursor} to ${rules.cursor}`;
        cursor = rules.cursor;
        return rules.cursor > headBefore && `the cursor is at ${rules.cursor}, and ${headBefore} was the newest entry`;
      }),
  };

  const impossibleIsTechnical: Invariant = {
    design: 7,
    name: 'a value that no body can have raises no physiological alert',
    check: ({ freshHeld }) =>
      first(freshHeld, ({ entry }) => {
        if (entry.kind !== 'alert' || entry.body.type === 'technical' || entry.body.metric === undefined) return false;
        const { possible }: Metric = METRICS[entry.body.metric];
        const value = Number(entry.body.value);
        return possible && (value < possible[0] || value > possible[1]) && `alert ${entry.seq} was raised by ${value}`;
      }),
  };

  return [phasesInOrder, landsTogether, impossibleIsTechnical];
}
