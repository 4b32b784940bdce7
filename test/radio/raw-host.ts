/** A host that is nothing but a socket: writes HCI packets as they are given and waits for those that answer. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createH4Reader } from '../../simulators/radio/h4.ts';
import type { Octets } from '../../simulators/radio/hci.ts';
import { addressOctets, commandPacket, eventCode, opcode, packetType, u16 } from '../../simulators/radio/hci.ts';
import { openH4 } from './hci-over-stream.ts';

/** How long a test waits for one packet before it says what did not come. */
const patienceMs = 5_000;

export interface RawHost {
  readonly stream: Socket;
  write(octets: Octets): void;
  /** The next packet not yet taken that satisfies this. */
  next(what: string, wanted: (packet: Buffer) => boolean): Promise<Buffer>;
  /** Sends a command; yields the parameters of its Command Complete or Command Status. */
  command(code: number, parameters?: Octets): Promise<Buffer>;
  /** How many packets that satisfy this have come and not been taken. */
  untaken(wanted: (packet: Buffer) => boolean): number;
  event(code: number): Promise<Buffer>;
  leEvent(subevent: number): Promise<Buffer>;
}

export async function rawHost(address: string): Promise<RawHost> {
  const stream = await openH4(address);
  const waiting: Buffer[] = [];
  const watchers = new Set<() => void>();
  const packet = (bytes: Buffer): void => {
    waiting.push(bytes);
    for (const watcher of watchers) watcher();
  };
  const reader = createH4Reader({ accepts: [packetType.acl, packetType.event], aclLength: 0xffff, packet });
  stream.on('data', (chunk: Buffer) => reader.push(chunk));
  stream.on('error', () => undefined);

  const next = (what: string, wanted: (packet: Buffer) => boolean): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const at = waiting.findIndex(wanted);
        const found = at < 0 ? undefined : waiting.splice(at, 1)[0];
        if (found === undefined) return;
        clearTimeout(bound);
        watchers.delete(look);
        resolve(found);
      };
      const bound = setTimeout(() => reject(new Error(`waited for ${what}`)), patienceMs);
      watchers.add(look);
      look();
    });
  const event = async (code: number): Promise<Buffer> => {
    const found = await next(
      `event 0x${code.toString(16)}`,
      (each) => each[0] === packetType.event && each[1] === code,
    );
    return found.subarray(3);
  };

  return {
    stream,
    write: (octets) => stream.write(Buffer.from(octets)),
    next,
    untaken: (wanted) => waiting.filter(wanted).length,
    event,
    leEvent: async (subevent) => {
      const isIt = (each: Buffer): boolean => each[1] === eventCode.leMeta && each[3] === subevent;
      return (await next(`LE event ${subevent}`, isIt)).subarray(4);
    },
    command: async (code, parameters = []) => {
      stream.write(commandPacket(code, parameters));
      const answer = await next(`the answer to command 0x${code.toString(16)}`, (each) => answers(each, code));
      return answer[1] === eventCode.commandComplete ? answer.subarray(6) : answer.subarray(3, 4);
    },
  };
}

function answers(packet: Buffer, code: number): boolean {
  if (packet[0] !== packetType.event) return false;
  if (packet[1] === eventCode.commandComplete) return packet.readUInt16LE(4) === code;
  return packet[1] === eventCode.commandStatus && packet.readUInt16LE(5) === code;
}

/** Masks as a plain LE host sets them. */
export async function bringUp(host: RawHost): Promise<void> {
  await host.command(opcode.reset);
  await host.command(opcode.setEventMask, new Array<number>(8).fill(0xff));
  await host.command(opcode.leSetEventMask, [0x5f, 0, 0, 0, 0, 0, 0, 0]);
}

export function connectionParameters(peer: string, timeout = 0x2a): number[] {
  const scan = [...u16(0x60), ...u16(0x30), 0x00];
  return [...scan, 0x00, ...addressOctets(peer), 0x00, ...u16(6), ...u16(18), ...u16(0), ...u16(timeout), 0, 0, 0, 0];
}

export async function closed(stream: Socket): Promise<void> {
  if (!stream.destroyed) await once(stream, 'close', { signal: AbortSignal.timeout(patienceMs) });
}
