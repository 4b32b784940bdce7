/** Accounts for the time in which the hub itself did not run: noted while it lives, told as a gap at the next start (invariant 11). */
import type { Journal } from '../journal/contract.ts';
import type { Draft } from '../reading/entry.ts';
import { ownId } from '../reading/identity.ts';
import { rfc3339, type Timer, type World } from '../world.ts';

export interface Downtime {
  /** Notes the last sign of life; call before the journal is closed. */
  close(): void;
}

const ALIVE = 'alive';
/** A sign of life goes to disk with what is written anyway; this often at least, so that a power cut is dated to a minute or two. */
const NOTE_EVERY_MS = 60_000;

/** Where the clock is not known at either end, the gap says how little is. */
export function accountForDowntime(world: World, journal: Journal): Downtime {
  const before = lastSeen(journal.kept(ALIVE));
  if (before) journal.append([gap(before)]).catch(() => undefined); // full or closing: the sequence itself has no hole

  function gap({ wallMs, boot }: Seen): Draft {
    const nowMs = world.wallMs();
    const isKnown = wallMs !== undefined && world.clock().state !== 'unsynced' && wallMs <= nowMs;
    return {
      id: ownId('hub-down', { boot: world.boot, monotonicMs: world.monotonicMs() }, '0'),
      kind: 'gap',
      at: rfc3339(nowMs),
      fresh: true,
      body: {
        cause: 'hub-down',
        ...(isKnown && { since: rfc3339(wallMs) }),
        until: rfc3339(nowMs),
        detail: boot === world.boot ? 'the agent did not run' : 'the hub was off, or restarted',
      },
    };
  }

  function note(): void {
    const wallMs = world.clock().state === 'unsynced' ? undefined : world.wallMs();
    journal.keepSoon({ [ALIVE]: JSON.stringify({ boot: world.boot, wallMs } satisfies Seen) });
  }

  let timer: Timer = world.after(0, tick);
  function tick(): void {
    note();
    timer = world.after(NOTE_EVERY_MS, tick);
  }
  return {
    close: () => {
      timer.cancel();
      note();
    },
  };
}

interface Seen {
  readonly boot: string;
  /** Undefined when the hub did not know the time. */
  readonly wallMs: number | undefined;
}

function lastSeen(text: string | undefined): Seen | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Seen;
  } catch {
    return undefined; // the next start knows again
  }
}
