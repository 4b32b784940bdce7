/** A place for one simulated serial device behind a TCP port. */
import { realWorld } from '../../agent/world.ts';
import type { Place, SerialEnd } from '../../simulators/devices/contract.ts';

export function tcpPlace(port: SerialEnd): Place {
  return {
    world: realWorld(),
    openPort: async () => port,
    addPeripheral: () => {
      throw new Error('there is no radio here');
    },
    cardFolder: () => {
      throw new Error('there is no card reader here');
    },
  };
}
