/** Puts all devices of a scenario to work in one place, and keeps account of what each of them said. */
import type { Measurement } from '../../agent/reading/measurement.ts';
import { alarisGhSerialSimulator } from '../devices/alaris-gh-serial.ts';
import { bluetoothSigPulseOximeterSimulator } from '../devices/bluetooth-sig-pulse-oximeter.ts';
import { bluetoothSigWeightScaleSimulator } from '../devices/bluetooth-sig-weight-scale.ts';
import type { Ledger, Place, Running, Simulator } from '../devices/contract.ts';
import { resmedCardSimulator } from '../devices/resmed-card.ts';
import type { Scenario } from './scenario.ts';

/** What one device said so far. */
export interface Account {
  readonly sent: readonly Measurement[];
  /** How many measurements the protocol has told the device are in safe hands; 0 for ever where the protocol cannot tell. */
  readonly acknowledged: number;
  readonly doing: string;
}

export interface Actor {
  /** Handle for settings, topics and readings: 'oximeter', 'scale', 'pump', 'cpap'. */
  readonly id: string;
  readonly driver: string;
  readonly reach: Running['reach'];
  /** Grows while the device works. */
  readonly account: Account;
  readonly done: Promise<void>;
}

export interface Cast {
  readonly actors: readonly Actor[];
  /** Resolves when each device has played its script to the end. */
  readonly done: Promise<void>;
  stop(): Promise<void>;
}

type Told = (device: string, doing: string) => void;

/** `told` is called whenever a device begins something, for the live view. */
export async function playScenario(place: Place, story: Scenario, told: Told = () => undefined): Promise<Cast> {
  const actors = await Promise.all([
    enter(place, 'oximeter', bluetoothSigPulseOximeterSimulator, story.oximeter, told),
    enter(place, 'scale', bluetoothSigWeightScaleSimulator, story.scale, told),
    enter(place, 'pump', alarisGhSerialSimulator, story.pump, told),
    enter(place, 'cpap', resmedCardSimulator, story.card, told),
  ]);
  return {
    actors,
    done: Promise.all(actors.map((actor) => actor.done)).then(() => undefined),
    stop: async () => {
      await Promise.all(actors.map((actor) => actor.stop()));
    },
  };
}

async function enter<Script>(place: Place, id: string, simulator: Simulator<Script>, script: Script, told: Told) {
  const account = { sent: [] as Measurement[], acknowledged: 0, doing: '' };
  const ledger: Ledger = {
    sent: (measurements) => {
      for (const measurement of measurements) account.sent.push(measurement);
    },
    acknowledged: (measurements) => {
      account.acknowledged += measurements.length;
    },
    doing: (what) => {
      account.doing = what;
      told(id, what);
    },
  };
  const { done, reach, stop } = await simulator.play(place, id, script, ledger);
  return { id, driver: simulator.driver, account, done, reach, stop };
}
