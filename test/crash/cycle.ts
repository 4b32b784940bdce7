/** One cycle: a life of the agent from its start to its end, with what the plan has in store for it. */
import { unreachable } from '../../agent/reading/unreachable.ts';
import { ONE_POOL_THREAD } from '../strace.ts';
import type { Window } from './account.ts';
import { type Ended, type Life, startLife } from './life.ts';
import type { Cycle, End } from './plan.ts';
import type { Cut } from './power-cut.ts';
import { PROGRAM, type Stage } from './stage.ts';
import { traceOf } from './trace.ts';
import { makeTrouble } from './trouble.ts';

/** How one start of the agent went. */
export type Start =
  | { readonly start: 'up'; readonly ms: number }
  /** It was killed before it was up, as planned. */
  | { readonly start: 'killed' }
  /** It ended and said why, while its disk was planned to be of no use. */
  | { readonly start: 'refused'; readonly why: string }
  | { readonly start: 'failed'; readonly why: string };

/** How one life went. */
export interface Lived {
  readonly start: Start;
  /** It ended in a way that nobody planned. */
  readonly crash?: string;
  /** How often the agent noticed that its disk takes nothing. */
  readonly timesStuck: number;
  /** Newest entry in its journal when it opened that. */
  readonly journalAt?: number;
  /** It died at the planned call rather than at the end of its time. */
  readonly diedAtCall: boolean;
  readonly cut?: Cut;
  readonly windows: readonly Window[];
  readonly log: readonly string[];
}

/** How a cycle went. */
export interface Outcome {
  readonly cycle: Cycle;
  /** A second one where the first never was up. */
  readonly lives: readonly Lived[];
}

const UP_WITHIN_MS = 20_000;
const STOP_WITHIN_MS = 20_000;
/** From a device to the disk, nobody being asked to wait: radio, queue, batch, and a machine with other things to do. */
const AIR_MS = 750;
/** A pump is asked again only when its last answer is on disk (invariant 4), unless the disk takes nothing at all. */
const IN_AIR = { pump: 1 } as const;

export async function runCycle(stage: Stage, cycle: Cycle, random: () => number): Promise<Outcome> {
  const first = await live(stage, cycle, random);
  if (first.start.start === 'up') return { cycle, lives: [first] };
  // As the service manager does. The disk is mended; what the plan has against the rest of the world still is to come.
  const end: End = first.start.start === 'killed' ? { end: 'kill' } : cycle.end;
  return { cycle, lives: [first, await live(stage, { ...cycle, disk: { disk: 'well' }, end }, random)] };
}

async function live(stage: Stage, cycle: Cycle, random: () => number): Promise<Lived> {
  const { world, shelf, radio, power, feeders, cards } = stage;
  await harmDisk(stage, cycle);
  const { life, start } = await born(stage, cycle);
  const over = new AbortController();
  const isUp = start.start === 'up';
  const trouble = makeTrouble(stage, cycle, isUp ? over.signal : AbortSignal.abort());
  const filling = isUp ? fillDisk(stage, cycle, over.signal) : undefined;
  for (const work of [trouble.mended, filling]) work?.catch(() => undefined); // told below, when the agent is dead
  if (isUp) {
    stage.before.hadRoom = !isTight(cycle);
    await Promise.race([world.sleep(cycle.lifeMs, over.signal), life.ended]);
  }
  const wasAlive = await stillRuns(life);
  // A hub that is asked to stop lets go of its devices first, and may take seconds over the rest.
  const endingMs = world.monotonicMs();
  const ended = await end(stage, life, cycle);
  const { timesStuck, journalAt, log } = life;
  over.abort();
  await Promise.all([trouble.mended, filling]);
  radio.dropLinks(); // what supervision would find out seconds later
  await mendDisk(stage, cycle);
  const isCut = cycle.end.end === 'power-cut' || cycle.end.end === 'power-cut-at-call';
  const cut = isCut ? power?.cut(random) : undefined;
  // From memory alone it made nothing lasting.
  if (isUp && journalAt !== undefined) shelf.lasting();
  // A life that was never up and kept its power changed nothing that anybody was told of.
  if (isUp || cut) shelf.keep(cycle.number, [...feeders.map(({ book }) => book), cards.book]);
  const stuckSinceMs = stuckAt(life, ended.atMs);
  const fromMs = Math.min(ended.atMs, endingMs, stuckSinceMs ?? ended.atMs) - AIR_MS;
  const most = stuckSinceMs === undefined ? { most: IN_AIR } : {};
  const crash = isUp ? crashOf(cycle, wasAlive, ended) : undefined;
  return {
    start,
    timesStuck,
    ...(journalAt !== undefined && { journalAt }),
    diedAtCall: !wasAlive && ended.signal === 'SIGKILL' && cycle.end.end !== 'kill-at-start',
    windows: [...trouble.windows, { cycle: cycle.number, fromMs, toMs: world.monotonicMs(), ...most }],
    log,
    ...(cut && { cut }),
    ...(crash !== undefined && { crash }),
  };
}

/** Since when readings waited for the disk when it ended, or until so short before that the last of them may not have come there. */
function stuckAt({ standstill }: Life, endedMs: number): number | undefined {
  if (!standstill || (standstill.untilMs ?? endedMs) < endedMs - AIR_MS) return undefined;
  return standstill.sinceMs;
}

