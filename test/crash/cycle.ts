/** One cycle: a life of the agent from its start to its end, with what the plan has in store for it. */
import { unreachable } from '../../agent/reading/unreachable.ts';
import type { Window } from './account.ts';
import { type Ended, type Life, startLife } from './life.ts';
import type { Cycle } from './plan.ts';
import type { Cut } from './power-cut.ts';
import { PROGRAM, type Stage } from './stage.ts';
import { ONE_POOL_THREAD, traceOf } from './trace.ts';
import { makeTrouble } from './trouble.ts';

/** How a cycle went. */
export interface Outcome {
  readonly cycle: Cycle;
  readonly start:
    | { readonly start: 'up'; readonly ms: number }
    /** It was killed before it was up, as planned. */
    | { readonly start: 'killed' }
    /** It ended and said why, while its disk was planned to be of no use. */
    | { readonly start: 'refused'; readonly why: string }
    | { readonly start: 'failed'; readonly why: string };
  /** It ended in a way that nobody planned. */
  readonly crash?: string;
  /** The disk did what the plan says: the agent noticed. */
  readonly timesStuck: number;
  /** It died at the planned call rather than at the end of its time. */
  readonly diedAtCall: boolean;
  readonly cut?: Cut;
  readonly windows: readonly Window[];
  readonly log: readonly string[];
}

const UP_WITHIN_MS = 20_000;
const STOP_WITHIN_MS = 20_000;
/** From a device to the disk, nobody being asked to wait: radio, queue, batch, and a machine with other things to do. */
const AIR_MS = 750;
/** A pump is asked again only when its last answer is on disk (invariant 4), unless the disk takes nothing at all. */
const IN_AIR = { pump: 1 } as const;

export async function runCycle(stage: Stage, cycle: Cycle, random: () => number): Promise<Outcome> {
  const { world, disk } = stage;
  if (cycle.disk.disk === 'full-at-start') await disk.fill(cycle.disk.roomKb);
  if (cycle.disk.disk === 'read-only-at-start') await disk.readOnly(true);
  const life = begin(stage, cycle);
  const over = new AbortController();
  if (cycle.end.end === 'kill-at-start') void killAfter(stage, life, cycle.end.afterMs, over.signal);
  const start = await startOf(life, cycle, world.sleep(UP_WITHIN_MS, over.signal));
  const trouble = makeTrouble(stage, cycle.wire, start.start === 'up' ? over.signal : AbortSignal.abort());
  const filling = start.start === 'up' ? fillDisk(stage, cycle, over.signal) : Promise.resolve();
  if (start.start === 'up') {
    stage.shelf.lasting();
    await Promise.race([world.sleep(cycle.lifeMs, over.signal), life.ended]);
  }
  const isAlive = await stillRuns(life);
  const ended = await end(stage, life, cycle);
  const { stuckSinceMs } = life;
  over.abort();
  await Promise.all([trouble.mended, filling]);
  stage.radio.dropLinks(); // what supervision would find out seconds later
  if (cycle.disk.disk === 'full-at-start' || cycle.disk.disk === 'full') await disk.free();
  if (cycle.disk.disk === 'read-only-at-start') await disk.readOnly(false);
  const isCut = cycle.end.end === 'power-cut' || cycle.end.end === 'power-cut-at-call';
  const cut = isCut ? stage.power?.cut(random) : undefined;
  stage.shelf.keep(cycle.number, [...stage.feeders.map(({ book }) => book), stage.cards.book]);
  const fromMs = Math.min(ended.atMs, stuckSinceMs ?? ended.atMs) - AIR_MS;
  const crash = crashOf(cycle, start, isAlive, ended);
  return {
    cycle,
    start,
    timesStuck: life.timesStuck,
    diedAtCall: !isAlive && ended.signal === 'SIGKILL' && cycle.end.end !== 'kill-at-start',
    windows: [
      ...trouble.windows,
      { fromMs, toMs: world.monotonicMs(), ...(stuckSinceMs === undefined && { most: IN_AIR }) },
    ],
    log: life.log,
    ...(cut && { cut }),
    ...(crash !== undefined && { crash }),
  };
}

function begin(stage: Stage, cycle: Cycle): Life {
  const { world, hub, power, disk } = stage;
  const trace = traceOf(cycle, disk.state);
  const env = {
    ...power?.env(cycle.disk.disk === 'slow' ? cycle.disk.syncMs : 0),
    ...(trace.length > 0 && ONE_POOL_THREAD),
  };
  // The tracer itself is not to be preloaded with anything, and hands over what is for the agent.
  const handed = Object.entries(env).flatMap(([name, value]) => ['-E', `${name}=${value}`]);
  const command = [...PROGRAM, 'run', '--config', hub];
  return trace.length > 0
    ? startLife({ world, command: [...trace, ...handed, ...command], env: {} })
    : startLife({ world, command, env });
}

async function killAfter({ world }: Stage, life: Life, ms: number, over: AbortSignal): Promise<void> {
  await world.sleep(ms, over);
  life.signal('SIGKILL');
}

async function startOf(life: Life, cycle: Cycle, late: Promise<void>): Promise<Outcome['start']> {
  const ms = await Promise.race([life.up, late.then(() => 'late' as const)]);
  if (ms === 'late') {
    life.signal('SIGKILL');
    return { start: 'failed', why: `not up within ${UP_WITHIN_MS} ms` };
  }
  if (ms !== undefined) return { start: 'up', ms };
  const { code, signal } = await life.ended;
  if (signal === 'SIGKILL' && mayDieEarly(cycle)) return { start: 'killed' };
  const why = `${signal ?? `exit ${code}`}: ${life.log.slice(-3).join(' / ')}`;
  return { start: signal === undefined && mayRefuse(cycle) ? 'refused' : 'failed', why };
}

function mayDieEarly({ end }: Cycle): boolean {
  return end.end === 'kill-at-start' || end.end === 'kill-at-call' || end.end === 'power-cut-at-call';
}

/** On a disk that takes nothing there is nothing to start with; on a full one there should be, for that is foreseen. */
function mayRefuse({ disk }: Cycle): boolean {
  switch (disk.disk) {
    case 'sync-fails':
    case 'write-fails':
    case 'open-fails':
    case 'read-only-at-start':
      return true;
    case 'well':
    case 'full':
    case 'full-at-start':
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

function crashOf({ end }: Cycle, start: Outcome['start'], wasAlive: boolean, ended: Ended): string | undefined {
  if (start.start !== 'up') return undefined;
  const how = ended.signal ?? `exit ${ended.code}`;
  if (end.end === 'stop') return wasAlive && ended.code === 0 ? undefined : `${how} instead of a clean stop`;
  if (ended.signal === 'SIGKILL' || (end.end === 'kill-at-stop' && ended.code === 0)) return undefined;
  return `${how} while it should run`;
}
