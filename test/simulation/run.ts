/** One run: a home made from a seed, its trouble step by step, the invariants after each step, and the account at the end. */
import { type Home, type HomeOptions, openHome } from './home.ts';
import { bounded } from './invariants/bounded.ts';
import { alertsAsFolded } from './invariants/folded.ts';
import type { Invariant, Seen } from './invariants/invariant.ts';
import { judged } from './invariants/judged.ts';
import { kept } from './invariants/kept.ts';
import { received } from './invariants/received.ts';
import { silence } from './invariants/silence.ts';
import { openPlan } from './plan.ts';
import { settle } from './settled.ts';

export interface Failure {
  readonly seed: number;
  readonly step: string;
  /** Invariant and what is wrong. */
  readonly words: string;
  readonly last: readonly string[];
}

export interface Ran {
  readonly fingerprint: string;
  /** Virtual. */
  readonly seconds: number;
  readonly lives: number;
  readonly entries: number;
  readonly tallies: ReadonlyMap<string, number>;
  readonly failure?: Failure;
}

const LAST = 30;

export async function run(options: HomeOptions): Promise<Ran> {
  const home = openHome(options);
  const failure = await withCrashesHeard((crashes) => live(home, options.seed, crashes));
  return {
    fingerprint: home.trace.fingerprint(),
    seconds: (home.scheduler.nowMs - home.startMs) / 1000,
    lives: home.service.lives,
    entries: home.evidence.durable.size,
    tallies: home.trace.tallies(),
    ...(failure && { failure }),
  };
}

async function live(home: Home, seed: number, crashes: readonly string[]): Promise<Failure | undefined> {
  const { scheduler } = home;
  const invariants: readonly Invariant[] = [
    ...kept,
    ...judged(),
    ...received(),
    ...bounded(),
    ...silence(),
    alertsAsFolded,
  ];
  const plan = openPlan(home);
  let step = 'the beginning';

  const failed = (words: string): Failure => ({ seed, step, words, last: home.trace.last(LAST) });

  function look(): Failure | undefined {
    const [crash] = crashes;
    if (crash !== undefined) return failed(`the agent threw: ${crash}`);
    const seen: Seen = { home, plan, fresh: home.evidence.takeFresh(), freshHeld: home.hospital.takeFresh() };
    for (const { design, name, check } of invariants) {
      const words = check?.(seen);
      if (words) return failed(`invariant ${design}, ${name}: ${words}`);
    }
    return undefined;
  }

  async function advance(ms: number): Promise<Failure | undefined> {
    try {
      await scheduler.run(scheduler.nowMs + ms);
    } catch (error) {
      return failed(`thrown: ${error instanceof Error ? error.stack : String(error)}`);
    }
    return look();
  }

  home.hospital.comeBack();
  home.service.powerOn();
  home.oximeter.switchOn(true);
  for (let at = 1; at <= plan.steps; at++) {
    step = `step ${at} of ${plan.steps}`;
    const failure = await advance(plan.step());
    if (failure) return failure;
  }
  step = 'the end';
  plan.heal();
  const trouble = await settle(home, advance);
  if (trouble) return typeof trouble === 'string' ? failed(trouble) : trouble;
  for (const { design, name, atEnd } of invariants) {
    const words = atEnd?.(home, plan);
    if (words) return failed(`invariant ${design}, ${name}: ${words}`);
  }
  return undefined;
}

/** What the agent does not catch ends its process: here it ends the run. */
async function withCrashesHeard<T>(work: (crashes: readonly string[]) => Promise<T>): Promise<T> {
  const crashes: string[] = [];
  const hear = (error: unknown): void =>
    void crashes.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
  process.on('unhandledRejection', hear);
  try {
    return await work(crashes);
  } finally {
    process.off('unhandledRejection', hear);
  }
}
