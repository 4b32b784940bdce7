/** The hub's disk: what is on it outlives every process; what was on its way there at a power cut is there or not. */
import type { Dropped, Medium, Pair } from '../../agent/journal/medium.ts';
import type { Chance } from './chance.ts';
import { type Damages, openDamages } from './disk-damage.ts';
import { diskError, notOpened } from './disk-errors.ts';
import { type Handle, openHandle } from './disk-store.ts';
import type { Life } from './life.ts';
import { openPlatter, type Platter } from './platter.ts';
import type { Trace } from './trace.ts';

/** What is wrong with it now. */
export interface DiskTrouble {
  /** Every write fails. */
  failing: 'no' | 'io' | 'read-only';
  /** How likely a write that fails lands all the same. */
  landsAnyway: number;
  /** After a failed write a store accepts what is gone when it is opened anew; else it refuses. */
  lies: boolean;
  /** Nothing is answered. */
  hangs: boolean;
  /** On top of what every write takes. */
  slowMs: number;
  /** Files of others. */
  othersBytes: number;
}

/** What reached the disk, or was lost by it. */
export interface DiskWatcher {
  /** A batch is on its way. */
  began?(): void;
  /** A batch is on the disk, for good. */
  landed(pairs: readonly Pair[]): void;
  /** The medium itself lost what was stored under these keys. */
  destroyed(keys: readonly string[]): void;
}

export interface SimulatedDisk {
  readonly trouble: DiskTrouble;
  readonly damages: Damages;
  /** As one life sees it. */
  medium(life: Life): Medium;
  watch(watcher: DiskWatcher): void;
  /** The life is over: what was under way landed or did not. */
  ended(life: Life): void;
  /** What did not get an answer gets one. */
  unhang(): void;
  platter(): Platter;
  freeBytes(): number;
  storeBytes(): number;
  readonly setAside: number;
}

export interface DiskOptions {
  readonly chance: Chance;
  readonly trace: Trace;
  readonly capacityBytes: number;
  /** An entry takes so many times its size: for bounds that are met in an hour instead of a year. */
  readonly weight: number;
  /** What every write takes, milliseconds. */
  readonly writeMs: number;
}

/** LevelDB writes a new log and manifest when it opens. */
const OPEN_BYTES = 4_000_000;
const SET_ASIDE_MOST = 3;
const MARK_BYTES = 4_096;
const TIDY_BYTES = 2_000_000;

export interface Under {
  readonly life: Life;
  /** Makes it so; not called when it never happens. */
  readonly land: () => void;
}

