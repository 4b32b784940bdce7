/** Pulls the plug of a demo's agent at seeded moments, and keeps what lay on its disk each time. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { textOf } from '../../agent/journal/contract.ts';
import { openJournal } from '../../agent/journal/open.ts';
import type { Entry } from '../../agent/reading/entry.ts';
import type { Measurement } from '../../agent/reading/measurement.ts';
import { realWorld, type World } from '../../agent/world.ts';
import type { Demo } from '../../simulators/demo/demo.ts';
import { measurementKey } from '../../simulators/demo/measurement-key.ts';
import { HUB } from '../../simulators/demo/stage.ts';

/** One pulled plug. */
export interface Kill {
  readonly atMs: number;
  /** Where a copy of the journal lies as it was after the death. */
  readonly journal: string;
  /** Measurements each device had given to the wire when the next agent was started: nobody hears one in between. */
  readonly sent: ReadonlyMap<string, number>;
}

/** A plug is pulled in each of these windows, seconds from the start; cards and weighings come at three and four. */
const WINDOWS_S = [
  [2.2, 5],
  [6.5, 9],
  [11, 14],
] as const;
/** Between something being sent and the kill: at once, or long enough to reach the disk in some runs and not in others. */
const AFTER_SENT_MS = [-4, 12] as const;

const ENTRIES_BEFORE_KILL = 20;

export interface Killer {
  /** To be called whenever something changed in the demo. */
  watch(demo: Demo): void;
  readonly kills: readonly Kill[];
}

/** Each kill follows a measurement that was just sent, so that devices are at work when it comes. */
export function killer(world: World, random: () => number, folder: string): Killer {
  const momentsMs = WINDOWS_S.map(([from, to]) => (from + random() * (to - from)) * 1000);
  const [soonest, latest] = AFTER_SENT_MS;
  const delaysMs = WINDOWS_S.map(() => soonest + random() * (latest - soonest));
  const kills: Kill[] = [];
  let phase: 'alive' | 'condemned' | 'dead' = 'alive';
  let sentBefore = 0;
  let atMs = 0;

  function watch(demo: Demo): void {
    const sent = demo.cast.actors.reduce((sum, actor) => sum + actor.account.sent.length, 0);
    const isSending = sent > sentBefore;
    sentBefore = sent;
    const isUp = demo.agent.pid !== undefined;
    // On a busy machine the agent may have nothing on disk yet when the first window opens.
    const isAtWork = (demo.stage.hospital.account(HUB)?.received ?? 0) > ENTRIES_BEFORE_KILL;
    if (phase === 'alive' && isUp && isAtWork && isSending && demo.elapsedMs >= (momentsMs[kills.length] ?? Infinity)) {
      phase = 'condemned';
      const kill = (): void => {
        atMs = demo.elapsedMs;
        demo.agent.kill();
      };
      const delayMs = delaysMs[kills.length] ?? 0;
      if (delayMs <= 0) kill();
      else world.after(delayMs, kill);
    } else if (phase === 'condemned' && !isUp) {
      phase = 'dead';
      cpSync(demo.stage.folder, join(folder, String(kills.length)), { recursive: true, filter: isJournal });
    } else if (phase === 'dead' && isUp) {
      phase = 'alive';
      kills.push({
        atMs,
        journal: join(folder, String(kills.length), 'journal'),
        sent: new Map(demo.cast.actors.map(({ id, account }) => [id, account.sent.length])),
      });
    }
  }
  return { watch, kills };
}

/** Sockets cannot be copied, and the cards need not be. */
function isJournal(path: string): boolean {
  return !/\.sock$|\/cards$/.test(path);
}

/** Everything in a journal that no process holds. */
export async function linesIn(path: string): Promise<readonly { readonly seq: number; readonly json: string }[]> {
  const journal = await openJournal({ world: realWorld(), path, hub: HUB, onEvent: () => undefined });
  const lines = await journal.scan(1, journal.head);
  await journal.close();
  return lines.map((line) => ({ seq: line.seq, json: textOf(line) }));
}

/** The measurements of a device among entries, in their order. */
export function measurementsOf(device: string, entries: readonly Entry[]): readonly Measurement[] {
  return entries.flatMap((entry) =>
    (entry.kind === 'reading' || entry.kind === 'waveform') && entry.body.device === device ? [entry.body] : [],
  );
}

/** With one of these begins each frame of the devices that nobody tells what arrived. */
const FIRST_METRICS = new Set(['MDC_PULS_OXIM_SAT_O2', 'MDC_PUMP_INFUSING_STATUS', 'MDCX_PUMP_ALARM']);

/** Frames as texts. Those that a device repeats until it is told that they arrived are left out: they have a device time. */
export function framesOf(measurements: readonly Measurement[]): readonly string[] {
  const frames: string[] = [];
  for (const measurement of measurements) {
    if (measurement.deviceTime !== undefined) continue;
    const key = measurementKey(measurement);
    if (FIRST_METRICS.has(measurement.metric)) frames.push(key);
    else frames.push(`${frames.pop() ?? ''} ${key}`);
  }
  return frames;
}

/** Which of `sent` have no counterpart in `arrived`, both in the order of the device. Throws where something arrived that was not sent. */
export function notArrived(sent: readonly string[], arrived: readonly string[]): readonly number[] {
  const missing: number[] = [];
  let next = 0;
  for (const [at, frame] of sent.entries()) {
    if (arrived[next] === frame) next++;
    else missing.push(at);
  }
  if (next < arrived.length) throw new Error(`${arrived[next]} arrived out of order, twice, or was never sent`);
  return missing;
}
