/** Two raw hosts in one radio with small buffers, and the connection between them. */
import { expect } from 'vitest';
import { realWorld } from '../../agent/world.ts';
import { leEvent, opcode, u16 } from '../../simulators/radio/hci.ts';
import type { Radio } from '../../simulators/radio/radio.ts';
import { startRadio } from '../../simulators/radio/radio.ts';
import type { RawHost } from './raw-host.ts';
import { bringUp, connectionParameters, rawHost } from './raw-host.ts';

export interface Pair {
  readonly radio: Radio;
  /** Why hosts were turned away. */
  readonly faults: readonly string[];
  readonly central: RawHost;
  readonly peripheral: RawHost;
  readonly peripheralAddress: string;
}

export async function rawPair(): Promise<Pair> {
  const faults: string[] = [];
  const radio = await startRadio({
    world: realWorld(),
    listen: 'tcp:127.0.0.1:0',
    acl: { length: 27, count: 3 },
    onFault: (reason) => faults.push(reason),
  });
  const peripheral = await rawHost(radio.address);
  const octets = (await peripheral.command(opcode.readAddress)).subarray(1);
  const peripheralAddress = octets
    .reverse()
    .toString('hex')
    .replace(/..(?!$)/g, '$&:');
  const central = await rawHost(radio.address);
  await bringUp(peripheral);
  await bringUp(central);
  return { radio, faults, central, peripheral, peripheralAddress };
}

/** Connectable and scannable, every 20 ms, with nothing but the flags to say. */
export async function advertise(host: RawHost): Promise<void> {
  await host.command(opcode.leSetAdvertisingParameters, [...u16(0x20), ...u16(0x20), 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0]);
  await host.command(opcode.leSetAdvertisingData, [3, 0x02, 0x01, 0x06, ...new Array<number>(28).fill(0)]);
  expect(await host.command(opcode.leSetAdvertisingEnable, [1])).toEqual(Buffer.from([0]));
}

/** Connects the two hosts and yields the handle at each. */
export async function link(
  { central, peripheral, peripheralAddress }: Pair,
  supervisionTimeout?: number,
): Promise<{ readonly atCentral: number; readonly atPeripheral: number }> {
  await advertise(peripheral);
  const wanted = connectionParameters(peripheralAddress, supervisionTimeout);
  expect(await central.command(opcode.leCreateConnection, wanted)).toEqual(Buffer.from([0]));
  const [one, other] = await Promise.all([
    central.leEvent(leEvent.connectionComplete),
    peripheral.leEvent(leEvent.connectionComplete),
  ]);
  expect([one[0], one[3], other[0], other[3]]).toEqual([0, 0, 0, 1]);
  return { atCentral: one.readUInt16LE(1), atPeripheral: other.readUInt16LE(1) };
}
