/** The virtual controller, packet by packet: what it is, what it answers, whom it hears. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addressOctets, eventCode, leEvent, opcode, u16 } from '../../simulators/radio/hci.ts';
import type { RawHost } from './raw-host.ts';
import { bringUp, connectionParameters, rawHost } from './raw-host.ts';
import type { Pair } from './raw-pair.ts';
import { advertise, rawPair } from './raw-pair.ts';

const scan = (active: boolean) => [active ? 1 : 0, ...u16(0x10), ...u16(0x10), 0, 0];

let pair: Pair;
let central: RawHost;
let peripheral: RawHost;
let peripheralAddress: string;

beforeEach(async () => {
  pair = await rawPair();
  ({ central, peripheral, peripheralAddress } = pair);
});
afterEach(() => pair.radio.close());

test('identity, features and buffers are those of an LE controller', async () => {
  const version = await central.command(opcode.readLocalVersion);
  expect([version[0], version[1]]).toEqual([0, 0x0d]);
  expect((await central.command(opcode.readLocalFeatures))[5]).toBe(0x60);
  expect(await central.command(opcode.leReadBufferSize)).toEqual(Buffer.from([0, 27, 0, 3]));
  const supported = (await central.command(opcode.readLocalCommands)).subarray(1);
  expect(supported).toHaveLength(64);
  // Vol 4 Part E 6.27: LE Create Connection is octet 26 bit 4; LE Set Extended Scan Parameters, octet 37 bit 5, is not here.
  expect([(supported[26] ?? 0) & 0x10, (supported[37] ?? 0) & 0x20]).toEqual([0x10, 0]);
});

test('every command is answered: unknown 0x01, wrong length 0x12, no such connection 0x02', async () => {
  expect(await central.command(0x2041, [1, 2, 3])).toEqual(Buffer.from([0x01]));
  expect(await central.command(0xfc01)).toEqual(Buffer.from([0x01]));
  expect(await central.command(opcode.leSetScanEnable, [1])).toEqual(Buffer.from([0x12]));
  expect(await central.command(opcode.leCreateConnection, [1])).toEqual(Buffer.from([0x12]));
  expect(await central.command(opcode.disconnect, [0x99, 0, 0x13])).toEqual(Buffer.from([0x02]));
  expect(await central.command(opcode.readRssi, [0x99, 0])).toEqual(Buffer.from([0x02, 0x99, 0, 0]));
});

test('LE Encrypt is AES-128 and LE Rand differs from call to call', async () => {
  const key = Buffer.from('4c68384139f574d836bcf34e9dfb01bf', 'hex').reverse();
  const block = Buffer.from('0213243546576879acbdcedfe0f10213', 'hex').reverse();
  const result = await central.command(opcode.leEncrypt, [...key, ...block]);
  expect(result.subarray(1).reverse().toString('hex')).toBe('99ad1b5226a37e3e058e3b8e27c2c666');
  const [one, other] = [await central.command(opcode.leRand), await central.command(opcode.leRand)];
  expect(one).toHaveLength(9);
  expect(one).not.toEqual(other);
});

test('passive scanning hears advertisements, active scanning the scan response too, duplicates once', async () => {
  await advertise(peripheral);
  await central.command(opcode.leSetScanParameters, scan(false));
  await central.command(opcode.leSetScanEnable, [1, 0]);
  for (let heard = 0; heard < 3; heard += 1) {
    const report = await central.leEvent(leEvent.advertisingReport);
    const body = [1, 0x00, 0x00, ...addressOctets(peripheralAddress), 3, 0x02, 0x01, 0x06, -50 & 0xff];
    expect(report).toEqual(Buffer.from(body));
  }
  expect(await central.command(opcode.leSetScanParameters, scan(true))).toEqual(Buffer.from([0x0c]));
  await central.command(opcode.leSetScanEnable, [0, 0]);
  await central.command(opcode.leSetScanParameters, scan(true));
  await central.command(opcode.leSetScanEnable, [1, 1]);
  await central.next('scan response', (packet) => packet[3] === leEvent.advertisingReport && packet[5] === 0x04);
  expect((await central.leEvent(leEvent.advertisingReport))[1]).toBe(0x00);
  await central.command(opcode.leSetScanEnable, [0, 0]);
});

test('a cancelled connection attempt ends in its own event', async () => {
  await central.command(opcode.leCreateConnection, connectionParameters(peripheralAddress));
  expect(await central.command(opcode.leCreateConnection, connectionParameters(peripheralAddress))).toEqual(
    Buffer.from([0x0c]),
  );
  expect(await central.command(opcode.leCreateConnectionCancel)).toEqual(Buffer.from([0]));
  expect((await central.leEvent(leEvent.connectionComplete))[0]).toBe(0x02);
  expect(await central.command(opcode.leCreateConnectionCancel)).toEqual(Buffer.from([0x0c]));
});

test('the duplicate filter reports each advertiser once; masks keep events from a host that did not ask', async () => {
  const isReport = (packet: Buffer): boolean =>
    packet[1] === eventCode.leMeta && packet[3] === leEvent.advertisingReport;
  const everything = await rawHost(pair.radio.address);
  const unmasked = await rawHost(pair.radio.address);
  await bringUp(everything);
  for (const [host, filter] of [
    [central, 1],
    [unmasked, 1],
    [everything, 0],
  ] as const) {
    await host.command(opcode.leSetScanParameters, scan(true));
    await host.command(opcode.leSetScanEnable, [1, filter]);
  }
  await advertise(peripheral);
  // All three hear the same advertising events; the unfiltered one says when there have been enough.
  for (let heard = 0; heard < 10; heard += 1) await everything.leEvent(leEvent.advertisingReport);
  for (const host of [central, unmasked]) await host.command(opcode.readLocalVersion);
  expect([central.untaken(isReport), unmasked.untaken(isReport)]).toEqual([2, 0]);
});