async function harmDisk({ disk }: Stage, { disk: trouble }: Cycle): Promise<void> {
  if (trouble.disk === 'full-at-start') await disk.fill(trouble.roomKb);
  if (trouble.disk === 'read-only-at-start') await disk.readOnly(true);
}

async function mendDisk({ disk }: Stage, { disk: trouble }: Cycle): Promise<void> {
  if (trouble.disk === 'full-at-start' || trouble.disk === 'full') await disk.free();
  if (trouble.disk === 'read-only-at-start') await disk.readOnly(false);
}

/** Starts the agent and waits until it is up, dead, or given up. */
async function born(stage: Stage, cycle: Cycle): Promise<{ readonly life: Life; readonly start: Start }> {
  const { world } = stage;
  const life = begin(stage, cycle);
  if (cycle.end.end === 'kill-at-start') void killAfter(stage, life, cycle.end.afterMs);
  const started = new AbortController();
  const start = await startOf(life, cycle, stage.before.hadRoom, world.sleep(UP_WITHIN_MS, started.signal));
  started.abort();
  return { life, start };
}

function begin(stage: Stage, cycle: Cycle): Life {
  const { world, hub, power, disk } = stage;
  const trace = traceOf(cycle, disk.state);
  const env = {
    ...power?.env({
      isTight: isTight(cycle),
      ...(cycle.disk.disk === 'slow' && { syncMs: cycle.disk.syncMs }),
    }),
    ...(trace.length > 0 && ONE_POOL_THREAD),
  };
  // The tracer itself is not to be preloaded with anything, and hands over what is for the agent.
  const handed = Object.entries(env).flatMap(([name, value]) => ['-E', `${name}=${value}`]);
  const command = [...PROGRAM, 'run', '--config', hub];
  return trace.length > 0
    ? startLife({ world, command: [...trace, ...handed, ...command], env: {} })
    : startLife({ world, command, env });
}

async function killAfter({ world }: Stage, life: Life, ms: number): Promise<void> {
  const over = new AbortController();
  void life.ended.then(() => over.abort());
  await world.sleep(ms, over.signal);
  life.signal('SIGKILL');
}

async function startOf(life: Life, cycle: Cycle, hadRoom: boolean, late: Promise<void>): Promise<Start> {
  const ms = await Promise.race([life.up, late.then(() => 'late' as const)]);
  if (ms === 'late') {
    life.signal('SIGKILL');
    return { start: 'failed', why: `not up within ${UP_WITHIN_MS} ms` };
  }
  if (ms !== undefined) return { start: 'up', ms };
  const { code, signal } = await life.ended;
  if (signal === 'SIGKILL' && mayDieEarly(cycle)) return { start: 'killed' };
  const why = `${signal ?? `exit ${code}`}: ${life.log.slice(-3).join(' / ')}`;
  return { start: signal === undefined && mayRefuse(cycle, hadRoom) ? 'refused' : 'failed', why };
}

function mayDieEarly({ end }: Cycle): boolean {
  return end.end === 'kill-at-start' || end.end === 'kill-at-call' || end.end === 'power-cut-at-call';
}

function isTight({ disk }: Cycle): boolean {
  return disk.disk === 'full' || disk.disk === 'full-at-start';
}

/** On a disk that takes nothing there is nothing to start with; on a full one there should be, for whoever had room before. */
function mayRefuse({ disk }: Cycle, hadRoom: boolean): boolean {
  switch (disk.disk) {
    case 'sync-fails':
    case 'write-fails':
    case 'open-fails':
    case 'read-only-at-start':
      return true;
    case 'full-at-start':
      return !hadRoom;
    case 'well':
    case 'full':
    case 'slow':
      return false;
    default:
      return unreachable(disk);
  }
}

async function fillDisk({ world, disk }: Stage, { disk: trouble }: Cycle, over: AbortSignal): Promise<void> {
  if (trouble.disk !== 'full') return;
  await world.sleep(trouble.atMs, over);
  if (over.aborted) return;
  await disk.fill(trouble.roomKb);
  await world.sleep(trouble.forMs, over);
  if (!over.aborted) await disk.free();
}

async function stillRuns(life: Life): Promise<boolean> {
  return Promise.race([life.ended.then(() => false), Promise.resolve().then(() => true)]);
}

/** Ends the life as planned, and waits for the end. */
async function end({ world }: Stage, life: Life, { end }: Cycle): Promise<Ended> {
  const over = new AbortController();
  switch (end.end) {
    case 'stop':
      life.signal('SIGTERM');
      break;
    case 'kill-at-stop':
      life.signal('SIGTERM');
      await Promise.race([world.sleep(end.afterMs, over.signal), life.ended]);
      life.signal('SIGKILL');
      break;
    case 'kill':
    case 'kill-at-call':
    case 'kill-at-start':
    case 'power-cut':
    case 'power-cut-at-call':
      life.signal('SIGKILL');
      break;
    default:
      unreachable(end);
  }
  const late = world.sleep(STOP_WITHIN_MS, over.signal).then(() => over.signal.aborted || life.signal('SIGKILL'));
  const ended = await life.ended;
  over.abort();
  await late;
  return ended;
}

function crashOf({ end }: Cycle, wasAlive: boolean, ended: Ended): string | undefined {
  const how = ended.signal ?? `exit ${ended.code}`;
  if (end.end === 'stop') return wasAlive && ended.code === 0 ? undefined : `${how} instead of a clean stop`;
  if (ended.signal === 'SIGKILL' || (end.end === 'kill-at-stop' && ended.code === 0)) return undefined;
  return `${how} while it should run`;
}
