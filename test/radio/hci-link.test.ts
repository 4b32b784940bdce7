/** The virtual controller, packet by packet: links, their data, their secrets and their ends. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { aclPacket, eventCode, leEvent, opcode, u16 } from '../../simulators/radio/hci.ts';
import type { RawHost } from './raw-host.ts';
import { connectionParameters } from './raw-host.ts';
import type { Pair } from './raw-pair.ts';
import { link, rawPair } from './raw-pair.ts';

let pair: Pair;
let central: RawHost;
let peripheral: RawHost;
let peripheralAddress: string;

beforeEach(async () => {
  pair = await rawPair();
  ({ central, peripheral, peripheralAddress } = pair);
});
afterEach(() => pair.radio.close());

test('disconnecting: 0x16 here, the reason given there; the peer may be asked for again', async () => {
  const { atCentral, atPeripheral } = await link(pair);
  expect(await central.command(opcode.leCreateConnection, connectionParameters(peripheralAddress))).toEqual(
    Buffer.from([0x0b]),
  );
  expect(await central.command(opcode.disconnect, [...u16(atCentral), 0x08])).toEqual(Buffer.from([0x12]));
  expect(await central.command(opcode.disconnect, [...u16(atCentral), 0x13])).toEqual(Buffer.from([0]));
  expect(await central.event(eventCode.disconnectionComplete)).toEqual(Buffer.from([0, ...u16(atCentral), 0x16]));
  expect(await peripheral.event(eventCode.disconnectionComplete)).toEqual(Buffer.from([0, ...u16(atPeripheral), 0x13]));
  await link(pair);
});

test('a host that masks an event does not get it', async () => {
  const { atCentral } = await link(pair);
  await peripheral.command(opcode.setEventMask, new Array<number>(8).fill(0));
  await central.command(opcode.disconnect, [...u16(atCentral), 0x13]);
  await central.event(eventCode.disconnectionComplete);
  await peripheral.command(opcode.readLocalVersion);
  expect(peripheral.untaken((packet) => packet[1] === eventCode.disconnectionComplete)).toBe(0);
});

test('data waits in a bounded number of buffers; one too many is reported, and the rest arrive in order', async () => {
  const { atCentral, atPeripheral } = await link(pair);
  const packets = [1, 2, 3, 4].map((tag) => aclPacket(atCentral, tag === 1 ? 0 : 1, Buffer.alloc(27, tag)));
  central.write(Buffer.concat(packets));
  expect(await central.event(eventCode.bufferOverflow)).toEqual(Buffer.from([0x01]));
  expect(await central.event(eventCode.completedPackets)).toEqual(Buffer.from([1, ...u16(atCentral), ...u16(3)]));
  for (const [tag, flags] of [
    [1, 2],
    [2, 1],
    [3, 1],
  ] as const) {
    const packet = await peripheral.next(`packet ${tag}`, (each) => each[0] === 0x02);
    expect(packet).toEqual(aclPacket(atPeripheral, flags, Buffer.alloc(27, tag)));
  }
  expect(pair.radio.counts().aclOverflows).toBe(1);
});

test('features, version, parameters and data length of a link', async () => {
  const { atCentral, atPeripheral } = await link(pair);
  await central.command(opcode.leReadRemoteFeatures, u16(atCentral));
  expect((await central.leEvent(leEvent.remoteFeaturesComplete)).subarray(0, 3)).toEqual(
    Buffer.from([0, ...u16(atCentral)]),
  );
  await central.command(opcode.readRemoteVersion, u16(atCentral));
  expect((await central.event(eventCode.remoteVersionComplete))[3]).toBe(0x0d);
  const update = [...u16(atCentral), ...u16(24), ...u16(40), ...u16(0), ...u16(500), 0, 0, 0, 0];
  expect(await central.command(opcode.leConnectionUpdate, update)).toEqual(Buffer.from([0]));
  expect(await peripheral.leEvent(leEvent.connectionUpdateComplete)).toEqual(
    Buffer.from([0, ...u16(atPeripheral), ...u16(40), ...u16(0), ...u16(500)]),
  );
  await central.command(opcode.leSetDataLength, [...u16(atCentral), ...u16(251), ...u16(2120)]);
  expect((await central.leEvent(leEvent.dataLengthChange)).readUInt16LE(2)).toBe(251);
});

test('encryption: the key is asked for with Rand and EDIV; same key on, other key 0x3d, no key 0x06', async () => {
  const identification = [1, 2, 3, 4, 5, 6, 7, 8, 0x34, 0x12];
  const key = new Array<number>(16).fill(0xaa);
  const { atCentral, atPeripheral } = await link(pair);
  const begin = async (): Promise<void> => {
    const wanted = [...u16(atCentral), ...identification, ...key];
    expect(await central.command(opcode.leEnableEncryption, wanted)).toEqual(Buffer.from([0]));
    expect(await peripheral.leEvent(leEvent.longTermKeyRequest)).toEqual(
      Buffer.from([...u16(atPeripheral), ...identification]),
    );
  };
  await begin();
  await peripheral.command(opcode.leLongTermKeyNegativeReply, u16(atPeripheral));
  expect(await central.event(eventCode.encryptionChange)).toEqual(Buffer.from([0x06, ...u16(atCentral), 0]));
  await begin();
  await peripheral.command(opcode.leLongTermKeyReply, [...u16(atPeripheral), ...key]);
  expect(await central.event(eventCode.encryptionChange)).toEqual(Buffer.from([0, ...u16(atCentral), 1]));
  expect(await peripheral.event(eventCode.encryptionChange)).toEqual(Buffer.from([0, ...u16(atPeripheral), 1]));
  await begin();
  await peripheral.command(opcode.leLongTermKeyReply, [...u16(atPeripheral), ...key]);
  expect(await central.event(eventCode.keyRefreshComplete)).toEqual(Buffer.from([0, ...u16(atCentral)]));
  await begin();
  await peripheral.command(opcode.leLongTermKeyReply, [...u16(atPeripheral), ...new Array<number>(16).fill(0xbb)]);
  expect((await central.event(eventCode.disconnectionComplete))[3]).toBe(0x3d);
});

test('a host that resets is missed by its peer after the supervision timeout', async () => {
  const { atPeripheral } = await link(pair, 0x14);
  await central.command(opcode.reset);
  expect(await peripheral.event(eventCode.disconnectionComplete)).toEqual(Buffer.from([0, ...u16(atPeripheral), 0x08]));
});
