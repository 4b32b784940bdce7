/** The hub's machine: power, and clocks that may be wrong until somebody on the network tells the time. */
import type { ClockState } from '../../agent/reading/entry.ts';
import { DRIFT } from '../../agent/world.ts';
import type { Chance } from './chance.ts';
import type { Scheduler } from './scheduler.ts';
import type { Trace } from './trace.ts';

/** The clocks of one boot. */
export interface MachineClock {
  readonly boot: string;
  wallMs(): number;
  monotonicMs(): number;
  state(): { readonly state: ClockState; readonly uncertaintyMs: number };
  /** How long the crystal's milliseconds take. */
  trueMs(ms: number): number;
  /** The true time at which the monotonic clock showed this. */
  trueAt(monotonicMs: number): number;
}

export interface Machine {
  readonly isOn: boolean;
  /** Of the present boot, or the last. */
  readonly clock: MachineClock;
  powerOn(): void;
  powerCut(): void;
  /** Clocks of all boots so far. */
  boots(): ReadonlyMap<string, MachineClock>;
  /** Whether the wall clock was trusted all the time. */
  readonly alwaysKnewTheTime: boolean;
}

export interface MachineOptions {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly trace: Trace;
  /** A clock with a battery is right within seconds; without one it shows the time of the last shutdown, or 1970. */
  readonly hasBattery: boolean;
  /** Whether a time service can be reached. */
  readonly isOnline: () => boolean;
}

/** As agent/world.ts judges a clock. */
const BUILT_AFTER_MS = Date.UTC(2026, 0, 1);
const SYNC_ERROR_MS = 100;
const SYNCED_FOR_MS = 2 * 2_048_000;
const KEPT_ERROR_MS = 60_000;
const UNKNOWN_ERROR_MS = 100 * 365.25 * 86_400_000;

export function openMachine({ scheduler, chance, trace, hasBattery, isOnline }: MachineOptions): Machine {
  const boots = new Map<string, MachineClock>();
  let isOn = false;
  let savedWallMs = scheduler.nowMs - chance.scale(60_000, 86_400_000);
  let alwaysKnewTheTime = true;
  let current: MachineClock & { sync(): void } = openClock();

  function wakesAt(): number {
    if (hasBattery) return scheduler.nowMs + chance.between(-20_000, 20_000);
    return chance.odds(0.5) ? savedWallMs : chance.between(5_000, 60_000);
  }

  function openClock(): MachineClock & { sync(): void } {
    const boot = Math.floor(chance.real() * 2 ** 48)
      .toString(16)
      .padStart(12, '0');
    const bootedMs = scheduler.nowMs;
    const rate = 1 + chance.between(-0.6, 0.6) * DRIFT;
    const atRateOf = (trueMs: number): number => Math.round(trueMs * rate * 1000) / 1000;
    let offsetMs = wakesAt();
    let syncedMs: number | undefined;
    const clock = {
      boot,
      wallMs: () => clock.monotonicMs() + offsetMs,
      monotonicMs: () => atRateOf(scheduler.nowMs - bootedMs),
      trueMs: (ms: number) => ms / rate,
      trueAt: (monotonicMs: number) => bootedMs + monotonicMs / rate,
      state: () => {
        const known = stateNow();
        if (known.state === 'unsynced') alwaysKnewTheTime = false;
        return known;
      },
      sync: () => {
        offsetMs = scheduler.nowMs + chance.between(-50, 50) - clock.monotonicMs();
        syncedMs = scheduler.nowMs;
        savedWallMs = clock.wallMs();
      },
    };

    function stateNow(): ReturnType<MachineClock['state']> {
      const unsynced = { state: 'unsynced', uncertaintyMs: UNKNOWN_ERROR_MS } as const;
      if (clock.wallMs() < BUILT_AFTER_MS) return unsynced;
      if (syncedMs === undefined) return hasBattery ? { state: 'holdover', uncertaintyMs: KEPT_ERROR_MS } : unsynced;
      const ageMs = Math.max(0, scheduler.nowMs - syncedMs);
      const uncertaintyMs = Math.round(SYNC_ERROR_MS + ageMs * DRIFT);
      return { state: ageMs < SYNCED_FOR_MS ? 'synced' : 'holdover', uncertaintyMs };
    }
    return clock;
  }

  function askTheTime(asker: MachineClock & { sync(): void }, afterMs: number): void {
    scheduler.at(scheduler.nowMs + afterMs, () => {
      if (!isOn || current !== asker) return;
      const answered = isOnline();
      if (answered) {
        const wasMs = asker.wallMs();
        asker.sync();
        trace.note('machine', `clock set by ${Math.round(asker.wallMs() - wasMs)} ms`);
      }
      askTheTime(asker, answered ? chance.scale(64_000, 2_048_000) : chance.scale(8_000, 60_000));
    });
  }

  return {
    get isOn() {
      return isOn;
    },
    get clock() {
      return current;
    },
    get alwaysKnewTheTime() {
      return alwaysKnewTheTime;
    },
    powerOn: () => {
      if (isOn) return;
      isOn = true;
      current = openClock();
      boots.set(current.boot, current);
      trace.note('machine', `power on, boot ${current.boot}, wall ${new Date(current.wallMs()).toISOString()}`);
      askTheTime(current, chance.scale(1_000, 30_000));
    },
    powerCut: () => {
      if (!isOn) return;
      isOn = false;
      trace.note('machine', 'power cut');
    },
    boots: () => boots,
  };
}
