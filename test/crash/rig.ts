/** The run: cycle after cycle on one stage, then everything is well again, the hub drains, and the account is closed. */
import type { Entry } from '../../agent/reading/entry.ts';
import { randomFrom, type World } from '../../agent/world.ts';
import { type Account, closeAccount, type Evidence, isClean, type Window } from './account.ts';
import { type Outcome, runCycle } from './cycle.ts';
import type { Diagnosis } from './hospital.ts';
import { startLife } from './life.ts';
import type { Cycle } from './plan.ts';
import { openStage, PROGRAM, type Stage } from './stage.ts';
import { importCard } from './trouble.ts';

export interface RigOptions {
  readonly world: World;
  readonly seed: number;
  readonly plan: readonly Cycle[];
  readonly hasPower: boolean;
  readonly diskLies: boolean;
  readonly stop: AbortSignal;
  onCycle(outcome: Outcome, readings: number): void;
}

export interface Report {
  readonly account: Account;
  readonly outcomes: readonly Outcome[];
  /** How the last life went, which had nothing to fear. */
  readonly finale: { readonly startMs?: number; readonly drainMs?: number; readonly fault?: string };
  readonly seconds: number;
}

const UP_WITHIN_MS = 30_000;
/** A hub that makes no headway for so long has stopped. On a disk that lies nothing better is to be expected. */
const HEADWAY_WITHIN_MS = { honest: 20_000, lying: 3_000 } as const;
const STOP_WITHIN_MS = 20_000;
const ASK_EVERY_MS = 250;
/** What the last measurements need from the devices to the disk. */
const SETTLE_MS = 1_000;

/** Whether this run shows that nothing is lost. */
export function isGood({ account, outcomes, finale }: Report): boolean {
  return (
    isClean(account) &&
    finale.fault === undefined &&
    outcomes.every(({ lives }) => lives.every(({ start, crash }) => start.start !== 'failed' && crash === undefined))
  );
}

export async function runRig(options: RigOptions): Promise<Report> {
  const { world, seed, plan, stop } = options;
  const startedMs = world.monotonicMs();
  const random = randomFrom(seed);
  const stage = await openStage({ ...options, cycles: plan.length });
  const outcomes: Outcome[] = [];
  try {
    for (const cycle of plan) {
      if (stop.aborted) break;
      const outcome = await runCycle(stage, cycle, random);
      outcomes.push(outcome);
      options.onCycle(outcome, givenSoFar(stage));
    }
    const windows: Window[] = outcomes.flatMap(({ lives }) => lives.flatMap(({ windows: around }) => around));
    const { finale, head, receiptedUpTo } = await drain(
      stage,
      windows,
      HEADWAY_WITHIN_MS[options.diskLies ? 'lying' : 'honest'],
    );
    const { entries, conflicts, missed } = await stage.shelf.close();
    const evidence: Evidence = {
      books: [...stage.feeders.map(({ book }) => book), stage.cards.book],
      windows,
      journaled: entries,
      conflicts,
      missed,
      hospital: stage.hospital.stored().map((line) => JSON.parse(line) as Entry),
      renumbered: stage.hospital.renumbered(),
      seen: stage.hospital.seen,
      head,
      receiptedUpTo,
    };
    const account = closeAccount(evidence);
    return { account, outcomes, finale, seconds: (world.monotonicMs() - startedMs) / 1000 };
  } finally {
    await stage.close();
  }
}

function givenSoFar({ feeders }: Stage): number {
  return feeders.reduce((sum, { book }) => sum + book.given.reduce((all, { keys }) => all + keys.length, 0), 0);
}

interface Drained {
  readonly finale: Report['finale'];
  readonly head: number;
  readonly receiptedUpTo: number;
}

/** One more life without any fault: devices finish, the hub hands over all it has, and is stopped as it should be. */
async function drain(stage: Stage, windows: Window[], patienceMs: number): Promise<Drained> {
  const { world, feeders, cards, hub, power, shelf } = stage;
  const env = power?.env() ?? {};
  const life = startLife({ world, command: [...PROGRAM, 'run', '--config', hub], env });
  const over = new AbortController();
  const startMs = await Promise.race([life.up, world.sleep(UP_WITHIN_MS, over.signal).then(() => undefined)]);
  over.abort();
  if (startMs === undefined) {
    life.signal('SIGKILL');
    await life.ended;
    return { finale: { fault: `the last start failed: ${life.log.slice(-3).join(' / ')}` }, head: 0, receiptedUpTo: 0 };
  }
  shelf.lasting();
  if (cards.book.given.flatMap(({ keys }) => keys).length > cards.book.confirmed.length) await importCard(stage);
  const upAtMs = world.monotonicMs();
  await world.sleep(SETTLE_MS);
  windows.push({
    cycle: Number.POSITIVE_INFINITY,
    fromMs: world.monotonicMs() - SETTLE_MS,
    toMs: Number.POSITIVE_INFINITY,
  });
  await Promise.all(feeders.map((feeder) => feeder.stop()));
  await world.sleep(SETTLE_MS);
  const answer = await drained(stage, patienceMs);
  const drainMs = world.monotonicMs() - upAtMs;
  const fault = isDrained(answer)
    ? undefined
    : `not drained: head ${answer?.head ?? 'unknown'}, receipted up to ${answer?.receiptedUpTo ?? 'unknown'}`;
  life.signal('SIGTERM');
  const late = new AbortController();
  const killed = world.sleep(STOP_WITHIN_MS, late.signal).then(() => late.signal.aborted || life.signal('SIGKILL'));
  const { code, signal } = await life.ended;
  late.abort();
  await killed;
  const stopFault = code === 0 ? undefined : `the last stop ended with ${signal ?? `exit ${code}`}`;
  const worst = fault ?? stopFault;
  return {
    finale: { startMs, drainMs, ...(worst !== undefined && { fault: worst }) },
    head: answer?.head ?? 0,
    receiptedUpTo: answer?.receiptedUpTo ?? 0,
  };
}

/** The last word of the hub: everything is receipted, or nothing moves any more. */
async function drained({ world, hospital }: Stage, patienceMs: number): Promise<Diagnosis | undefined> {
  let last: Diagnosis | undefined;
  let movedAtMs = world.monotonicMs();
  while (!isDrained(last) && world.monotonicMs() - movedAtMs < patienceMs) {
    await world.sleep(ASK_EVERY_MS);
    const answer = await hospital.diagnose(ASK_EVERY_MS);
    if (answer && answer.receiptedUpTo !== last?.receiptedUpTo) movedAtMs = world.monotonicMs();
    last = answer ?? last;
  }
  return last;
}

function isDrained(answer: Diagnosis | undefined): boolean {
  return answer !== undefined && answer.head > 0 && answer.receiptedUpTo >= answer.head;
}
