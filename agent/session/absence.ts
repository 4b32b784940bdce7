/** Accounts for the time in which a streaming device delivered no values: each stretch with its cause, as a gap entry (invariant 11). */
import type { Journal } from '../journal/contract.ts';
import type { Draft, GapCause } from '../reading/entry.ts';
import { ownId } from '../reading/identity.ts';
import { rfc3339, type World } from '../world.ts';

export type AwayCause = Extract<GapCause, 'device-off' | 'out-of-range' | 'link-fault' | 'sensor-off'>;

export interface AbsenceOptions {
  readonly world: World;
  readonly journal: Journal;
  readonly device: string;
  /** Shorter than this is no absence, milliseconds: the device may not have had anything to say. */
  readonly shortestMs: number;
  /** Whether a planned pause covers this device now. */
  readonly isPaused: () => boolean;
}

export interface Absence {
  /** A frame of its series came. Returns the stretch that has ended, if any. */
  heard(hasValues: boolean): readonly Draft[];
  /** The link went down. */
  away(cause: AwayCause, words: string): readonly Draft[];
}

interface Stretch {
  readonly sinceMonotonicMs: number;
  readonly cause: GapCause;
  readonly detail: string;
}

/** The last value is noted on disk this often: a restart must not make the absence before it look shorter than it was by more. */
const KEEP_EVERY_MS = 10_000;

/** `told` is the stretch in which the hub itself was down, for a device that was streaming before. */
export function openAbsence(options: AbsenceOptions): { readonly absence: Absence; readonly told: readonly Draft[] } {
  const { world, journal, device, shortestMs } = options;
  const name = `absence.${device}`;
  let lastKeptMs = Number.NEGATIVE_INFINITY;
  /** Monotonic time of the last value; undefined for a device that does not stream. */
  let lastValueMs: number | undefined;
  let stretch: Stretch | undefined;
  let ordinal = 0;

  function begin(cause: GapCause, detail: string, sinceMonotonicMs: number): void {
    stretch = { sinceMonotonicMs, cause, detail };
  }

  function end(): readonly Draft[] {
    const ended = stretch;
    stretch = undefined;
    if (!ended) return [];
    const lengthMs = world.monotonicMs() - ended.sinceMonotonicMs;
    // Dated by the clock as it is now: one that was set in between must not make the stretch longer, or turn it round.
    return lengthMs < shortestMs ? [] : [gap(world.wallMs() - lengthMs, ended.cause, ended.detail)];
  }

  function gap(sinceMs: number, cause: GapCause, detail: string): Draft {
    const nowMs = world.wallMs();
    const received = { boot: world.boot, monotonicMs: world.monotonicMs() };
    return {
      id: ownId(`${device} ${cause}`, received, String(ordinal++)),
      kind: 'gap',
      at: rfc3339(nowMs),
      fresh: true,
      body: {
        cause: options.isPaused() ? 'planned-pause' : cause,
        device,
        since: rfc3339(sinceMs),
        until: rfc3339(nowMs),
        detail,
      },
    };
  }

  /** Another cause takes over: what was so far is told, and the rest is the new one's. */
  function turn(cause: GapCause, detail: string): readonly Draft[] {
    if (lastValueMs === undefined || stretch?.cause === cause) return [];
    const wasRunning = stretch !== undefined;
    const told = end();
    // A cause that lasted too short to be told of is taken over as well.
    begin(cause, detail, wasRunning && told.length > 0 ? world.monotonicMs() : lastValueMs);
    return told;
  }

  function restore(): readonly Draft[] {
    const lastMs = Number(journal.kept(name));
    if (!Number.isFinite(lastMs) || journal.kept(name) === undefined) return [];
    lastValueMs = world.monotonicMs();
    begin('device-off', 'not heard since the hub started', lastValueMs);
    if (world.wallMs() - lastMs < shortestMs) return [];
    return [gap(lastMs, 'hub-down', 'the hub did not run')];
  }

  const absence: Absence = {
    heard: (hasValues) => {
      if (!hasValues) return turn('sensor-off', 'the device sent no values');
      const nowMs = world.monotonicMs();
      if (!stretch && lastValueMs !== undefined) begin('device-off', 'connected and silent', lastValueMs);
      const told = end();
      lastValueMs = nowMs;
      if (nowMs - lastKeptMs >= KEEP_EVERY_MS) {
        lastKeptMs = nowMs;
        journal.keepSoon({ [name]: String(world.wallMs()) });
      }
      return told;
    },
    away: turn,
  };
  return { absence, told: restore() };
}
