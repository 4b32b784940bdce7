/** The plan of a run: what begins in which step, how long steps are, and the end of all trouble. */
import { type Family, type Fault, faults, type Spell } from './faults.ts';
import type { Home } from './home.ts';

export interface Plan {
  readonly steps: number;
  /** Begins what this step brings, and says how long the step is, milliseconds. */
  step(): number;
  /** Everything is well again, and the machine runs. */
  heal(): void;
  /** For how long nothing has been wrong but with the devices and the patient, milliseconds. */
  calmForMs(): number;
  readonly hadDiskTrouble: boolean;
}

const STEPS = [60, 150] as const;
const STEP_MS = [300, 30_000] as const;
const ODDS: Readonly<Record<Family, number>> = {
  devices: 0.95,
  lives: 0.8,
  network: 0.75,
  hospital: 0.75,
  disk: 0.7,
  damage: 0.2,
};
/** How many things begin in a step. */
const BEGINNINGS = [0, 0, 0, 0, 1, 1, 1, 1, 2, 3];

export function openPlan(home: Home): Plan {
  const { chance, scheduler, trace } = home;
  const families = (Object.keys(ODDS) as Family[]).filter((family) => chance.odds(ODDS[family]));
  const possible = families.flatMap((family) => faults[family]);
  trace.note('plan', `families: ${families.join(', ')}`);
  const total = possible.reduce((sum, { weight }) => sum + weight, 0);
  /** How the faults that last end. */
  const lasting = new Map<Spell, () => void>();

  let disturbedMs = scheduler.nowMs;
  let hadDiskTrouble = false;

  const isOfDevices = (fault: Fault): boolean => faults.devices.includes(fault);

  function disturbed(fault: Fault): void {
    if (!isOfDevices(fault)) disturbedMs = scheduler.nowMs;
  }

  function draw(): Fault | undefined {
    let left = chance.between(0, total);
    return possible.find(({ weight }) => {
      left -= weight;
      return left < 0;
    });
  }

  function happen(fault: Fault): void {
    trace.tally(`fault ${fault.name}`);
    hadDiskTrouble ||= fault.of === 'disk';
    disturbed(fault);
    if ('strike' in fault) {
      trace.note('plan', fault.name);
      fault.strike(home, chance);
    } else if (![...lasting.keys()].some(({ of }) => of === fault.of)) begin(fault);
  }

  function begin(spell: Spell): void {
    const ms = 1000 * chance.scale(...spell.lasts);
    trace.note('plan', `${spell.name}, ${Math.round(ms)} ms`);
    lasting.set(spell, spell.begin(home, chance));
    scheduler.at(scheduler.nowMs + ms, () => finish(spell));
  }

  function finish(spell: Spell): void {
    const end = lasting.get(spell);
    if (!end) return;
    lasting.delete(spell);
    disturbed(spell);
    trace.note('plan', `${spell.name}: over`);
    end();
  }

  return {
    steps: chance.whole(...STEPS),
    step: () => {
      for (let left = chance.one(BEGINNINGS); left > 0; left--) {
        const fault = draw();
        if (fault) happen(fault);
      }
      return chance.scale(...STEP_MS);
    },
    calmForMs: () => ([...lasting.keys()].every(isOfDevices) ? scheduler.nowMs - disturbedMs : 0),
    get hadDiskTrouble() {
      return hadDiskTrouble;
    },
    heal: () => {
      trace.note('plan', 'all is well');
      for (const spell of lasting.keys()) finish(spell);
      home.uncue();
      home.hospital.comeBack();
      home.oximeter.switchOn(true);
      home.oximeter.putOn(true);
      home.pump.switchOn(true);
      home.pump.plug(true);
      home.service.powerOn();
    },
  };
}
