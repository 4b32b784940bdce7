/** The only clock and the only randomness. Everything else is handed a World. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
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
  /** Resolves after ms, or at once when the signal aborts; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Uniform in [0, 1). */
  random(): number;
}

/** RFC 3339 UTC with milliseconds. */
export function rfc3339(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

/** The machine's own clocks. */
export function realWorld(): World {
  const bootedAt = uptime() * 1000 - performance.now();
  return {
    wallMs: () => Date.now(),
    monotonicMs: () => Math.round((bootedAt + performance.now()) * 1000) / 1000,
    boot: bootId(),
    clock: () => clockState(),
    after: (ms, fn) => {
      const timer = setTimeout(fn, ms);
      return { cancel: () => clearTimeout(timer) };
    },
    sleep: (ms, signal) => nodeSleep(ms, undefined, signal ? { signal } : {}).catch(() => undefined),
    random: () => Math.random(),
  };
}

/** The same World with its wall clock moved: a simulated run can begin at the moment of its story. */
export function shifted(world: World, byMs: number): World {
  return { ...world, wallMs: () => world.wallMs() + byMs };
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

/** A home hub without a battery clock wakes in the past; before this moment no time of ours can be right. */
const BUILT_AFTER_MS = Date.UTC(2026, 0, 1);

function clockState(): { state: ClockState; uncertaintyMs: number } {
  if (Date.now() < BUILT_AFTER_MS) return { state: 'unsynced', uncertaintyMs: 300_000 };
  try {
    // systemd-timesyncd touches this file at each synchronisation.
    readFileSync('/run/systemd/timesync/synchronized');
    return { state: 'synced', uncertaintyMs: 1_000 };
  } catch {
    return { state: 'holdover', uncertaintyMs: 60_000 };
  }
}
