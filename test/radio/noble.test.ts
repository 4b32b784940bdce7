/** noble, unmodified above HCI, against simulated peripherals in the virtual radio. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { realWorld } from '../../agent/world.ts';
import type { Radio } from '../../simulators/radio/radio.ts';
import { startRadio } from '../../simulators/radio/radio.ts';
import type { Central } from './noble-central.ts';
import { nobleCentral, pushed } from './noble-central.ts';
import { custom, largeValue, oximeter, written } from './oximeter.ts';

let directory: string;
let radio: Radio;
let central: Central;

beforeEach(async () => {
  written.length = 0;
  directory = await mkdtemp(join(tmpdir(), 'radio-'));
  radio = await startRadio({ world: realWorld(), listen: `unix:${join(directory, 'hci')}` });
  central = await nobleCentral(radio.address);
});
afterEach(async () => {
  await radio.close();
  await rm(directory, { recursive: true });
});

test('scan, connect, discover, read, write', async () => {
  const peripheral = radio.addPeripheral({ ...oximeter, rssi: -71 });
  peripheral.advertise(true);
  const found = await central.find(oximeter.address);
  expect(found.advertisement.localName).toBe('Oximeter');
  expect(found.advertisement.serviceUuids).toEqual(['1822', custom]);
  expect(found.rssi).toBe(-71);
  const { characteristic, peripheral: seen } = await central.open(oximeter.address);
  expect(peripheral.connected).toBe(true);
  expect(seen.mtu).toBe(247);
  expect(await characteristic('2a60').readAsync()).toEqual(Buffer.from([1, 2, 3, 4]));
  expect(await characteristic(largeValue).readAsync()).toEqual(
    Buffer.from(Array.from({ length: 400 }, (_, at) => at & 0xff)),
  );
  await characteristic(largeValue).writeAsync(Buffer.alloc(300, 7), false);
  await characteristic(largeValue).writeAsync(Buffer.from([0x68]), true);
  // The answer to a later request shows that the command before it has arrived.
  await characteristic('2a60').readAsync();
  expect(written).toEqual([new Uint8Array(300).fill(7), Uint8Array.of(0x68)]);
});

test('notifications and indications, only while subscribed', async () => {
  const peripheral = radio.addPeripheral(oximeter);
  peripheral.advertise(true);
  const told: string[] = [];
  peripheral.on('subscribed', (characteristic) => told.push(`+${characteristic}`));
  peripheral.on('unsubscribed', (characteristic) => told.push(`-${characteristic}`));
  const { characteristic, peripheral: seen } = await central.open(oximeter.address);
  expect(await peripheral.notify('2a5f', Uint8Array.of(9))).toBe(false);
  await characteristic('2a5f').subscribeAsync();
  await characteristic('2a5e').subscribeAsync();
  expect([peripheral.subscribed('2a5f'), peripheral.subscribed('2a5e')]).toEqual([true, true]);
  const notified = pushed(characteristic('2a5f'), 1);
  expect(await peripheral.notify('2a5f', Uint8Array.of(5, 6))).toBe(true);
  expect(await notified).toEqual([Buffer.from([5, 6])]);
  const indicated = pushed(characteristic('2a5e'), 2);
  const confirmed = [peripheral.indicate('2a5e', Uint8Array.of(1)), peripheral.indicate('2a5e', Uint8Array.of(2))];
  expect(await Promise.all(confirmed)).toEqual([true, true]);
  expect(await indicated).toEqual([Buffer.from([1]), Buffer.from([2])]);
  await characteristic('2a5f').unsubscribeAsync();
  expect(await peripheral.notify('2a5f', Uint8Array.of(9))).toBe(false);
  expect(told).toEqual(['+2a5f', '+2a5e', '-2a5f']);
  const gone = once(seen, 'disconnect');
  peripheral.disconnect();
  expect(await gone).toEqual([0x13]);
});

test('a device that sends as soon as it is subscribed is heard after the subscription was answered', async () => {
  const peripheral = radio.addPeripheral(oximeter);
  peripheral.on('subscribed', (characteristic) => void peripheral.notify(characteristic, Uint8Array.of(1)));
  peripheral.advertise(true);
  const { characteristic } = await central.open(oximeter.address);
  const order: string[] = [];
  characteristic('2a5f').on('notify', () => order.push('answered'));
  const arrived = pushed(characteristic('2a5f'), 1).then(() => order.push('value'));
  await characteristic('2a5f').subscribeAsync();
  await arrived;
  expect(order).toEqual(['answered', 'value']);
});

test('a value longer than the MTU takes is refused, not cut', async () => {
  const peripheral = radio.addPeripheral(oximeter);
  peripheral.advertise(true);
  const { characteristic } = await central.open(oximeter.address);
  await characteristic('2a5f').subscribeAsync();
  expect(await peripheral.notify('2a5f', new Uint8Array(244))).toBe(true);
  expect(await peripheral.notify('2a5f', new Uint8Array(245))).toBe(false);
  await expect(peripheral.notify('2aff', new Uint8Array(1))).rejects.toThrow('no characteristic 2aff');
});

test('twenty peripherals in one process, all connected at once', async () => {
  const addresses = Array.from({ length: 20 }, (_, at) => `00:00:5e:00:53:${(0xb0 + at).toString(16)}`);
  const peripherals = addresses.map((address, at) =>
    radio.addPeripheral({ ...oximeter, address, name: `Oximeter ${at}` }),
  );
  for (const peripheral of peripherals) peripheral.advertise(true);
  const found = await central.findAll(addresses);
  const opened = await Promise.all(found.map((peripheral) => central.enter(peripheral)));
  expect(peripherals.every((peripheral) => peripheral.connected)).toBe(true);
  const arrivals = opened.map(async ({ characteristic }, at) => {
    await characteristic('2a5f').subscribeAsync();
    const arrived = pushed(characteristic('2a5f'), 5);
    for (let n = 0; n < 5; n += 1) await peripherals[at]?.notify('2a5f', Uint8Array.of(at, n));
    return arrived;
  });
  const expected = addresses.map((_, at) => [0, 1, 2, 3, 4].map((n) => Buffer.from([at, n])));
  expect(await Promise.all(arrivals)).toEqual(expected);
});
