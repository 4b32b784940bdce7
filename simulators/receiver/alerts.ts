/** Which alerts are standing, by what the hub said last of each; nothing is judged here. */
import { brief } from './bounded.ts';
import type { Entry } from './entry.ts';

export interface Standing {
  readonly alert: string;
  readonly phase: string;
  /** Number and time, by the hub's clock, of what was said last. */
  readonly seq: number;
  readonly at: string;
  readonly rule?: string;
  readonly type?: string;
  readonly priority?: string;
  readonly zone?: string;
  readonly device?: string;
  readonly text?: string;
}

export interface AlertsState {
  readonly heard: readonly Standing[];
  readonly forgotten: number;
}

export interface Alerts {
  take(entry: Entry): void;
  /** In the order in which the hub wrote them. */
  standing(): readonly Standing[];
  /** Alerts that stood and are not remembered any more. */
  readonly forgotten: number;
  state(): AlertsState;
}

/**
 * Alerts remembered, standing or ended: the end may come before the start. At the bound the one that was said longest ago goes,
 * ended ones first, and is counted where it stood.
 */
const ALERTS_MOST = 2_000;

export function openAlerts(start: AlertsState = { heard: [], forgotten: 0 }): Alerts {
  const heard = new Map(start.heard.map((each) => [each.alert, each]));
  let { forgotten } = start;

  function forgetOne(): void {
    const all = [...heard.values()].sort((a, b) => a.seq - b.seq);
    const victim = all.find(({ phase }) => phase === 'end') ?? all[0];
    if (victim === undefined) return;
    heard.delete(victim.alert);
    if (victim.phase !== 'end') forgotten += 1;
  }

  return {
    take: (entry) => {
      if (entry.kind !== 'alert' || typeof entry.body.alert !== 'string') return;
      const alert = brief(entry.body.alert);
      const before = heard.get(alert);
      if (before !== undefined && before.seq > entry.seq) return;
      heard.set(alert, standingOf(alert, entry));
      if (heard.size > ALERTS_MOST) forgetOne();
    },
    standing: () => [...heard.values()].filter(({ phase }) => phase !== 'end').sort((a, b) => a.seq - b.seq),
    state: () => ({ heard: [...heard.values()], forgotten }),
    get forgotten() {
      return forgotten;
    },
  };
}

/** What an `end` stood for need not be remembered, only that it ended. */
function standingOf(alert: string, { seq, at, body }: Entry & { readonly kind: 'alert' }): Standing {
  const said = { alert, phase: brief(body.phase), seq, at };
  if (body.phase === 'end') return said;
  const { rule, type, priority, zone, device, text } = body;
  return {
    ...said,
    rule: brief(rule),
    type: brief(type),
    priority: brief(priority),
    zone: brief(zone),
    text: brief(text),
    ...(device !== undefined && { device: brief(device) }),
  };
}
