/** Data under pressure: small buffers, large values, many notifications, and a host that does not read. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { realWorld } from '../../agent/world.ts';
import { aclPacket, commandPacket, leEvent, opcode, u16 } from '../../simulators/radio/hci.ts';
import type { Radio } from '../../simulators/radio/radio.ts';
import { startRadio } from '../../simulators/radio/radio.ts';
import { openH4 } from './hci-over-stream.ts';
import { nobleCentral, pushed } from './noble-central.ts';
import { largeValue, oximeter, written } from './oximeter.ts';
import { bringUp, connectionParameters, rawHost } from './raw-host.ts';

let radio: Radio;
afterEach(() => radio.close());

function numbered(n: number, length: number): Buffer {
  const value = Buffer.alloc(length, n & 0xff);
  value.writeUInt32LE(n, 0);
  return value;
}

async function settlesWithin(outcome: Promise<unknown>, ms: number): Promise<boolean> {
  const patience = new AbortController();
  const late = sleep(ms, false, { signal: patience.signal }).catch(() => false);
  const settled = await Promise.race([outcome.then(() => true), late]);
  patience.abort();
  return settled;
}

test('two buffers of 27 octets: large reads and writes and 250 notifications, in order and none lost', async () => {
  radio = await startRadio({
    world: realWorld(),
    listen: 'tcp:127.0.0.1:0',
    acl: { length: 27, count: 2 },
    airtimeMs: 0,
  });
  const device = radio.addPeripheral(oximeter);
  device.advertise(true);
  const central = await nobleCentral(radio.address);
  const { characteristic } = await central.open(oximeter.address);
  await characteristic('2a5f').subscribeAsync();
  const arrived = pushed(characteristic('2a5f'), 250);
  let sent = 0;
  while (sent < 250) {
    // Fewer fragments than the host's queue has room for.
    const batch = Array.from({ length: 10 }, (_, at) => device.notify('2a5f', numbered(sent + at, 200)));
    expect(await Promise.all(batch)).toEqual(new Array(10).fill(true));
    sent += 10;
  }
  expect((await arrived).map((value) => value.readUInt32LE(0))).toEqual(Array.from({ length: 250 }, (_, n) => n));
  expect(await characteristic(largeValue).readAsync()).toHaveLength(400);
  written.length = 0;
  await characteristic(largeValue).writeAsync(Buffer.alloc(512, 9), false);
  expect(written.map((value) => value.length)).toEqual([512]);
  expect(radio.counts().aclOverflows).toBe(0);
});

test('more at once than the queue holds is refused, never silently lost', async () => {
  radio = await startRadio({ world: realWorld(), listen: 'tcp:127.0.0.1:0' });
  const device = radio.addPeripheral(oximeter);
  device.advertise(true);
  const central = await nobleCentral(radio.address);
  const { characteristic } = await central.open(oximeter.address);
  await characteristic('2a5f').subscribeAsync();
  const outcomes = Promise.all(Array.from({ length: 400 }, (_, n) => device.notify('2a5f', numbered(n, 20))));
  const taken = (await outcomes).filter((outcome) => outcome).length;
  expect(taken).toBeGreaterThan(200);
  expect(taken).toBeLessThan(400);
});

test('a host that stops reading holds the data back, and gets all of it when it reads again', async () => {
  // A Unix socket: the kernel holds less of it than of a TCP connection.
  const directory = await mkdtemp(join(tmpdir(), 'radio-'));
  radio = await startRadio({ world: realWorld(), listen: `unix:${join(directory, 'hci')}`, airtimeMs: 0 });
  const device = radio.addPeripheral(oximeter);
  device.advertise(true);
  const host = await rawHost(radio.address);
  await bringUp(host);
  // The longest supervision timeout: nothing here should depend on the clock.
  await host.command(opcode.leCreateConnection, connectionParameters(oximeter.address, 0x0c80));
  const handle = (await host.leEvent(leEvent.connectionComplete)).readUInt16LE(1);
  const attribute = (...pdu: number[]): Buffer => aclPacket(handle, 0, Buffer.from([...u16(pdu.length), 4, 0, ...pdu]));
  // Handles: 1800 takes 1 to 5, 1801 6 to 9, the service 10, its first characteristic 11 to 13.
  host.write(attribute(0x02, 247, 0));
  await host.next('MTU response', (packet) => packet[0] === 0x02 && packet[9] === 0x03);
  host.write(attribute(0x12, 13, 0, 1, 0));
  await host.next('write response', (packet) => packet[0] === 0x02 && packet[9] === 0x13);
  host.stream.pause();

  let sent = 0;
  let waiting: Promise<boolean> | undefined;
  while (waiting === undefined) {
    const outcome = device.notify('2a5f', numbered(sent, 240));
    sent += 1;
    if (!(await settlesWithin(outcome, 300))) waiting = outcome;
    expect(sent).toBeLessThan(10_000);
  }
  host.stream.resume();
  expect(await waiting).toBe(true);
  for (let n = 0; n < sent; n += 1) {
    const packet = await host.next(`notification ${n}`, (each) => each[0] === 0x02);
    expect(packet.readUInt32LE(12)).toBe(n);
  }
  await rm(directory, { recursive: true });
});

test('a host that writes commands and reads no answers is not read from until it does', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'radio-'));
  radio = await startRadio({ world: realWorld(), listen: `unix:${join(directory, 'hci')}` });
  const stream = await openH4(radio.address);
  const count = 100_000;
  const flushed = new Promise<void>((resolve) => {
    stream.write(Buffer.concat(new Array<Buffer>(count).fill(commandPacket(opcode.readAddress))), () => resolve());
  });
  expect(await settlesWithin(flushed, 1_500)).toBe(false);
  // Each answer: three octets of packet header, four of Command Complete, six of address.
  const wanted = count * (3 + 4 + 6);
  await new Promise<void>((resolve) => {
    let octets = 0;
    stream.on('data', (chunk: Buffer) => {
      octets += chunk.length;
      if (octets === wanted) resolve();
    });
  });
  await rm(directory, { recursive: true });
});
