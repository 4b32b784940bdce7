/** The simulated Bluetooth devices behind the virtual radio, with noble as the central: frames, confirmations and hanging up. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { realWorld } from '../../agent/world.ts';
import { bluetoothSigPulseOximeterSimulator } from '../../simulators/devices/bluetooth-sig-pulse-oximeter.ts';
import { bluetoothSigWeightScaleSimulator } from '../../simulators/devices/bluetooth-sig-weight-scale.ts';
import type { Place } from '../../simulators/devices/contract.ts';
import { type Radio, startRadio } from '../../simulators/radio/radio.ts';
import { type Central, nobleCentral, pushed } from '../radio/noble-central.ts';
import { virtualWorld } from '../virtual-world.ts';
import { book, memoryPlace } from './memory-place.ts';

let directory: string;
let radio: Radio;
let central: Central;
let place: Place;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'devices-'));
  const world = realWorld();
  radio = await startRadio({ world, listen: `unix:${join(directory, 'hci')}` });
  central = await nobleCentral(radio.address);
  place = { ...memoryPlace(virtualWorld()), world, addPeripheral: radio.addPeripheral };
});
afterEach(async () => {
  await radio.close();
  await rm(directory, { recursive: true });
});

const STORED = ['2026-03-01T02:00:00', '2026-03-01T04:00:00'];

it('reads live samples and the memory of the oximeter', async () => {
  const ledger = book();
  const stored = STORED.map((at) => ({ at, spo2: 91, pulse: 64 }));
  const live = [0, 20, 40].map((afterMs) => ({ afterMs, spo2: 94, pulse: 70 }));
  const script = { name: 'Oximeter', live, stored };
  const running = await bluetoothSigPulseOximeterSimulator.play(place, 'oximeter', script, ledger);
  const { characteristic } = await central.open('address' in running.reach ? running.reach.address : '');
  const heard = [
    pushed(characteristic('2a5f'), 3),
    pushed(characteristic('2a5e'), 2),
    pushed(characteristic('2a52'), 1),
  ];
  for (const channel of ['2a5e', '2a52', '2a5f']) await characteristic(channel).subscribeAsync();
  await characteristic('2a52').writeAsync(Buffer.of(1, 1), false);
  const [samples, records, answers] = await Promise.all(heard);
  await running.done;
  expect(samples?.map((bytes) => bytes.toString('hex'))).toEqual(Array(3).fill('08acf3bcf2000000'));
  expect(records).toHaveLength(2);
  expect(answers).toEqual([Buffer.of(6, 0, 1, 1)]);
  expect(ledger.acknowledgedValues).toEqual(['91.0', '64.0', '91.0', '64.0']);
});

it('is given what the scale has stored, and then the scale hangs up', async () => {
  const ledger = book();
  const stored = STORED.map((at) => ({ at, kg: 70 }));
  const script = { name: 'Scale', clock: { startsAt: '2026-03-01T06:30:00' }, stored, weighings: [] };
  const running = await bluetoothSigWeightScaleSimulator.play(place, 'scale', script, ledger);
  const { characteristic, peripheral } = await central.open('address' in running.reach ? running.reach.address : '');
  const weights = pushed(characteristic('2a9d'), 2);
  const gone = once(peripheral, 'disconnect');
  await characteristic('2a9d').subscribeAsync();
  expect((await weights).map((bytes) => bytes.subarray(0, 3).toString('hex'))).toEqual(['02b036', '02b036']);
  await running.done;
  await gone;
  expect(ledger.acknowledgedValues).toEqual(['70.000', '70.000']);
});
