/** Invariant 6, seen from the far end: the alerts at the hospital are what the plan gives over the readings at the hospital. */
import type { Line } from '../../../agent/journal/contract.ts';
import { evaluate, NOTHING_SEEN } from '../../../agent/rules/evaluate.ts';
import type { Home } from '../home.ts';
import type { Plan } from '../plan.ts';
import { first, type Invariant } from './invariant.ts';

/** What time alone does not decide. */
const JUDGED = ['spo2-low', 'weight-high', 'pump-blocked', 'impossible-value'];

/** Readings that were judged and are not at the hospital, or a plan that changed: then the fold sees something else than the hub did. */
function isWellDefined({ evidence, hospital, service }: Home, { hadDiskTrouble }: Plan): boolean {
  const isWhole = evidence.explained().length === 0 && hospital.rejected.size === 0 && hospital.renumbered.size === 0;
  return isWhole && !evidence.wasDestroyed && !service.hasChangedPlan && !hadDiskTrouble;
}

export const alertsAsFolded: Invariant = {
  design: 6,
  name: 'the alerts at the hospital are those that a fold over its readings gives',
  atEnd: (home, plan) => {
    if (!isWellDefined(home, plan)) return undefined;
    const inOrder = [...home.hospital.held.values()].sort((a, b) => a.entry.seq - b.entry.seq);
    const lines: Line[] = inOrder.map(({ entry: { seq, id, kind }, text }) => ({
      seq,
      id,
      kind,
      bytes: Buffer.from(text),
    }));
    const folded = evaluate(home.service.plan, NOTHING_SEEN, lines).alerts.filter(({ body }) =>
      JUDGED.includes(body.rule),
    );
    const expected = new Set(folded.map(({ id, body }) => `${id} (${body.phase})`));
    home.trace.tally('folded alerts', expected.size);
    const held = new Set(
      inOrder.flatMap(({ entry }) =>
        entry.kind === 'alert' && JUDGED.includes(entry.body.rule) ? [`${entry.id} (${entry.body.phase})`] : [],
      ),
    );
    return (
      first(expected, (alert) => !held.has(alert) && `the hospital lacks ${alert}`) ??
      first(held, (alert) => !expected.has(alert) && `its readings do not give ${alert}`)
    );
  },
};
