/** The only clock and the only randomness. Everything else is handed a World. */
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { uptime } from 'node:os';
import { setTimeout as nodeSleep } from 'node:timers/promises';
import type { ClockState } from './reading/entry.ts';

export interface Timer {
  cancel(): void;
}

/** Two clocks: wall for what is recorded, monotonic for what is waited (design.md, section 7). */
export interface World {
  /** Wall clock, milliseconds since 1970-01-01 UTC. May step in either direction. */
  wallMs(): number;
  /** Milliseconds since this boot; never goes back. */
  monotonicMs(): number;
  /** Identifies the boot that monotonicMs() counts from. */
  readonly boot: string;
  /** How far the wall clock can be trusted, and its error bound in milliseconds. */
  clock(): { readonly state: ClockState; readonly uncertaintyMs: number };
  after(ms: number, fn: () => void): Timer;
  /** Runs once what is ready now has run: to answer in one go what comes in a bunch. */
  soon(fn: () => void): void;
  /** Resolves after ms, or at once when the signal aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Uniform in [0, 1). */
  random(): number;
}

/** RFC 3339 UTC with milliseconds. */
export function rfc3339(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

export interface RealWorldOptions {
  /** Touched by the time service at each synchronisation since boot; default that of systemd-timesyncd, where the machine has it. */
  readonly syncFile?: string;
  /** Moves the wall clock: a simulated run can begin at the moment of its story. Milliseconds. */
  readonly shiftMs?: number;
}

/** The machine's own clocks. */
export function realWorld({ syncFile, shiftMs = 0 }: RealWorldOptions = {}): World {
  const bootedAt = uptime() * 1000 - performance.now();
  const monotonicMs = (): number => Math.round((bootedAt + performance.now()) * 1000) / 1000;
  const wallMs = (): number => Date.now() + shiftMs;
  let seen: { readonly atMs: number; readonly clock: Clock } | undefined;
  return {
    wallMs,
    monotonicMs,
    boot: bootId(),
    clock: () => {
      if (!seen || monotonicMs() - seen.atMs > CLOCK_LOOK_EVERY_MS)
        seen = { atMs: monotonicMs(), clock: clockNow(wallMs(), syncFile) };
      return seen.clock;
    },
    after: (ms, fn) => {
      const timer = setTimeout(fn, ms);
      return { cancel: () => clearTimeout(timer) };
    },
    soon: (fn) => void setImmediate(fn),
    sleep: (ms, signal) => nodeSleep(ms, undefined, signal ? { signal } : {}).catch(() => undefined),
    random: () => Math.random(),
  };
}

/** A World whose randomness is a function of the seed; its clocks are those of `world` (invariant 14). */
export function seeded(world: World, seed: number): World {
  return { ...world, random: randomFrom(seed) };
}

/** Deterministic uniform numbers in [0, 1): mulberry32, a 32-bit generator with full period. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x100000000;
  };
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim().replaceAll('-', '').slice(0, 12);
  } catch {
    return randomBytes(6).toString('hex'); // not Linux: every start counts as a boot
  }
}

type Clock = ReturnType<World['clock']>;

/** Each reading is stamped with the state of the clock; the machine is asked for it once in this time. */
const CLOCK_LOOK_EVERY_MS = 1_000;
/** A home hub without a battery clock wakes in the past; before this moment no time of ours can be right. */
const BUILT_AFTER_MS = Date.UTC(2026, 0, 1);
/** systemd-timesyncd asks at least every 2 048 s; after two silences the clock runs by itself. */
const SYNCED_FOR_MS = 2 * 2_048_000;
/** Error right after a synchronisation over the internet, and how a crystal drifts from there (50 ppm). */
const SYNC_ERROR_MS = 100;
export const DRIFT = 50e-6;
/** A clock that somebody else keeps: a battery clock, a hypervisor, another time service. */
const KEPT_ERROR_MS = 60_000;
/** A clock that nobody ever set may show anything: a lifetime. */
const UNKNOWN_ERROR_MS = 100 * 365.25 * 86_400_000;

const TIMESYNCD = '/run/systemd/timesync/synchronized';
/** Where timesyncd remembers the time of the last shutdown: with this folder, a missing sync file means that it waits for a network. */
const TIMESYNCD_STATE = '/var/lib/systemd/timesync';
const SET_FROM_BATTERY_CLOCK = '/sys/class/rtc/rtc0/hctosys';

function clockNow(wallMs: number, syncFile: string | undefined): Clock {
  const unsynced = { state: 'unsynced', uncertaintyMs: UNKNOWN_ERROR_MS } as const;
  if (wallMs < BUILT_AFTER_MS) return unsynced;
  const syncedMs = mtimeMs(syncFile ?? TIMESYNCD);
  if (syncedMs !== undefined) {
    const ageMs = Math.max(0, Date.now() - syncedMs);
    const uncertaintyMs = Math.round(SYNC_ERROR_MS + ageMs * DRIFT);
    return { state: ageMs < SYNCED_FOR_MS ? 'synced' : 'holdover', uncertaintyMs };
  }
  // A clock that is right only until the power goes must be set anew after each start.
  const mustBeSet = syncFile !== undefined || (existsSync(TIMESYNCD_STATE) && !isSetFromBattery());
  return mustBeSet ? unsynced : { state: 'holdover', uncertaintyMs: KEPT_ERROR_MS };
}

function mtimeMs(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}

function isSetFromBattery(): boolean {
  try {
    return readFileSync(SET_FROM_BATTERY_CLOCK, 'utf8').trim() === '1';
  } catch {
    return false; // no battery clock
  }
}
