/** One life of the agent's process: its World, and the certainty that nothing of it runs once it is over. */
import type { World } from '../../agent/world.ts';
import { sleepBy } from '../virtual-world.ts';
import type { Chance } from './chance.ts';
import type { MachineClock } from './machine.ts';
import type { Scheduler } from './scheduler.ts';

export interface Life {
  readonly name: string;
  readonly world: World;
  readonly isOver: boolean;
  /** Killed, by whatever: timers, promises and answers that are under way are gone. Only called when the process is at rest. */
  end(): void;
  /** What the outside does for this life: not once it is over. */
  later(ms: number, fn: () => void): void;
  soon(fn: () => void): void;
  /** Something of this life still runs although it is over: the simulation is wrong. */
  mustLive(what: string): void;
}

export function openLife(name: string, scheduler: Scheduler, clock: MachineClock, chance: Chance): Life {
  let isOver = false;
  const unlessOver = (fn: () => void) => (): void => {
    if (!isOver) fn();
  };

  function mustLive(what: string): void {
    if (isOver) throw new Error(`${name} is over and yet ${what}`);
  }

  const world: World = {
    wallMs: clock.wallMs,
    monotonicMs: clock.monotonicMs,
    boot: clock.boot,
    clock: clock.state,
    random: chance.real,
    after: (ms, fn) => {
      mustLive('asks for a timer');
      return scheduler.at(scheduler.nowMs + clock.trueMs(Math.max(0, ms)), unlessOver(fn));
    },
    soon: (fn) => {
      mustLive('wants to run soon');
      scheduler.soon(unlessOver(fn));
    },
    sleep: sleepBy((ms, fn) => world.after(ms, fn)),
  };

  return {
    name,
    world,
    get isOver() {
      return isOver;
    },
    end: () => {
      isOver = true;
    },
    later: (ms, fn) => void scheduler.at(scheduler.nowMs + ms, unlessOver(fn)),
    soon: (fn) => scheduler.soon(unlessOver(fn)),
    mustLive,
  };
}
