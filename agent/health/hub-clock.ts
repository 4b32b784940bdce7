/** Watches the hub's own clock, and tells by how much entries are off that were written before it was right (invariant 10). */
import { entryOf, type Journal, JournalClosed, JournalFull } from '../journal/contract.ts';
import type { ClockCorrection, ClockState, Draft, HubEvent } from '../reading/entry.ts';
import { DRIFT, rfc3339, type Timer, type World } from '../world.ts';

export interface HubClock {
  close(): void;
}

/** Entries that were written under one setting of the clock. */
interface Segment {
  /** First sequence number; it ends where the next begins. */
  readonly from: number;
  /** Wall clock minus monotonic clock. */
  readonly offsetMs: number;
  readonly state: ClockState;
  readonly uncertaintyMs: number;
  /** When it began, monotonic: what was taken later was dated by it. */
  readonly sinceMs: number;
}

/** JSON through and through. */
interface Kept {
  readonly v: 1;
  readonly boot: string;
  /** The last is the present one; those before it are not corrected yet. */
  readonly segments: readonly Segment[];
  /** Entries of earlier boots whose time will never be known: told when this boot knows its own. */
  readonly unknown: readonly { readonly boot: string; readonly from: number; readonly to: number }[];
}

const CLOCK = 'clock';
const LOOK_EVERY_MS = 1_000;
/** A difference of the two clocks above this is a clock that was set; below it, one that is being disciplined. */
const STEP_MS = 500;
/** Entries looked through at a time for the moment at which the clock was set. */
const LOOKED_AT = 500;
/** Segments and boots remembered; past it the oldest is given up as unknown, or forgotten. */
const REMEMBERED_MOST = 50;

