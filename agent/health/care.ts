/** Follows the care level: gathers what the rooms know, asks the pure rule, and says when the level changes. */
import { entryOf, type Journal, JournalClosed } from '../journal/contract.ts';
import type { CarePlan } from '../rules/plan.ts';
import type { RulesRunner } from '../rules/runner.ts';
import type { Session } from '../session/session.ts';
import type { UplinkStatus } from '../uplink/uplink.ts';
import type { World } from '../world.ts';
import { type CareFacts, type CareState, follow } from './care-level.ts';

export interface CareOptions {
  readonly world: World;
  readonly journal: Journal;
  readonly rules: RulesRunner;
  readonly sessions: readonly Session[];
  /** The plan in force says which devices matter: those it would miss. */
  plan(): CarePlan;
  /** What the uplink knows; undefined before it was started. */
  uplink(): Pick<UplinkStatus, 'connected' | 'since' | 'receiptedUpTo' | 'lastReceiptAt'> | undefined;
  /** Each second, before the level is computed. */
  onLook?(): void;
  onChange(state: CareState): void;
}

export interface Care {
  state(): CareState;
  /** Looks again now. */
  look(): void;
  close(): void;
}

const LOOK_EVERY_MS = 1_000;

/** A write that fails and lands a moment later is no trouble yet. */
function troubleOf(journal: Journal): CareFacts['journalTrouble'] {
  const { writable, isAlertsOnly } = journal.health();
  if (!writable && journal.isStuck()) return 'journal-not-writable';
  return isAlertsOnly && journal.isStuck() ? 'journal-full' : 'none';
}

export function followCare(options: CareOptions): Care {
  const { world, journal, rules, sessions } = options;
  let oldest: { readonly seq: number; readonly atMs: number } | undefined;

  /** When the oldest entry without a receipt was written; read once per entry. */
  async function findOldest(): Promise<void> {
    const seq = (options.uplink()?.receiptedUpTo ?? 0) + 1;
    if (seq > journal.head) oldest = undefined;
    else if (oldest?.seq !== seq) {
      const [line] = await journal.scan(seq, 1);
      oldest = line && { seq, atMs: Date.parse(entryOf(line).at) };
    }
  }

  function now(previous: CareState | undefined): CareState {
    const uplink = options.uplink();
    const patienceMs = new Map(
      options
        .plan()
        .rules.flatMap((rule) => (rule.kind === 'silence' ? [[rule.device, rule.withinSeconds * 1000] as const] : [])),
    );
    return follow(previous, {
      nowMs: world.wallMs(),
      uplinkConnected: uplink?.connected ?? false,
      ...(uplink && !uplink.connected && { disconnectedSinceMs: Date.parse(uplink.since) }),
      ...(uplink?.lastReceiptAt !== undefined && { lastReceiptMs: Date.parse(uplink.lastReceiptAt) }),
      ...(oldest && { oldestUnreceiptedMs: oldest.atMs }),
      journalTrouble: troubleOf(journal),
      rulesRunning: rules.health().running,
      devices: sessions.map(({ device, presence }) => {
        const { present, lastHeardMs } = presence.state();
        const silentAfterMs = patienceMs.get(device);
        return {
          id: device,
          required: silentAfterMs !== undefined,
          presence: present ? 'present' : 'absent',
          ...(lastHeardMs !== undefined && { lastReadingMs: lastHeardMs }),
          ...(silentAfterMs !== undefined && { silentAfterMs }),
        } as const;
      }),
    });
  }

  let state = now(undefined);
  function look(): void {
    options.onLook?.();
    const before = state;
    state = now(before);
    const same = before.level === state.level && before.cause === state.cause && before.device === state.device;
    if (!same) options.onChange(state);
  }

  let timer = world.after(LOOK_EVERY_MS, tick);
  function tick(): void {
    findOldest().catch((error: unknown) => {
      if (!(error instanceof JournalClosed)) throw error;
    });
    look();
    timer = world.after(LOOK_EVERY_MS, tick);
  }

  return { state: () => state, look, close: () => timer.cancel() };
}
