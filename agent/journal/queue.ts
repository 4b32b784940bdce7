/** What waits for the disk: calls in order, alerts before the rest, and a bound at which a series loses its oldest. */
import { type Appended, type JournalClosed, JournalFull, JournalLetGo, type Unsaved } from './contract.ts';
import type { Call } from './plan.ts';
import { numbered } from './record.ts';

/** Drafts that may wait for the disk. About 20 MB of readings. */
export const WAITING_MOST = 20_000;
/** A batch is closed at this many drafts, so that nobody waits for all of a long queue. */
const GROUP_MOST = 1_000;
/** Room is made for so many at once: looking through all that waits for each would cost more than it saves. */
const ROOM_AT_ONCE = 500;

export interface Waiting extends Call {
  /** Goes before what is not, and is written even where only alerts are. */
  readonly isUrgent: boolean;
  /** The first of its drafts, counted over all that were ever handed in, from 1. */
  readonly firstOrdinal: number;
  /** World.monotonicMs() then. */
  readonly handedInMs: number;
  resolve(appended: readonly Appended[]): void;
  reject(error: Error): void;
}

export interface Queue {
  /** Drafts that wait, those in hand included. */
  readonly drafts: number;
  /** Drafts let go of so far. */
  readonly letGo: number;
  /** When the oldest of the calls that wait was handed in. */
  oldestMs(): number | undefined;
  /** Whether something waits that may not be written while only alerts are. */
  holdsOthers(): boolean;
  /** Throws JournalFull past the bound. Where `mayLetGo` says so, the oldest calls of nothing but series make room first. */
  add(call: Waiting, mayLetGo: () => boolean): void;
  /** The next calls to be written together, which are then in hand; none when none may. */
  take(alertsOnly: boolean): readonly Waiting[];
  /** Whether all that is in hand may be written while only alerts are. */
  isUrgentInHand(): boolean;
  putBack(): void;
  /** What is in hand is on disk. */
  done(): void;
  unsaved(hub: string, after: number): readonly Unsaved[];
  /** All that waits, in the order it was handed in; nothing is left. */
  takeAll(): readonly Waiting[];
  giveUp(error: JournalClosed): void;
}

export function openQueue(): Queue {
  let urgent: Waiting[] = [];
  let others: Waiting[] = [];
  let inHand: readonly Waiting[] = [];
  let drafts = 0;
  let letGo = 0;

  function makeRoom(wanted: number): void {
    const most = WAITING_MOST - Math.max(wanted, ROOM_AT_ONCE);
    others = others.filter((call) => {
      if (drafts <= most || !isSeries(call)) return true;
      drafts -= weigh(call);
      letGo += call.drafts.length;
      call.reject(new JournalLetGo(`${call.drafts.length} drafts made room for newer ones: the disk takes nothing`));
      return false;
    });
  }

  /** Values are small and soon written over; but no call may overtake one that puts the same name. */
  function takeWithoutDrafts(): readonly Waiting[] {
    const held = new Set<string>();
    const [taken, left] = split(others, ({ drafts: some, puts }) => {
      const names = Object.keys(puts);
      if (some.length === 0 && !names.some((name) => held.has(name))) return true;
      for (const name of names) held.add(name);
      return false;
    });
    others = left;
    return taken;
  }

  /** A call larger than a group goes by itself. */
  function takeInOrder(room: number): readonly Waiting[] {
    let calls = 0;
    let left = room;
    for (const call of others) {
      left -= weigh(call);
      if (left < 0 && (calls > 0 || room < GROUP_MOST)) break;
      calls += 1;
    }
    return others.splice(0, calls);
  }

  return {
    get drafts() {
      return drafts;
    },
    get letGo() {
      return letGo;
    },
    oldestMs: () => {
      const first = [inHand[0], urgent[0], others[0]].flatMap((call) => (call ? [call.handedInMs] : []));
      return first.length > 0 ? Math.min(...first) : undefined;
    },
    holdsOthers: () => others.some((call) => call.drafts.length > 0),
    add: (call, mayLetGo) => {
      const wanted = weigh(call);
      if (drafts + wanted > WAITING_MOST && mayLetGo()) makeRoom(wanted);
      if (drafts + wanted > WAITING_MOST) {
        throw new JournalFull(
          `${drafts} drafts wait for the disk and at most ${WAITING_MOST} may: hand over the ${call.drafts.length} later, in smaller portions`,
        );
      }
      drafts += wanted;
      (call.isUrgent ? urgent : others).push(call);
    },
    take: (alertsOnly) => {
      const first = urgent;
      urgent = [];
      const rest = alertsOnly
        ? takeWithoutDrafts()
        : takeInOrder(GROUP_MOST - first.reduce((sum, call) => sum + weigh(call), 0));
      inHand = [...first, ...rest];
      return inHand;
    },
    isUrgentInHand: () => inHand.every((call) => call.isUrgent || call.drafts.length === 0),
    putBack: () => {
      const [first, rest] = split(inHand, (call) => call.isUrgent);
      urgent = [...first, ...urgent];
      others = [...rest, ...others];
      inHand = [];
    },
    done: () => {
      for (const call of inHand) drafts -= weigh(call);
      inHand = [];
    },
    unsaved: (hub, after) =>
      [...inHand, ...urgent, ...others]
        .filter((call) => call.firstOrdinal + call.drafts.length - 1 > after)
        .sort((a, b) => a.firstOrdinal - b.firstOrdinal)
        .flatMap((call) =>
          call.drafts.map((draft, i) => ({ ordinal: call.firstOrdinal + i, line: numbered(hub, 0, draft).line })),
        )
        .filter(({ ordinal }) => ordinal > after),
    takeAll: () => {
      const all = [...inHand, ...urgent, ...others].sort((a, b) => a.firstOrdinal - b.firstOrdinal);
      [urgent, others, inHand, drafts] = [[], [], [], 0];
      return all;
    },
    giveUp: (error) => {
      for (const call of [...inHand, ...urgent, ...others]) call.reject(error);
      [urgent, others, inHand, drafts] = [[], [], [], 0];
    },
  };
}

/** A call that only keeps values takes room too. */
function weigh({ drafts }: Call): number {
  return Math.max(1, drafts.length);
}

function isSeries({ drafts }: Call): boolean {
  return drafts.length > 0 && drafts.every(({ lane }) => lane === 'continuous');
}

function split<T>(list: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  const first: T[] = [];
  const rest: T[] = [];
  for (const item of list) (isFirst(item) ? first : rest).push(item);
  return [first, rest];
}
