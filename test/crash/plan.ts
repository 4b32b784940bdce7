/** What will happen in a run of the crash rig, cycle by cycle: a pure function of the seed, and of nothing else. */
import { unreachable } from '../../agent/reading/unreachable.ts';
import { randomFrom } from '../../agent/world.ts';

/** System calls between any two of which the agent can be killed. */
export const CALLS = ['write', 'fdatasync', 'fsync', 'rename', 'unlink'] as const;
export type Call = (typeof CALLS)[number];

/** How a life of the agent ends. */
export type End =
  /** SIGKILL, so long after it was up. */
  | { readonly end: 'kill' }
  /** SIGKILL as one of its threads makes this call for the nth time. */
  | { readonly end: 'kill-at-call'; readonly call: Call; readonly nth: number }
  /** SIGKILL so long after it was started, up or not. */
  | { readonly end: 'kill-at-start'; readonly afterMs: number }
  /** SIGTERM, and SIGKILL while it tidies up. */
  | { readonly end: 'kill-at-stop'; readonly afterMs: number }
  | { readonly end: 'stop' }
  /** SIGKILL, and what was never synced is gone. */
  | { readonly end: 'power-cut' }
  | { readonly end: 'power-cut-at-call'; readonly call: Call; readonly nth: number };

/** What is wrong with the disk in a life. */
export type DiskTrouble =
  | { readonly disk: 'well' }
  /** So many syncs in a row end in an error. */
  | { readonly disk: 'sync-fails'; readonly error: 'EIO' | 'ENOSPC'; readonly first: number; readonly calls: number }
  /** So many writes to the journal's log end in an error. */
  | { readonly disk: 'write-fails'; readonly error: 'EIO' | 'ENOSPC'; readonly first: number; readonly calls: number }
  /** The first files that the journal wants to make cannot be made. */
  | { readonly disk: 'open-fails'; readonly calls: number }
  /** Full but for so much, from a moment after it was up; still full when the life ends where `forMs` is longer. Writes become short. */
  | { readonly disk: 'full'; readonly roomKb: number; readonly atMs: number; readonly forMs: number }
  | { readonly disk: 'full-at-start'; readonly roomKb: number }
  | { readonly disk: 'read-only-at-start' }
  /** Each sync takes as long as on a poor SD card. */
  | { readonly disk: 'slow'; readonly syncMs: number };

/** What is wrong outside of the hub; from a moment after it was up, and healed after so long or with the end of the life. */
export type WireTrouble =
  | { readonly wire: 'well' }
  | { readonly wire: 'refusing' | 'half-open' | 'reset'; readonly atMs: number; readonly forMs: number }
  | {
      readonly wire: 'slow';
      readonly delayMs: number;
      readonly jitterMs: number;
      readonly atMs: number;
      readonly forMs: number;
    }
  | { readonly wire: 'narrow'; readonly bytesPerSecond: number; readonly atMs: number; readonly forMs: number }
  /** Cut after so many more bytes. */
  | { readonly wire: 'torn'; readonly bytes: number; readonly atMs: number; readonly forMs: number }
  /** The broker is killed; with or without what it had written down it comes back. */
  | { readonly wire: 'broker-killed'; readonly remembers: boolean; readonly atMs: number; readonly forMs: number }
  /** The broker stands still. */
  | { readonly wire: 'broker-hangs'; readonly atMs: number; readonly forMs: number }
  /** The hospital's application dies between storing and its receipt. */
  | { readonly wire: 'receiver-killed'; readonly atMs: number; readonly forMs: number }
  | { readonly wire: 'links-lost'; readonly atMs: number; readonly forMs: number }
  /** Somebody has a CPAP card read while all this goes on. */
  | { readonly wire: 'card'; readonly atMs: number; readonly forMs: number };

export interface Cycle {
  readonly number: number;
  /** From being up to the end, milliseconds. */
  readonly lifeMs: number;
  readonly end: End;
  readonly disk: DiskTrouble;
  readonly wire: WireTrouble;
}

export type Kind = End['end'] | Exclude<DiskTrouble['disk'], 'well'> | Exclude<WireTrouble['wire'], 'well'>;

const ENDS = [
  'kill',
  'kill-at-call',
  'power-cut',
  'kill-at-start',
  'power-cut-at-call',
  'kill-at-stop',
  'stop',
  'kill-at-call',
  'power-cut',
] as const satisfies readonly End['end'][];
const DISKS = [
  'sync-fails',
  'well',
  'write-fails',
  'open-fails',
  'full',
  'well',
  'full-at-start',
  'read-only-at-start',
  'slow',
  'well',
] as const satisfies readonly DiskTrouble['disk'][];
const WIRES = [
  'refusing',
  'reset',
  'half-open',
  'slow',
  'narrow',
  'torn',
  'broker-killed',
  'broker-hangs',
  'receiver-killed',
  'links-lost',
  'card',
  'well',
] as const satisfies readonly WireTrouble['wire'][];

/** In so many cycles each kind comes at least once. */
export const ROUND = Math.max(ENDS.length, DISKS.length, WIRES.length);

export const KINDS: readonly Kind[] = [...new Set([...ENDS, ...DISKS, ...WIRES])].filter((kind) => kind !== 'well');

export function isKind(text: string): text is Kind {
  return KINDS.some((kind) => kind === text);
}

