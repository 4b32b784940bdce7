/** Pairing, a kept bond and a lost bond between noble and a simulated peripheral with an encrypted characteristic. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { realWorld } from '../../agent/world.ts';
import type { Peripheral, PeripheralOptions } from '../../simulators/radio/gatt.ts';
import type { Radio } from '../../simulators/radio/radio.ts';
import { startRadio } from '../../simulators/radio/radio.ts';
import type { Central, NoblePeripheral } from './noble-central.ts';
import { nobleCentral, pushed } from './noble-central.ts';

const cuff: PeripheralOptions = {
  address: '00:00:5e:00:53:c1',
  name: 'Cuff',
  advertises: ['1810'],
  services: [
    {
      uuid: '1810',
      characteristics: [
        { uuid: '2a49', properties: ['read'], encrypted: true, read: () => Uint8Array.of(4, 2) },
        { uuid: '2a35', properties: ['indicate'], encrypted: true },
      ],
    },
  ],
};

interface Bond {
  readonly key: Buffer;
  readonly diversifier: Buffer;
  readonly random: Buffer;
}

let radio: Radio;
let central: Central;
let device: Peripheral;

beforeEach(async () => {
  radio = await startRadio({ world: realWorld(), listen: 'tcp:127.0.0.1:0' });
  central = await nobleCentral(radio.address);
  device = radio.addPeripheral(cuff);
  device.advertise(true);
});
afterEach(() => radio.close());

function distributed(peripheral: NoblePeripheral): Promise<Bond> {
  const smp = central.bindings._aclStreams[central.handleOf(peripheral)]?._smp;
  return new Promise((resolve) => {
    smp?.on('ltk', (key) => smp.on('masterIdent', (diversifier, random) => resolve({ key, diversifier, random })));
  });
}

/** Makes noble answer a refusal with a kept key, as it would otherwise pair anew. */
function keep(peripheral: NoblePeripheral, bond: Bond): void {
  const handle = central.handleOf(peripheral);
  const stream = central.bindings._aclStreams[handle];
  if (stream) {
    stream.encrypt = () => central.bindings._hci.startLeEncryption(handle, bond.random, bond.diversifier, bond.key);
  }
}

async function pairAndPart(): Promise<Bond> {
  const { peripheral, characteristic } = await central.open(cuff.address);
  const bond = distributed(peripheral);
  expect(await characteristic('2a49').readAsync()).toEqual(Buffer.from([4, 2]));
  const kept = await bond;
  await peripheral.disconnectAsync();
  return kept;
}

test('a refused read makes noble pair; then reads, subscriptions and indications work', async () => {
  const { characteristic } = await central.open(cuff.address);
  expect(await characteristic('2a49').readAsync()).toEqual(Buffer.from([4, 2]));
  await characteristic('2a35').subscribeAsync();
  const arrived = pushed(characteristic('2a35'), 1);
  expect(await device.indicate('2a35', Uint8Array.of(120, 80))).toBe(true);
  expect(await arrived).toEqual([Buffer.from([120, 80])]);
});

test('subscribing alone is refused until the link is encrypted, and noble pairs for that too', async () => {
  const { peripheral, characteristic } = await central.open(cuff.address);
  const bond = distributed(peripheral);
  await characteristic('2a35').subscribeAsync();
  expect((await bond).key).toHaveLength(16);
  expect(device.subscribed('2a35')).toBe(true);
});

test('a kept bond encrypts the next connection without pairing', async () => {
  const bond = await pairAndPart();
  const { peripheral, characteristic } = await central.open(cuff.address);
  keep(peripheral, bond);
  expect(await characteristic('2a49').readAsync()).toEqual(Buffer.from([4, 2]));
});

test('a device that lost the bond answers "key missing" and the read stays unanswered', async () => {
  const bond = await pairAndPart();
  device.close();
  device = radio.addPeripheral(cuff);
  device.advertise(true);
  const { peripheral, characteristic } = await central.open(cuff.address);
  keep(peripheral, bond);
  const changed = new Promise<number | undefined>((resolve) => {
    central.bindings._hci._socket.on('data', (packet: Buffer) => {
      if (packet[0] === 0x04 && packet[1] === 0x08) resolve(packet[3]);
    });
  });
  characteristic('2a49')
    .readAsync()
    .catch(() => undefined);
  expect(await changed).toBe(0x06);
  expect(peripheral.state).toBe('connected');
});
