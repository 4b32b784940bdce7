/** Whether there is room: for everything, or for alerts alone, from what was set aside for them. */
import type { HubEvent } from '../reading/entry.ts';
import type { Timer, World } from '../world.ts';
import { type Medium, wordsOf } from './medium.ts';

/** How often a full disk is looked at. */
const LOOK_AGAIN_MS = 1_000;

export interface RoomOptions {
  readonly world: World;
  readonly medium: Medium;
  /** Set aside on the disk for the time when it is full, bytes. */
  readonly reserveBytes: number;
  readonly onEvent: (event: HubEvent) => void;
  /** There is room again. */
  readonly onRoom: () => void;
}

export interface Room {
  /** Why only alerts are written; undefined when everything is. */
  cause(): 'disk-full' | 'bound' | undefined;
  /** A write found no room: gives the reserve up, and looks again until there is room for it. */
  diskFull(): Promise<void>;
  /** The journal is as large as it may be and nothing of it may go; or that is over. */
  setAtBound(isAtBound: boolean): void;
  /** Looks at the disk, and sets the reserve aside (again) when there is room for two. Returns what is free, bytes. */
  look(): Promise<number>;
  /** Looks no more. */
  close(): void;
}

export function openRoom({ world, medium, reserveBytes, onEvent, onRoom }: RoomOptions): Room {
  let timer: Timer | undefined;
  let isDiskFull = false;
  let isAtBound = false;

  function change(apply: () => void): void {
    const wasTight = isDiskFull || isAtBound;
    apply();
    const isTight = isDiskFull || isAtBound;
    if (wasTight === isTight) return;
    const cause = isDiskFull ? 'the disk is full' : 'it is as large as it may be (journal.maxMegabytes)';
    onEvent(isTight ? { name: 'journal-alerts-only', cause } : { name: 'journal-has-room' });
    if (!isTight) onRoom();
  }

  async function look(): Promise<number> {
    const free = await medium.freeBytes().catch(() => 0);
    if (free < 2 * reserveBytes) return free;
    try {
      await medium.takeReserve(reserveBytes);
      change(() => {
        isDiskFull = false;
      });
    } catch (error) {
      onEvent({ name: 'journal-reserve-missing', cause: wordsOf(error) });
    }
    return medium.freeBytes().catch(() => 0);
  }

  function lookAgain(): void {
    timer = world.after(LOOK_AGAIN_MS, () => {
      timer = undefined;
      void look().then(() => {
        if (isDiskFull) lookAgain();
      });
    });
  }

  return {
    cause: () => (isDiskFull ? 'disk-full' : isAtBound ? 'bound' : undefined),
    diskFull: async () => {
      await medium.giveUpReserve().catch(() => undefined); // a disk that does not even remove a file is tried again
      change(() => {
        isDiskFull = true;
      });
      if (!timer) lookAgain();
    },
    setAtBound: (is) =>
      change(() => {
        isAtBound = is;
      }),
    look,
    close: () => timer?.cancel(),
  };
}