/** The first `cycles` of an endless run: a shorter run of the same seed is its beginning. `only` leaves everything else well. */
export function planOf(seed: number, cycles: number, only: readonly Kind[] = KINDS): readonly Cycle[] {
  const isAsked = (kind: Kind | 'well'): boolean => (kind === 'well' ? only === KINDS : only.includes(kind));
  const ends = deck(chance(seed, 1), ENDS.filter(isAsked), 'kill');
  const disks = deck(chance(seed, 2), DISKS.filter(isAsked), 'well');
  const wires = deck(chance(seed, 3), WIRES.filter(isAsked), 'well');
  const draw = chance(seed, 4);
  return Array.from({ length: cycles }, (_, at): Cycle => {
    const [end, disk, wire] = [endOf(ends(), draw), diskOf(disks(), draw), wireOf(wires(), draw)];
    return { number: at + 1, lifeMs: lifeOf(disk, wire, draw), end, disk, wire };
  });
}

/** A whole number from low to high, both included. */
type Chance = (low: number, high: number) => number;

function chance(seed: number, stream: number): Chance {
  const random = randomFrom(Math.imul(seed, 16) + stream);
  return (low, high) => low + Math.floor(random() * (high - low + 1));
}

/** Deals shuffled rounds, so that each kind comes as often as every other; `otherwise` where there is none. */
function deck<Name>(draw: Chance, names: readonly Name[], otherwise: Name): () => Name {
  let left: Name[] = [];
  return () => {
    if (left.length === 0) left = shuffled(draw, names);
    return left.pop() ?? otherwise;
  };
}

function shuffled<Name>(draw: Chance, names: readonly Name[]): Name[] {
  const rest = [...names];
  return names.flatMap(() => rest.splice(draw(0, rest.length - 1), 1));
}

/** Long enough for what is to happen to happen; now and then long enough to see it heal, or to see that it does not. */
function lifeOf(disk: DiskTrouble, wire: WireTrouble, draw: Chance): number {
  if ('calls' in disk && disk.calls === FOR_GOOD) return draw(4_000, 6_500);
  if (draw(1, 8) === 1) return draw(3_000, 4_500);
  return disk.disk === 'well' && wire.wire !== 'card' ? draw(600, 1_400) : draw(1_000, 2_000);
}

function endOf(end: End['end'], draw: Chance): End {
  switch (end) {
    case 'kill':
    case 'stop':
    case 'power-cut':
      return { end };
    case 'kill-at-call':
    case 'power-cut-at-call': {
      const call = CALLS_OFTEN[draw(0, CALLS_OFTEN.length - 1)] ?? 'write';
      return { end, call, nth: draw(1, MOST_CALLS[call]) };
    }
    case 'kill-at-start':
      return { end, afterMs: draw(50, 900) };
    case 'kill-at-stop':
      return { end, afterMs: draw(0, 250) };
    default:
      return unreachable(end);
  }
}

/** More calls than a life makes once they fail. */
const FOR_GOOD = 10_000;

/** Those of a life at work more often than those of a start. */
const CALLS_OFTEN: readonly Call[] = ['write', 'write', 'fdatasync', 'fdatasync', 'fsync', 'rename', 'unlink'];
/** About as often as a thread makes the call in a life. */
const MOST_CALLS: Readonly<Record<Call, number>> = { write: 400, fdatasync: 120, fsync: 4, rename: 4, unlink: 6 };

function diskOf(disk: DiskTrouble['disk'], draw: Chance): DiskTrouble {
  switch (disk) {
    case 'well':
    case 'read-only-at-start':
      return { disk };
    case 'sync-fails':
    case 'write-fails':
      return {
        disk,
        error: draw(0, 1) === 0 ? 'EIO' : 'ENOSPC',
        first: draw(8, 80),
        // Mostly a hiccup; now and then for longer than the life.
        calls: draw(1, 4) === 1 ? FOR_GOOD : draw(1, 4),
      };
    case 'open-fails':
      return { disk, calls: draw(1, 2) };
    case 'full':
      return { disk, roomKb: draw(0, 16) * 4, atMs: draw(100, 700), forMs: draw(300, 3_000) };
    case 'full-at-start':
      return { disk, roomKb: draw(0, 4) * 4 };
    case 'slow':
      return { disk, syncMs: draw(5, 40) };
    default:
      return unreachable(disk);
  }
}

function wireOf(wire: WireTrouble['wire'], draw: Chance): WireTrouble {
  const atMs = draw(100, 900);
  const forMs = draw(200, 2_500);
  switch (wire) {
    case 'well':
      return { wire };
    case 'refusing':
    case 'half-open':
    case 'reset':
    case 'broker-hangs':
    case 'receiver-killed':
    case 'links-lost':
    case 'card':
      return { wire, atMs, forMs };
    case 'slow':
      return { wire, delayMs: draw(20, 400), jitterMs: draw(0, 200), atMs, forMs };
    case 'narrow':
      return { wire, bytesPerSecond: draw(500, 20_000), atMs, forMs };
    case 'torn':
      return { wire, bytes: draw(1, 4_000), atMs, forMs };
    case 'broker-killed':
      return { wire, remembers: draw(0, 1) === 1, atMs, forMs };
    default:
      return unreachable(wire);
  }
}