export function watchClock(world: World, journal: Journal, onEvent: (event: HubEvent) => void): HubClock {
  let { segments, unknown } = restore();
  let looking = false;
  /** When the clock was last known to be as it was, and the newest entry then: a process before this one may have seen it set. */
  let quiet = quietSince(segments);
  keep([]).catch(() => undefined); // full or closing: kept with the next change

  function now(): Segment {
    const { state, uncertaintyMs } = world.clock();
    const sinceMs = world.monotonicMs();
    return { from: journal.head + 1, offsetMs: world.wallMs() - sinceMs, state, uncertaintyMs, sinceMs };
  }

  function restore(): Pick<Kept, 'segments' | 'unknown'> {
    const kept = keptClock(journal.kept(CLOCK));
    if (!kept) return { segments: [now()], unknown: [] };
    if (kept.boot === world.boot) return kept;
    // The monotonic clock began anew: what was not corrected by then cannot be any more.
    const lost = kept.segments.flatMap(({ from, state }, at) => {
      const to = endOf(kept.segments, at);
      return state === 'unsynced' && to >= from ? [{ boot: kept.boot, from, to }] : [];
    });
    return { segments: [now()], unknown: [...kept.unknown, ...lost].slice(-REMEMBERED_MOST) };
  }

  function quietSince([...all]: readonly Segment[]): { readonly head: number; readonly sinceMs: number } {
    const { from, sinceMs } = all.at(-1) ?? now();
    return { head: from - 1, sinceMs };
  }

  function endOf(list: readonly Segment[], at: number): number {
    return (list[at + 1]?.from ?? journal.head + 1) - 1;
  }

  async function look(): Promise<void> {
    const last = segments.at(-1);
    const seen = now();
    if (!last) return;
    const steppedMs = seen.offsetMs - last.offsetMs;
    const isStep = Math.abs(steppedMs) > STEP_MS;
    if (!isStep && seen.state === last.state) {
      quiet = { head: journal.head, sinceMs: seen.sinceMs };
      return;
    }
    if (isStep) onEvent({ name: 'clock-stepped', cause: `by ${Math.round(steppedMs)} ms, now ${seen.state}` });
    await journal.keep({}); // what was handed in under the old setting has its number now
    const found = { ...seen, from: journal.head + 1, sinceMs: await lastUnder(last, seen) };
    if (found.state === 'unsynced') {
      // Remembered until a clock that is right tells by how much it was off.
      const doubtful = segments.filter(({ from }, at) => endOf(segments, at) >= from);
      segments = [...doubtful.slice(1 - REMEMBERED_MOST), found];
      return keep([]);
    }
    const told = [...corrections(found), ...unknown.map(gapOf)];
    const before = { segments, unknown };
    [segments, unknown] = [[found], []];
    return keep(told).catch((error: unknown) => {
      ({ segments, unknown } = before); // told at the next look
      throw error;
    });
  }

  /** The clock was set between two looks; what was taken between them tells by its own times under which setting. */
  async function lastUnder(before: Segment, after: Segment): Promise<number> {
    let lastMs = quiet.sinceMs;
    for (let next = quiet.head + 1; next <= journal.head; ) {
      const lines = await journal.scan(next, LOOKED_AT);
      for (const line of lines) {
        const entry = entryOf(line);
        if (entry.kind !== 'reading' && entry.kind !== 'waveform') continue;
        const { wall, monotonicMs, boot } = entry.body.received;
        const offsetMs = Date.parse(wall) - monotonicMs;
        const isBefore = Math.abs(offsetMs - before.offsetMs) < Math.abs(offsetMs - after.offsetMs);
        if (boot === world.boot && isBefore) lastMs = Math.max(lastMs, monotonicMs);
      }
      next = (lines.at(-1)?.seq ?? journal.head) + 1;
    }
    return Math.min(lastMs, after.sinceMs);
  }

  function corrections(found: Segment): readonly Draft[] {
    return segments.flatMap((segment, at) => {
      const addMs = Math.round(found.offsetMs - segment.offsetMs);
      // A clock that was right, or off by no more than it said, needs no correction.
      const isWrong = segment.state === 'unsynced' || Math.abs(addMs) > segment.uncertaintyMs;
      const to = endOf(segments, at);
      if (to < segment.from || segment.state === 'synced' || !isWrong) return [];
      const uncertaintyMs = Math.round(found.uncertaintyMs + (found.sinceMs - segment.sinceMs) * DRIFT);
      const untilMonotonicMs = segments[at + 1]?.sinceMs ?? found.sinceMs;
      return [draftOf({ boot: world.boot, from: segment.from, to, untilMonotonicMs, addMs, uncertaintyMs })];
    });
  }

  function draftOf(correction: ClockCorrection): Draft {
    const { boot, from, to, addMs } = correction;
    const cause = `entries ${from} to ${to} were dated ${Math.abs(addMs)} ms too ${addMs < 0 ? 'late' : 'early'}`;
    const id = `${journal.hub}-clock-corrected-${boot}-${from}-${to}`;
    return { id, kind: 'event', at: rfc3339(world.wallMs()), body: { name: 'clock-corrected', cause, correction } };
  }

  function gapOf({ boot, from, to }: Kept['unknown'][number]): Draft {
    const detail = `entries ${from} to ${to} were written before this start of the hub, in this order, by a clock that was never set`;
    const until = rfc3339(world.wallMs() - world.monotonicMs());
    const id = `${journal.hub}-clock-unknown-${boot}-${from}-${to}`;
    const body = { cause: 'clock-unknown', until, count: to - from + 1, detail } as const;
    return { id, kind: 'gap', at: rfc3339(world.wallMs()), body };
  }

  /** In one batch, so that nothing is corrected twice, nor forgotten. */
  async function keep(drafts: readonly Draft[]): Promise<void> {
    const kept: Kept = { v: 1, boot: world.boot, segments, unknown };
    await journal.append(drafts, { [CLOCK]: JSON.stringify(kept) });
  }

  let timer: Timer = world.after(LOOK_EVERY_MS, tick);
  function tick(): void {
    timer = world.after(LOOK_EVERY_MS, tick);
    if (looking) return;
    looking = true;
    look()
      .catch((error: unknown) => {
        // Full: tried again at the next look. Closed: after the restart.
        if (!(error instanceof JournalFull || error instanceof JournalClosed)) throw error;
      })
      .finally(() => {
        looking = false;
      });
  }
  return { close: () => timer.cancel() };
}

function keptClock(text: string | undefined): Kept | undefined {
  if (text === undefined) return undefined;
  try {
    const kept = JSON.parse(text) as Kept;
    return kept.v === 1 ? kept : undefined;
  } catch {
    return undefined; // of what it said, only corrections that were still to come are lost
  }
}
