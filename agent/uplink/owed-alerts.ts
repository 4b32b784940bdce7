/** Alerts without the hospital's receipt: how old the oldest is, and whether somebody at home should know (a metric and a condition). */
import { entryOf, type Journal, type Line } from '../journal/contract.ts';
import type { Alert } from '../reading/entry.ts';
import type { World } from '../world.ts';

export interface OwedAlerts {
  /** Newly journaled lines. */
  offer(lines: readonly Line[]): void;
  /** Forgets those that `isReceipted`. */
  settle(isReceipted: (seq: number) => boolean): void;
  /** Alert entries without a receipt, and the age of the oldest. */
  status(): { readonly count: number; readonly oldestMs?: number };
  /** Age of the oldest that is still on and concerns the patient, milliseconds; undefined when there is none. */
  oldestStandingMs(): number | undefined;
}

interface Owed {
  readonly sinceMonotonicMs: number;
  readonly alert: string;
  readonly concernsPatient: boolean;
}

/** Past it the newest are not counted: the oldest says how bad it is. */
const OWED_MOST = 2_000;
const READ_AT_A_TIME = 500;

/** `concernsPatient`: an alert about the hub itself need not make anybody call. */
export function openOwedAlerts(
  world: World,
  journal: Journal,
  receiptedUpTo: number,
  concernsPatient: (alert: Alert) => boolean,
): OwedAlerts {
  const owed = new Map<number, Owed>();
  let before: Promise<void> | undefined;
  before = readBacklog().finally(() => {
    before = undefined;
  });

  function take(line: Line, sinceMonotonicMs: number): void {
    const entry = entryOf(line);
    if (entry.kind !== 'alert' || owed.size >= OWED_MOST) return;
    const { alert, phase } = entry.body;
    // It is over: that it was may still be owed, but nobody needs to call for it.
    if (phase === 'end')
      for (const [seq, one] of owed) if (one.alert === alert) owed.set(seq, { ...one, concernsPatient: false });
    const concerns = phase !== 'end' && concernsPatient(entry.body);
    owed.set(line.seq, { sinceMonotonicMs, alert, concernsPatient: concerns });
  }

  async function readBacklog(): Promise<void> {
    const head = journal.head;
    for (let next = receiptedUpTo + 1; next <= head; ) {
      const lines = await journal.scanLane('alert', next, READ_AT_A_TIME).catch((): readonly Line[] => []);
      if (lines.length === 0) break;
      for (const line of lines) {
        const ageMs = Math.max(0, world.wallMs() - Date.parse(entryOf(line).at));
        if (line.seq <= head) take(line, world.monotonicMs() - ageMs);
        next = line.seq + 1;
      }
    }
  }

  function oldest(which: (one: Owed) => boolean): number | undefined {
    let sinceMs = Number.POSITIVE_INFINITY;
    for (const one of owed.values()) if (which(one)) sinceMs = Math.min(sinceMs, one.sinceMonotonicMs);
    return Number.isFinite(sinceMs) ? world.monotonicMs() - sinceMs : undefined;
  }

  return {
    offer: (lines) => {
      const alerts = lines.filter(({ kind }) => kind === 'alert');
      if (alerts.length === 0) return;
      const nowMs = world.monotonicMs();
      const add = (): void => {
        for (const line of alerts) take(line, nowMs);
      };
      // An end must be seen after its start.
      if (before) void before.then(add);
      else add();
    },
    settle: (isReceipted) => {
      for (const seq of owed.keys()) if (isReceipted(seq)) owed.delete(seq);
    },
    status: () => {
      const oldestMs = oldest(() => true);
      return { count: owed.size, ...(oldestMs !== undefined && { oldestMs }) };
    },
    oldestStandingMs: () => oldest((one) => one.concernsPatient),
  };
}
