/** The door of the virtual radio: garbage, truncation, Unix sockets and ports, and closing. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { realWorld } from '../../agent/world.ts';
import { eventCode, leEvent, opcode, u16 } from '../../simulators/radio/hci.ts';
import { startRadio } from '../../simulators/radio/radio.ts';
import { oximeter } from './oximeter.ts';
import { bringUp, closed, connectionParameters, rawHost } from './raw-host.ts';
import type { Pair } from './raw-pair.ts';
import { link, rawPair } from './raw-pair.ts';

let pair: Pair;

beforeEach(async () => {
  pair = await rawPair();
});
afterEach(() => pair.radio.close());

test('garbage is turned away with a reason, after a Hardware Error, and the air goes on', async () => {
  for (const garbage of [[0x77, 1, 2], [0x02, 0x40, 0x00, 0xff, 0x7f], [0x04]]) {
    const host = await rawHost(pair.radio.address);
    host.write(garbage);
    expect(await host.event(eventCode.hardwareError)).toHaveLength(1);
    await closed(host.stream);
  }
  expect(pair.faults).toHaveLength(3);
  expect(pair.faults[1]).toBe('an ACL packet of 32767 octets, where a buffer holds 27');
  await link(pair);
});

test('random octets and truncated packets never stop the radio', async () => {
  const samples = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 300 }), { numRuns: 40, seed: 7 });
  const commands = fc.sample(fc.tuple(fc.nat(63), fc.nat(0x3f), fc.uint8Array({ maxLength: 40 })), {
    numRuns: 400,
    seed: 7,
  });
  for (const sample of samples) {
    const host = await rawHost(pair.radio.address);
    host.write(sample);
    host.stream.end();
    await closed(host.stream);
  }
  const host = await rawHost(pair.radio.address);
  for (const [group, command, parameters] of commands) {
    host.write([0x01, ...u16((group << 10) | command), parameters.length, ...parameters]);
    host.write([0x01, command, 0x20, parameters.length, ...parameters]);
  }
  expect(await host.command(opcode.reset)).toEqual(Buffer.from([0]));
  await link(pair);
});

test('a radio that has closed waits for nothing any more', async () => {
  const timers = new Set<object>();
  const world = realWorld();
  const after = (ms: number, fn: () => void) => {
    const timer = world.after(ms, () => {
      timers.delete(timer);
      fn();
    });
    timers.add(timer);
    return {
      cancel: () => {
        timers.delete(timer);
        timer.cancel();
      },
    };
  };
  const counted = await startRadio({ world: { after, random: world.random }, listen: 'tcp:127.0.0.1:0' });
  const host = await rawHost(counted.address);
  await bringUp(host);
  const device = counted.addPeripheral(oximeter);
  device.advertise(true);
  await host.command(opcode.leCreateConnection, connectionParameters(oximeter.address, 0x0c80));
  await host.leEvent(leEvent.connectionComplete);
  expect(device.connected).toBe(true);
  counted.addPeripheral({ ...oximeter, address: '00:00:5e:00:53:a2' }).advertise(true);
  expect(timers.size).toBeGreaterThan(0);
  await counted.close();
  expect(timers.size).toBe(0);
});

test('a Unix socket is as good as a port', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'radio-'));
  const local = await startRadio({ world: realWorld(), listen: `unix:${join(directory, 'hci')}` });
  expect(local.address).toBe(`h4:unix:${join(directory, 'hci')}`);
  const host = await rawHost(local.address);
  expect(await host.command(opcode.reset)).toEqual(Buffer.from([0]));
  await local.close();
  await closed(host.stream);
  await rm(directory, { recursive: true });
  await expect(startRadio({ world: realWorld(), listen: 'carrier pigeon' })).rejects.toThrow('unix:/path');
});