export function openDisk({ chance, trace, capacityBytes, weight, writeMs }: DiskOptions): SimulatedDisk {
  const trouble: DiskTrouble = { failing: 'no', landsAnyway: 0, lies: false, hangs: false, slowMs: 0, othersBytes: 0 };
  const watchers: DiskWatcher[] = [];
  let platter = openPlatter();
  let garbageBytes = 0;
  let mark = '';
  let reserveBytes = 0;
  let shelf = 0;
  let setAside = 0;
  let handle: Handle | undefined;
  let dropped: Dropped | undefined;
  /** In the order begun; the ends of lives cut it somewhere. */
  let underWay: Under[] = [];
  let hanging: (() => void)[] = [];

  const storeBytes = (): number => 30_000 + (platter.bytes + garbageBytes) * weight;
  const freeBytes = (): number =>
    Math.max(0, capacityBytes - trouble.othersBytes - reserveBytes - storeBytes() - shelf * 1_000_000);

  const damages = openDamages({
    chance,
    trace,
    platter: () => platter,
    onDestroyed: (keys) => {
      for (const watcher of watchers) watcher.destroyed(keys);
    },
  });

  function land(pairs: readonly Pair[]): void {
    damages.before(pairs);
    for (const [key, value] of pairs) {
      const before = platter.get(key);
      if (before) garbageBytes += key.length + before.length;
      if (value) platter.set(key, value);
      else platter.remove(key);
    }
    if (garbageBytes * weight > TIDY_BYTES + (platter.bytes * weight) / 5) garbageBytes = 0;
    for (const watcher of watchers) watcher.landed(pairs);
  }

  function lost(keys: readonly string[]): void {
    for (const watcher of watchers) watcher.destroyed(keys);
  }

  /** Something takes its time; `land` happens at the end of it, unless the life ends first. */
  function take<T>(life: Life, ms: number, land: () => T): Promise<T> {
    life.mustLive('uses the disk');
    return new Promise((resolve, reject) => {
      const one: Under = { life, land: () => void land() };
      const finish = (): void => {
        if (trouble.hangs) return void hanging.push(() => life.later(chance.between(0, 50), finish));
        underWay = underWay.filter((other) => other !== one);
        try {
          resolve(land());
        } catch (error) {
          reject(error);
        }
      };
      underWay.push(one);
      life.later(ms, finish);
    });
  }

  const latencyMs = (): number => writeMs * chance.scale(0.5, 3) + trouble.slowMs * chance.scale(0.5, 2);

  function refusal(neededBytes: number): 'io' | 'read-only' | 'full' | undefined {
    if (trouble.failing !== 'no') return trouble.failing;
    return freeBytes() < neededBytes ? 'full' : undefined;
  }

  function open(life: Life): Handle {
    if (handle && !handle.isClosed && !handle.life.isOver) throw notOpened('locked');
    const why = refusal(OPEN_BYTES) ?? damages.opening();
    if (why) {
      trace.note('disk', `does not open: ${why}`);
      throw notOpened(why);
    }
    dropped = damages.openings();
    const opened = openHandle({
      life,
      chance,
      trace,
      trouble,
      platter: () => platter,
      unreadable: damages.unreadable,
      take,
      latencyMs,
      refusal: (pairs) => refusal(sizeOf(pairs) * weight),
      land,
      began: () => {
        for (const watcher of watchers) watcher.began?.();
      },
      bytes: storeBytes,
      tidy: () => {
        garbageBytes = 0;
      },
    });
    handle = opened;
    trace.note('disk', `opened with ${platter.count} keys`);
    return opened;
  }

  function medium(life: Life): Medium {
    const file = <T>(what: string, neededBytes: number, land: () => T): Promise<T> =>
      take(life, latencyMs(), () => {
        const why = refusal(neededBytes);
        if (!why) return land();
        trace.note('disk', `${what} fails: ${why}`);
        throw diskError(why, what);
      });
    return {
      path: '/var/lib/hjemmebro/journal',
      open: () => take(life, chance.scale(5, 300), () => open(life)),
      dropped: () => take(life, chance.between(0, 2), () => dropped),
      repair: () => take(life, chance.scale(100, 3_000), () => damages.repair(refusal(OPEN_BYTES))),
      setAside: () =>
        take(life, latencyMs(), () => {
          if (trouble.failing === 'read-only') throw diskError('read-only', 'rename');
          const keys = platter.keys({ from: '', to: '\uffff', limit: Number.POSITIVE_INFINITY });
          setAside += 1;
          shelf = Math.min(shelf + 1, SET_ASIDE_MOST);
          platter = openPlatter();
          garbageBytes = 0;
          damages.forget();
          trace.note('disk', `store set aside with ${keys.length} keys`);
          lost(keys);
          return `journal.corrupt-${setAside}`;
        }),
      readMark: () => take(life, chance.between(0, 2), () => mark),
      writeMark: (text) =>
        file('write', MARK_BYTES, () => {
          mark = text;
        }),
      freeBytes: () => take(life, 0, freeBytes),
      takeReserve: (bytes) =>
        reserveBytes >= bytes
          ? Promise.resolve()
          : file('write', bytes, () => {
              reserveBytes = bytes;
            }),
      giveUpReserve: () =>
        take(life, latencyMs(), () => {
          if (trouble.failing === 'read-only') throw diskError('read-only', 'unlink');
          const had = reserveBytes > 0;
          reserveBytes = 0;
          return had;
        }),
      lockHolder: async () => undefined,
    };
  }

  return {
    trouble,
    damages,
    medium,
    watch: (watcher) => void watchers.push(watcher),
    ended: (life) => {
      const ofLife = underWay.filter((one) => one.life === life);
      const most = chance.whole(0, ofLife.length);
      for (const one of ofLife.slice(0, most)) {
        try {
          one.land();
        } catch {
          // it failed, and nobody was there to hear it
        }
      }
      underWay = underWay.filter((one) => one.life !== life);
      hanging = [];
    },
    unhang: () => {
      trouble.hangs = false;
      for (const go of hanging.splice(0)) go();
    },
    platter: () => platter,
    freeBytes,
    storeBytes,
    get setAside() {
      return setAside;
    },
  };
}

function sizeOf(pairs: readonly Pair[]): number {
  return pairs.reduce((sum, [key, value]) => sum + key.length + (value?.length ?? 0), 0);
}
