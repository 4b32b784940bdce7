/** The simulated oximeter as its central sees it: live samples, memory, control point, and what a lost link does to each. */
import { describe, expect, it } from 'vitest';
import {
  type OximeterScript,
  bluetoothSigPulseOximeterSimulator as oximeter,
} from '../../simulators/devices/bluetooth-sig-pulse-oximeter.ts';
import { virtualWorld } from '../virtual-world.ts';
import { book, isDone, memoryPlace } from './memory-place.ts';

const LIVE = [94, 93.5, 92.1].map((spo2, at) => ({ afterMs: 500 + at * 1000, spo2, pulse: 70 + at }));
const STORED = [
  { at: '2026-03-01T02:00:00', spo2: 91, pulse: 64 },
  { at: '2026-03-01T04:00:00', spo2: 92.5, pulse: 66 },
];

async function plugged(script: Partial<OximeterScript>) {
  const world = virtualWorld();
  const place = memoryPlace(world);
  const ledger = book();
  const running = await oximeter.play(place, 'oximeter', { name: 'Oximeter', live: [], stored: [], ...script }, ledger);
  return { world, central: place.central, ledger, running };
}

function hexOf(received: readonly { readonly channel: string; readonly bytes: Uint8Array }[], channel: string) {
  return received.filter((one) => one.channel === channel).map((one) => Buffer.from(one.bytes).toString('hex'));
}

describe('live samples', () => {
  it('come at their times after the subscription, with their digits', async () => {
    const { world, central, ledger, running } = await plugged({ live: LIVE });
    central.connect();
    await world.advance(5_000);
    expect(central.received).toEqual([]);
    central.subscribe('2a5f');
    await world.advance(499);
    expect(central.received).toEqual([]);
    await world.advance(1);
    // flags 08: device status; 03ac e-1 is 94.0, 02bc e-1 is 70.0.
    expect(hexOf(central.received, '2a5f')).toEqual(['08acf3bcf2000000']);
    await world.advance(1_999);
    expect(await isDone(running.done)).toBe(false);
    await world.advance(1);
    expect(ledger.sentValues).toEqual(['94.0', '70.0', 'bits 0', '93.5', '71.0', 'bits 0', '92.1', '72.0', 'bits 0']);
    expect(ledger.acknowledgedValues).toEqual([]);
    expect(await isDone(running.done)).toBe(true);
  });

  it('wait while the link is lost, and go on with the next one', async () => {
    const { world, central, ledger, running } = await plugged({ live: LIVE });
    central.connect();
    central.subscribe('2a5f');
    await world.advance(600);
    central.lose();
    await world.advance(60_000);
    expect(central.advertising).toBe(true);
    expect(ledger.sentValues).toHaveLength(3);
    central.connect();
    central.subscribe('2a5f');
    await world.advance(2_000);
    expect(ledger.sentValues.filter((_, at) => at % 3 === 0)).toEqual(['94.0', '93.5', '92.1']);
    expect(await isDone(running.done)).toBe(true);
  });

  it('say why there is no number when the finger is out', async () => {
    const { world, central, ledger } = await plugged({ live: [{ afterMs: 0, spo2: 94, pulse: 70, off: true }] });
    central.connect();
    central.subscribe('2a5f');
    await world.advance(0);
    expect(hexOf(central.received, '2a5f')).toEqual(['08ff07ff07000800']);
    expect(ledger.sentValues).toEqual(['sensor-off', 'sensor-off', 'bits 2048']);
  });
});

describe('the memory', () => {
  const ASK_ALL = Uint8Array.of(1, 1);

  it('is handed over record by record, then the procedure is answered', async () => {
    const { world, central, ledger, running } = await plugged({ stored: STORED });
    central.connect();
    central.subscribe('2a5e', '2a52');
    expect(central.write('2a52', ASK_ALL)).toBeUndefined();
    await world.advance(100);
    // flags 03: time and measurement status 0300 (fully qualified, from storage).
    expect(hexOf(central.received, '2a5e')).toEqual(['038ef380f2ea0703010200000003', '039df394f2ea0703010400000003']);
    expect(hexOf(central.received, '2a52')).toEqual(['06000101']);
    expect(ledger.acknowledgedValues).toEqual(['91.0', '64.0', '92.5', '66.0']);
    expect(await isDone(running.done)).toBe(true);
  });

  it('comes again after a lost link, and is counted once', async () => {
    const { world, central, ledger, running } = await plugged({ stored: STORED });
    central.connect();
    central.subscribe('2a5e', '2a52');
    central.confirms = false;
    central.write('2a52', ASK_ALL);
    await world.advance(100);
    expect(ledger.sentValues).toEqual(['91.0', '64.0']);
    expect(ledger.acknowledgedValues).toEqual([]);
    central.lose();
    await world.advance(100);
    central.confirms = true;
    for (let contact = 0; contact < 2; contact++) {
      central.connect();
      central.subscribe('2a5e', '2a52');
      expect(central.write('2a52', ASK_ALL)).toBeUndefined();
      await world.advance(100);
      central.lose();
    }
    expect(hexOf(central.received, '2a5e')).toHaveLength(5);
    expect(ledger.sentValues).toEqual(['91.0', '64.0', '92.5', '66.0']);
    expect(ledger.acknowledgedValues).toEqual(ledger.sentValues);
    expect(await isDone(running.done)).toBe(true);
  });

  it.each([
    ['report all of none', [1, 1], '06000106'],
    ['count', [4, 1], '05000000'],
    ['delete', [2, 1], '06000202'],
    ['abort', [3, 0], '06000302'],
    ['no operator', [1, 0], '06000103'],
    ['the last record', [1, 6], '06000104'],
    ['all, with an operand', [1, 1, 1], '06000105'],
  ])('answers a request to %s', async (_, request, answer) => {
    const { world, central } = await plugged({});
    central.connect();
    central.subscribe('2a5e', '2a52');
    central.write('2a52', Uint8Array.from(request));
    await world.advance(100);
    expect(hexOf(central.received, '2a52')).toEqual([answer]);
  });

  it('counts what it holds', async () => {
    const { world, central } = await plugged({ stored: STORED });
    central.connect();
    central.subscribe('2a5e', '2a52');
    central.write('2a52', Uint8Array.of(4, 1));
    await world.advance(100);
    expect(hexOf(central.received, '2a52')).toEqual(['05000200']);
  });

  it('takes one procedure at a time, and none from a central that does not listen', async () => {
    const { world, central } = await plugged({ stored: STORED });
    central.connect();
    expect(central.write('2a52', ASK_ALL)).toBe(0xfd);
    central.subscribe('2a5e', '2a52');
    central.confirms = false;
    central.write('2a52', ASK_ALL);
    expect(central.write('2a52', ASK_ALL)).toBe(0xfe);
    await world.advance(100);
    expect(central.received).toHaveLength(1);
  });
});

it('says who it is', async () => {
  const { central } = await plugged({});
  expect(Buffer.from(central.read('2a29')).toString()).toBe('Hjemmebro simulators');
  expect([...central.read('2a60')]).toEqual([0x4f, 0, 0xe0, 0xff, 0xff, 0xff, 0]);
});
