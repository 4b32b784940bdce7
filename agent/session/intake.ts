/** Hands what a device said to the journal at once, so that the rules may see it, and lets each frame go, in order, when it is on disk. */
import { type Journal, JournalClosed, JournalFull, JournalLetGo } from '../journal/contract.ts';
import type { Draft } from '../reading/entry.ts';
import { ownId } from '../reading/identity.ts';
import { rfc3339, type World } from '../world.ts';
import { ontoDisk, PORTION } from './onto-disk.ts';

export interface Intake {
  /** `kept` runs once these are on disk and everything taken before is settled; never when they could not be kept. */
  take(drafts: readonly Draft[], kept?: () => void): void;
  /** Resolves when everything taken so far is settled. */
  settled(): Promise<void>;
}

/** Frames whose `kept` is waited for. More come only from a device that waits for none; theirs is then left out. */
const UNSETTLED_MOST = 2_048;

interface Overrun {
  readonly count: number;
  readonly sinceMs: number;
  readonly untilMs: number;
}

export function openIntake(world: World, journal: Journal, device: string): Intake {
  let order = Promise.resolve();
  let unsettled = 0;
  let overrun: Overrun | undefined;
  let ordinal = 0;

  /** Whether they are on disk. */
  async function save(drafts: readonly Draft[]): Promise<boolean> {
    if (drafts.length === 0) return true;
    try {
      if (drafts.length > PORTION) return (await ontoDisk(world, journal, drafts)) !== undefined;
      await journal.append(drafts);
      return true;
    } catch (error) {
      if (!isNotKept(error)) throw error;
      if (error instanceof JournalClosed) return false;
      const nowMs = world.wallMs();
      // Not acknowledged: a device that waits for it will send the frame again.
      noteOverrun({ count: 1, sinceMs: nowMs, untilMs: nowMs });
      return false;
    }
  }

  function noteOverrun({ count, sinceMs, untilMs }: Overrun): void {
    overrun = {
      count: (overrun?.count ?? 0) + count,
      sinceMs: Math.min(overrun?.sinceMs ?? sinceMs, sinceMs),
      untilMs: Math.max(overrun?.untilMs ?? untilMs, untilMs),
    };
  }

  async function tellOverrun(): Promise<void> {
    const told = overrun;
    if (!told) return;
    overrun = undefined;
    try {
      await journal.append([overrunGap(told)]);
    } catch (error) {
      if (!isNotKept(error)) throw error;
      noteOverrun(told);
    }
  }

  function overrunGap({ count, sinceMs, untilMs }: Overrun): Draft {
    const received = { boot: world.boot, monotonicMs: world.monotonicMs() };
    return {
      id: ownId(`${device} overrun`, received, String(ordinal++)),
      kind: 'gap',
      at: rfc3339(world.wallMs()),
      fresh: true,
      body: {
        cause: 'overrun',
        device,
        count,
        since: rfc3339(sinceMs),
        until: rfc3339(untilMs),
        detail: 'frames came while the disk took nothing and no more could wait',
      },
    };
  }

  async function settle(saved: Promise<boolean>, kept: () => void): Promise<void> {
    const isKept = await saved;
    unsettled -= 1;
    if (!isKept) return;
    kept();
    if (overrun) void tellOverrun();
  }

  return {
    take: (drafts, kept = () => undefined) => {
      const saved = save(drafts);
      if (unsettled >= UNSETTLED_MOST) return;
      unsettled += 1;
      order = order.then(() => settle(saved, kept));
    },
    settled: () => order,
  };
}

function isNotKept(error: unknown): boolean {
  return error instanceof JournalFull || error instanceof JournalLetGo || error instanceof JournalClosed;
}
