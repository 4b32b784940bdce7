/** noble and bleno, both unmodified above HCI, meet in the virtual radio as two H4 connections. */
import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { realWorld } from '../../agent/world.ts';
import type { Radio } from '../../simulators/radio/radio.ts';
import { startRadio } from '../../simulators/radio/radio.ts';
import type { BlenoDevice } from './bleno-device.ts';
import { blenoDevice } from './bleno-device.ts';
import type { Central } from './noble-central.ts';
import { nobleCentral, pushed } from './noble-central.ts';

const service = '181d';
let radio: Radio;
let device: BlenoDevice;
let central: Central;

beforeEach(async () => {
  radio = await startRadio({ world: realWorld(), listen: 'tcp:127.0.0.1:0' });
  device = await blenoDevice(radio.address);
  central = await nobleCentral(radio.address);
});
afterEach(() => radio.close());

test('scan, connect, discover, read, write, notify, indicate', async () => {
  const written: Buffer[] = [];
  const pushes = new Map<string, (value: Buffer) => void>();
  let confirmations = 0;
  await device.offer('Scale', service, [
    { uuid: '2a9e', properties: ['read'], onReadRequest: (_, reply) => reply(0, Buffer.from([1, 2])) },
    {
      uuid: '2a9f',
      properties: ['write'],
      onWriteRequest: (data, _offset, _quiet, reply) => {
        written.push(data);
        reply(0);
      },
    },
    { uuid: '2a37', properties: ['notify'], onSubscribe: (_, push) => pushes.set('2a37', push) },
    {
      uuid: '2a9d',
      properties: ['indicate'],
      onSubscribe: (_, push) => pushes.set('2a9d', push),
      onIndicate: () => {
        confirmations += 1;
      },
    },
  ]);
  const { peripheral, characteristic } = await central.open(device.bleno.address);
  expect(peripheral.advertisement.localName).toBe('Scale');
  expect(await characteristic('2a9e').readAsync()).toEqual(Buffer.from([1, 2]));
  await characteristic('2a9f').writeAsync(Buffer.alloc(180, 3), false);
  expect(written).toEqual([Buffer.alloc(180, 3)]);
  for (const uuid of ['2a37', '2a9d']) {
    await characteristic(uuid).subscribeAsync();
    const arrived = pushed(characteristic(uuid), 1);
    // Longer than one data PDU of 27 octets: noble puts the fragments together.
    pushes.get(uuid)?.(Buffer.alloc(100, 4));
    expect(await arrived).toEqual([Buffer.alloc(100, 4)]);
  }
  await characteristic('2a9e').readAsync();
  expect(confirmations).toBe(1);
  const gone = once(peripheral, 'disconnect');
  device.bleno.disconnect();
  expect(await gone).toEqual([0x13]);
});

test('a refused read makes noble pair, the key request is answered, and the read succeeds', async () => {
  const secret = Buffer.from('secret');
  await device.offer('Cuff', service, [
    { uuid: '2a35', properties: ['read'], secure: ['read'], onReadRequest: (_, reply) => reply(0, secret) },
  ]);
  const { characteristic } = await central.open(device.bleno.address);
  expect(await characteristic('2a35').readAsync()).toEqual(secret);
});

test('a key bleno does not have is answered "key missing", and the link stays', async () => {
  await device.offer('Cuff', service, [
    { uuid: '2a35', properties: ['read'], onReadRequest: (_, reply) => reply(0, Buffer.from([1])) },
  ]);
  const { peripheral, characteristic } = await central.open(device.bleno.address);
  const changed = new Promise<Buffer>((resolve) => {
    central.bindings._hci._socket.on('data', (packet: Buffer) => {
      if (packet[0] === 0x04 && packet[1] === 0x08) resolve(packet);
    });
  });
  const handle = central.handleOf(peripheral);
  central.bindings._hci.startLeEncryption(handle, Buffer.alloc(8, 1), Buffer.alloc(2, 1), Buffer.alloc(16, 1));
  expect(await changed).toEqual(Buffer.from([0x04, 0x08, 4, 0x06, handle & 0xff, handle >> 8, 0]));
  expect(await characteristic('2a35').readAsync()).toEqual(Buffer.from([1]));
});

test('bleno whose process died is missed after the supervision timeout', async () => {
  await device.offer('Scale', service, [{ uuid: '2a9d', properties: ['indicate'] }]);
  const { peripheral } = await central.open(device.bleno.address);
  const gone = once(peripheral, 'disconnect');
  device.stream.destroy();
  expect(await gone).toEqual([0x08]);
});

test('noble whose process died is missed by bleno, which advertises again', async () => {
  await device.offer('Scale', service, [{ uuid: '2a9d', properties: ['indicate'] }]);
  await central.open(device.bleno.address);
  const gone = once(device.bleno, 'disconnect');
  central.stream.destroy();
  await gone;
  const another = await nobleCentral(radio.address);
  const { characteristic } = await another.open(device.bleno.address);
  expect(characteristic('2a9d').properties).toEqual(['indicate']);
});
