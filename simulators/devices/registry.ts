/** All simulated devices, each the other end of the driver whose id it names. */
import { alarisGhSerialSimulator } from './alaris-gh-serial.ts';
import { bluetoothSigPulseOximeterSimulator } from './bluetooth-sig-pulse-oximeter.ts';
import { bluetoothSigWeightScaleSimulator } from './bluetooth-sig-weight-scale.ts';
import type { Simulator } from './contract.ts';
import { resmedCardSimulator } from './resmed-card.ts';

/** Scripts differ; one of a simulator's own `scenarios` is always right for its `play`. */
export const simulators: readonly Simulator<unknown>[] = [
  bluetoothSigPulseOximeterSimulator,
  bluetoothSigWeightScaleSimulator,
  alarisGhSerialSimulator,
  resmedCardSimulator,
];

export function simulatorFor(driver: string): Simulator<unknown> | undefined {
  return simulators.find((simulator) => simulator.driver === driver);
}
