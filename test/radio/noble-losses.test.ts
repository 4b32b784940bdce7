/** How noble sees links made, lost, refused and weak in the virtual radio. */
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { realWorld } from '../../agent/world.ts';
import type { Peripheral } from '../../simulators/radio/gatt.ts';
import type { Radio } from '../../simulators/radio/radio.ts';
import { startRadio } from '../../simulators/radio/radio.ts';
import type { Central } from './noble-central.ts';
import { nobleCentral, pushed } from './noble-central.ts';
import { oximeter } from './oximeter.ts';

let radio: Radio;
let central: Central;
let device: Peripheral;

beforeEach(async () => {
  radio = await startRadio({ world: realWorld(), listen: 'tcp:127.0.0.1:0' });
  central = await nobleCentral(radio.address);
  device = radio.addPeripheral(oximeter);
  device.advertise(true);
});
afterEach(() => radio.close());

test('signal strength, before and during a connection', async () => {
  radio.setRssi(oximeter.address, -93);
  expect((await central.find(oximeter.address)).rssi).toBe(-93);
  const { peripheral } = await central.open(oximeter.address);
  radio.setRssi(oximeter.address, -41);
  expect(await peripheral.updateRssiAsync()).toBe(-41);
  expect(() => radio.setRssi('00:00:5e:00:53:ff', -41)).toThrow('nobody in the air');
});

test('a link dropped on request ends on both sides with the reason given, and can be made again', async () => {
  for (const reason of [0x08, 0x3e]) {
    const { peripheral, characteristic } = await central.open(oximeter.address);
    await characteristic('2a5f').subscribeAsync();
    const lost = new Promise<void>((resolve) => device.on('disconnected', resolve));
    const gone = once(peripheral, 'disconnect');
    // More than the controller has buffers for; all of them must be free again on the next link.
    const unsent = Promise.all(Array.from({ length: 12 }, () => device.notify('2a5f', Uint8Array.of(1))));
    expect(radio.dropLinks(oximeter.address, reason)).toBe(1);
    expect(await gone).toEqual([reason]);
    await lost;
    expect(await unsent).toEqual(new Array(12).fill(false));
    expect([device.connected, device.subscribed('2a5f'), await device.notify('2a5f', Uint8Array.of(1))]).toEqual([
      false,
      false,
      false,
    ]);
  }
  expect(radio.dropLinks()).toBe(0);
  const { characteristic } = await central.open(oximeter.address);
  await characteristic('2a5f').subscribeAsync();
  const arrived = pushed(characteristic('2a5f'), 1);
  expect(await device.notify('2a5f', Uint8Array.of(7))).toBe(true);
  expect(await arrived).toEqual([Buffer.from([7])]);
});

test('an indication with the disconnection right behind it harms nobody', async () => {
  const { peripheral, characteristic } = await central.open(oximeter.address);
  await characteristic('2a5e').subscribeAsync();
  const gone = once(peripheral, 'disconnect');
  const arrived = pushed(characteristic('2a5e'), 1);
  const confirmed = device.indicate('2a5e', Uint8Array.of(1));
  device.disconnect();
  expect(await arrived).toEqual([Buffer.from([1])]);
  expect(await gone).toEqual([0x13]);
  expect(await confirmed).toBe(false);
  // noble writes its confirmation in a promise callback; one that throws there fails the whole run.
  await central.open(oximeter.address);
});

test('noble ends the link: 0x16 for its host, the device hears of it', async () => {
  const { peripheral } = await central.open(oximeter.address);
  const lost = new Promise<void>((resolve) => device.on('disconnected', resolve));
  const gone = once(peripheral, 'disconnect');
  await peripheral.disconnectAsync();
  expect(await gone).toEqual([0x16]);
  await lost;
});

test('out of range the link ends by supervision timeout, and back in range the device is found again', async () => {
  const { peripheral } = await central.open(oximeter.address);
  const gone = once(peripheral, 'disconnect');
  radio.setInRange(oximeter.address, false);
  expect(await gone).toEqual([0x08]);
  expect(device.connected).toBe(false);
  radio.setInRange(oximeter.address, true);
  await central.open(oximeter.address);
});

test('a short absence loses nothing: what was queued arrives when the device is back', async () => {
  const { characteristic } = await central.open(oximeter.address);
  await characteristic('2a5f').subscribeAsync();
  const arrived = pushed(characteristic('2a5f'), 3);
  radio.setInRange(oximeter.address, false);
  const sent = [1, 2, 3].map((n) => device.notify('2a5f', Uint8Array.of(n)));
  radio.setInRange(oximeter.address, true);
  expect(await Promise.all(sent)).toEqual([true, true, true]);
  expect(await arrived).toEqual([1, 2, 3].map((n) => Buffer.from([n])));
});

test('a device that is switched off is missed, and its address may be used by the next', async () => {
  const { peripheral } = await central.open(oximeter.address);
  const gone = once(peripheral, 'disconnect');
  device.close();
  expect(await gone).toEqual([0x08]);
  device.close();
  device = radio.addPeripheral(oximeter);
  expect(() => radio.addPeripheral(oximeter)).toThrow('is taken');
  device.advertise(true);
  await central.open(oximeter.address);
});

test('connecting to a device that does not answer can be given up', async () => {
  const peripheral = await central.find(oximeter.address);
  device.advertise(false);
  const refused = once(peripheral, 'connect');
  peripheral.connectAsync().catch(() => undefined);
  peripheral.cancelConnect();
  expect(String(await refused)).toContain('canceled');
  // noble says so at once; the controller's own word comes later, and a new attempt before it would be taken for the old one.
  expect(String(await once(peripheral, 'connect'))).toContain('Unknown Connection Identifier');
  device.advertise(true);
  await central.open(oximeter.address);
});
