/** The agent as a service: started with the machine, started again when it ends, and killed when somebody pulls the plug. */
import { type Agent, startAgent } from '../../agent/agent.ts';
import type { Logger } from '../../agent/log.ts';
import type { Outside } from '../../agent/machine.ts';
import type { CarePlan } from '../../agent/rules/plan.ts';
import type { Settings } from '../../agent/settings/settings.ts';
import type { Chance } from './chance.ts';
import { type Life, openLife } from './life.ts';
import type { Machine } from './machine.ts';
import type { Scheduler } from './scheduler.ts';
import type { Trace } from './trace.ts';

export interface Service {
  /** The agent runs and has opened its journal. */
  readonly isUp: boolean;
  /** Since when, true time. */
  readonly upSinceMs: number;
  readonly lives: number;
  /** Starts that were refused since the last look, in words. */
  takeRefusedStarts(): readonly string[];
  powerOn(): void;
  powerCut(): void;
  /** SIGKILL. */
  kill(): void;
  /** As on an update: an orderly stop, and SIGKILL when that takes too long. */
  restart(): void;
  readonly plan: CarePlan;
  /** Whether it was ever another. */
  readonly hasChangedPlan: boolean;
  /** From the next start on. */
  changePlan(plan: CarePlan): void;
}

export interface ServiceOptions {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly machine: Machine;
  readonly settings: Settings;
  readonly plan: CarePlan;
  readonly log: Logger;
  outside(life: Life): Outside;
  /** The life is over, killed with its machine or alone. */
  onEnd(life: Life, isMachineUp: boolean): void;
}

/** As systemd/hjemmebro.service says, and systemd where it does not. */
const RESTART_MS = 2_000;
const STOP_MS = 90_000;
const BOOT_MS = 20_000;

export function openService(options: ServiceOptions): Service {
  const { scheduler, chance, trace, machine, settings, log } = options;
  const refused: string[] = [];
  let life: Life | undefined;
  let agent: Agent | undefined;
  let lives = 0;
  let isStopping = false;
  let upSinceMs = 0;
  let { plan } = options;
  let hasChangedPlan = false;

  function start(): void {
    if (life || !machine.isOn) return;
    lives += 1;
    const mine = openLife(`life ${lives}`, scheduler, machine.clock, chance.of(`life ${lives}`));
    life = mine;
    trace.note('service', `${mine.name} begins`);
    const given = { world: mine.world, log, settings, plan, refusals: [], software: '0.1.0' };
    startAgent({ ...given, outside: options.outside(mine) }).then(
      (started) => {
        agent = started;
        upSinceMs = scheduler.nowMs;
        trace.note('service', 'is up');
      },
      (error: unknown) => {
        const words = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
        refused.push(words);
        trace.note('service', `does not start: ${words}`);
        // The process exits: nothing of it may go on.
        atRest(() => end(mine, true));
      },
    );
  }

  /** A process is killed between two things that happen to it: what it was told before it has understood. */
  function atRest(fn: () => void): void {
    scheduler.soon(fn);
  }

  function end(mine: Life, isMachineUp: boolean): void {
    if (life !== mine) return;
    mine.end();
    life = undefined;
    agent = undefined;
    isStopping = false;
    trace.note('service', `${mine.name} is over`);
    options.onEnd(mine, isMachineUp);
    if (isMachineUp) scheduler.at(scheduler.nowMs + RESTART_MS, start);
  }

  return {
    get plan() {
      return plan;
    },
    get hasChangedPlan() {
      return hasChangedPlan;
    },
    changePlan: (next) => {
      hasChangedPlan ||= next !== plan;
      plan = next;
    },
    get isUp() {
      return agent !== undefined && !isStopping;
    },
    get upSinceMs() {
      return upSinceMs;
    },
    get lives() {
      return lives;
    },
    takeRefusedStarts: () => refused.splice(0),
    powerOn: () => {
      if (machine.isOn) return;
      machine.powerOn();
      scheduler.at(scheduler.nowMs + BOOT_MS * chance.between(0.5, 1.5), start);
    },
    powerCut: () =>
      atRest(() => {
        if (!machine.isOn) return;
        machine.powerCut();
        if (life) end(life, false);
      }),
    kill: () =>
      atRest(() => {
        if (life) end(life, true);
      }),
    restart: () => {
      const mine = life;
      if (!mine || !agent || isStopping) return;
      isStopping = true;
      trace.note('service', `${mine.name} is asked to stop`);
      agent.close().then(() => {
        trace.note('service', 'stopped');
        atRest(() => end(mine, true));
      });
      scheduler.at(scheduler.nowMs + STOP_MS, () => {
        if (life === mine) trace.note('service', 'does not stop, and is killed');
        end(mine, true);
      });
    },
  };
}
