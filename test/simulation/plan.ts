/** The plan of a run: what begins in which step, how long steps are, and the end of all trouble. */
import { type Fault, faults } from './faults.ts';
import type { Home } from './home.ts';

export interface Plan {
  readonly steps: number;
  /** Begins what this step brings, and says how long the step is, milliseconds. */
  step(): number;
  /** Everything is well again, and the machine runs. */
  heal(): void;
}

const STEPS = [60, 150] as const;
const STEP_MS = [300, 60_000] as const;
/** How many things begin in a step. */
const BEGINNINGS = [0, 0, 0, 0, 1, 1, 1, 1, 2, 3];

export function openPlan(home: Home): Plan {
  const { chance, scheduler, trace } = home;
  const isDamaging = chance.odds(0.2);
  const possible = faults.filter((fault) => isDamaging || fault.isDamage === undefined);
  const total = possible.reduce((sum, { weight }) => sum + weight, 0);
  /** How the faults that last end. */
  const lasting = new Map<Fault, () => void>();

  function draw(): Fault {
    let left = chance.between(0, total);
    for (const fault of possible) {
      left -= fault.weight;
      if (left < 0) return fault;
    }
    return chance.one(possible);
  }

  function begin(fault: Fault): void {
    const { of, lasts } = fault;
    if (of && [...lasting.keys()].some((other) => other.of === of)) return;
    const ms = lasts && 1000 * chance.scale(...lasts);
    trace.note('plan', ms === undefined ? fault.name : `${fault.name}, ${Math.round(ms)} ms`);
    const end = fault.begin(home, chance);
    if (!end || ms === undefined) return;
    lasting.set(fault, end);
    scheduler.at(scheduler.nowMs + ms, () => finish(fault));
  }

  function finish(fault: Fault): void {
    const end = lasting.get(fault);
    if (!end) return;
    lasting.delete(fault);
    trace.note('plan', `${fault.name}: over`);
    end();
  }

  return {
    steps: chance.whole(...STEPS),
    step: () => {
      for (let left = chance.one(BEGINNINGS); left > 0; left--) begin(draw());
      return chance.scale(...STEP_MS);
    },
    heal: () => {
      trace.note('plan', 'all is well');
      for (const fault of lasting.keys()) finish(fault);
      home.uncue();
      home.hospital.comeBack();
      home.oximeter.switchOn(true);
      home.oximeter.putOn(true);
      home.service.powerOn();
    },
  };
}
