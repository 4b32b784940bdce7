/** A peripheral no one here wrote: bleno on an H4 stream, with the part that Linux plays for it in pairing. */
import type { EventEmitter } from 'node:events';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { commandPacket, eventCode, leEvent, opcode, packetType } from '../../simulators/radio/hci.ts';
import { HciOverStream, openH4, replaceNativeSocket, require } from './hci-over-stream.ts';

type Push = (value: Buffer) => void;

interface CharacteristicOptions {
  readonly uuid: string;
  readonly properties: readonly string[];
  readonly secure?: readonly string[];
  readonly onReadRequest?: (offset: number, reply: (result: number, data: Buffer) => void) => void;
  readonly onWriteRequest?: (data: Buffer, offset: number, quiet: boolean, reply: (result: number) => void) => void;
  readonly onSubscribe?: (largest: number, push: Push) => void;
  readonly onIndicate?: () => void;
}

export interface Bleno extends EventEmitter {
  readonly address: string;
  readonly PrimaryService: new (options: { uuid: string; characteristics: readonly object[] }) => object;
  readonly Characteristic: new (options: CharacteristicOptions) => object;
  setServices(services: readonly object[], done: () => void): void;
  startAdvertising(name: string, services: readonly string[], done: (error: Error | null) => void): void;
  disconnect(): void;
}

export interface BlenoDevice {
  readonly bleno: Bleno;
  readonly stream: Socket;
  offer(name: string, service: string, characteristics: readonly CharacteristicOptions[]): Promise<void>;
}

/** bleno is one object per module, so each device loads the modules anew. */
export async function blenoDevice(address: string): Promise<BlenoDevice> {
  replaceNativeSocket();
  for (const id of Object.keys(require.cache)) if (id.includes('/@abandonware/bleno/')) delete require.cache[id];
  const before = HciOverStream.made.length;
  const bleno = require('@abandonware/bleno') as Bleno;
  const [management, hci] = HciOverStream.made.slice(before);
  if (management === undefined || hci === undefined) throw new Error('bleno no longer makes two sockets');
  const stream = await openH4(address);
  hci.attach(stream);
  answerKeyRequests(hci, management);
  await once(bleno, 'stateChange');
  return { bleno, stream, offer: (name, service, list) => offer(bleno, name, service, list) };
}

async function offer(
  bleno: Bleno,
  name: string,
  service: string,
  list: readonly CharacteristicOptions[],
): Promise<void> {
  const characteristics = list.map((options) => new bleno.Characteristic(options));
  const primary = new bleno.PrimaryService({ uuid: service, characteristics });
  await new Promise<void>((resolve) => bleno.setServices([primary], resolve));
  await new Promise<void>((resolve) => bleno.startAdvertising(name, [service], () => resolve()));
}

/** MGMT_OP_LOAD_LONG_TERM_KEYS of the Linux kernel: a count, then 36 octets for each key. */
const loadLongTermKeys = 0x0013;
const entrySize = 36;

/** On Linux the kernel answers LE Long Term Key Request from the keys that bleno loads into it; here no kernel does. */
function answerKeyRequests(hci: HciOverStream, management: HciOverStream): void {
  const keys = new Map<string, Buffer>();
  management.manage((packet) => {
    if (packet.readUInt16LE(0) !== loadLongTermKeys) return;
    keys.clear();
    for (let at = 8; at + entrySize <= packet.length; at += entrySize) {
      const diversifier = packet.subarray(at + 10, at + 12);
      const random = packet.subarray(at + 12, at + 20);
      keys.set(Buffer.concat([random, diversifier]).toString('hex'), packet.subarray(at + 20, at + 36));
    }
  });
  hci.on('data', (packet: Buffer) => {
    const asked =
      packet[0] === packetType.event && packet[1] === eventCode.leMeta && packet[3] === leEvent.longTermKeyRequest;
    if (!asked) return;
    const handle = packet.subarray(4, 6);
    const key = keys.get(packet.subarray(6, 16).toString('hex'));
    if (key) hci.write(commandPacket(opcode.leLongTermKeyReply, Buffer.concat([handle, key])));
    else hci.write(commandPacket(opcode.leLongTermKeyNegativeReply, handle));
  });
}
