/** The simulated scale as its central sees it: when it is in the air, how it hands over, and what it keeps. */
import { expect, it } from 'vitest';
import {
  type ScaleScript,
  bluetoothSigWeightScaleSimulator as scale,
} from '../../simulators/devices/bluetooth-sig-weight-scale.ts';
import { virtualWorld } from '../virtual-world.ts';
import { book, isDone, memoryPlace } from './memory-place.ts';

const STORED = [
  { at: '2026-02-27T07:02:00', kg: 78.4 },
  { at: '2026-02-28T07:05:00', kg: 78.65 },
];

async function plugged(script: Partial<ScaleScript>) {
  const world = virtualWorld();
  const place = memoryPlace(world);
  const ledger = book();
  const whole = { name: 'Scale', clock: { startsAt: '2026-03-01T06:59:58' }, stored: [], weighings: [], ...script };
  const running = await scale.play(place, 'scale', whole, ledger);
  return { world, central: place.central, ledger, running };
}

function hexOf(central: { readonly received: readonly { readonly bytes: Uint8Array }[] }) {
  return central.received.map((one) => Buffer.from(one.bytes).toString('hex'));
}

it('is in the air only when it has something to say', async () => {
  const { world, central, running } = await plugged({ weighings: [{ afterMs: 3_000, kg: 70 }] });
  await world.advance(2_999);
  expect(central.advertising).toBe(false);
  await world.advance(1);
  expect(central.advertising).toBe(true);
  expect(await isDone(running.done)).toBe(false);
});

it('stamps a weighing with its own clock, hands it over and hangs up', async () => {
  const { world, central, ledger, running } = await plugged({ weighings: [{ afterMs: 3_000, kg: 70 }] });
  await world.advance(10_000);
  central.connect();
  central.subscribe('2a9d');
  await world.advance(100);
  // 36b0 x 5 g is 70.000 kg, at 07:00:01.
  expect(hexOf(central)).toEqual(['02b036ea070301070001']);
  expect(ledger.acknowledgedValues).toEqual(['70.000']);
  expect(central.connected).toBe(true);
  await world.advance(100);
  expect([central.connected, central.advertising]).toEqual([false, false]);
  expect(await isDone(running.done)).toBe(true);
});

it('keeps what was not confirmed, and offers it again with the same stamp', async () => {
  const { world, central, ledger, running } = await plugged({ stored: STORED });
  central.connect();
  central.subscribe('2a9d');
  central.confirms = false;
  await world.advance(1_000);
  expect(hexOf(central)).toHaveLength(1);
  central.lose();
  expect(central.advertising).toBe(true);
  central.confirms = true;
  await world.advance(3_600_000);
  central.connect();
  central.subscribe('2a9d');
  await world.advance(1_000);
  const [first, again, second] = hexOf(central);
  expect(again).toBe(first);
  expect(second).not.toBe(first);
  expect(hexOf(central)).toHaveLength(3);
  expect(ledger.sentValues).toEqual(['78.400', '78.650']);
  expect(ledger.acknowledgedValues).toEqual(['78.400', '78.650']);
  expect(await isDone(running.done)).toBe(true);
});

it('shows its clock, lets it be set, and refuses what is no date', async () => {
  const { world, central } = await plugged({ weighings: [{ afterMs: 10_000, kg: 70 }] });
  await world.advance(4_000);
  expect([...central.read('2a08')]).toEqual([0xea, 7, 3, 1, 7, 0, 2]);
  expect(central.write('2a08', Uint8Array.of(0xea, 7, 2, 30, 7, 0, 0))).toBe(0x80);
  expect(central.write('2a08', Uint8Array.of(0xea, 7))).toBe(0x80);
  expect(central.write('2a08', Uint8Array.of(0xea, 7, 6, 1, 12, 0, 0))).toBeUndefined();
  await world.advance(6_000);
  central.connect();
  central.subscribe('2a9d');
  await world.advance(100);
  expect(hexOf(central)).toEqual(['02b036ea0706010c0006']);
});

it('lets a central go that asks for nothing, and comes back to the air', async () => {
  const { world, central } = await plugged({ stored: STORED });
  central.connect();
  await world.advance(29_999);
  expect(central.connected).toBe(true);
  await world.advance(1);
  expect([central.connected, central.advertising]).toEqual([false, true]);
});
