/** Cuts a byte stream into whole HCI packets, holding at most one unfinished packet (Core 5.4 Vol 4 Part A 2). */
import { packetType } from './hci.ts';

/** Octets of header after the type byte, and where in it the payload length stands. */
interface Shape {
  readonly header: number;
  readonly lengthAt: number;
  readonly wide: boolean;
}

const shapes: ReadonlyMap<number, Shape> = new Map([
  [packetType.command, { header: 3, lengthAt: 3, wide: false }],
  [packetType.acl, { header: 4, lengthAt: 3, wide: true }],
  [packetType.event, { header: 2, lengthAt: 2, wide: false }],
]);

export interface H4ReaderOptions {
  /** Packet types that may come from this direction. */
  readonly accepts: readonly number[];
  /** The largest ACL payload the reader's side has a buffer for. */
  readonly aclLength: number;
  /** One whole packet, type byte first; the reader keeps no reference to it. */
  readonly packet: (packet: Buffer) => void;
}

export interface H4Reader {
  /** Returns why the stream cannot be followed any further, or undefined. After a fault nothing more is read. */
  push(chunk: Uint8Array): string | undefined;
}

/** A stream that is out of step is given up: H4 has no mark to find the next packet by. */
export function createH4Reader(options: H4ReaderOptions): H4Reader {
  const room = Buffer.alloc(1 + 4 + Math.max(options.aclLength, 255));
  let held = 0;
  let wanted = 1;
  let fault: string | undefined;

  const advance = (): void => {
    const next = packetLength(room, held, options);
    if (typeof next === 'string') fault = next;
    else if (next > held) wanted = next;
    else {
      const packet = Buffer.from(room.subarray(0, held));
      held = 0;
      wanted = 1;
      options.packet(packet);
    }
  };

  return {
    push(chunk) {
      let at = 0;
      while (at < chunk.length && fault === undefined) {
        const taken = Math.min(wanted - held, chunk.length - at);
        room.set(chunk.subarray(at, at + taken), held);
        held += taken;
        at += taken;
        if (held === wanted) advance();
      }
      return fault;
    },
  };
}

/** How many octets the packet needs, as far as its beginning tells; or what is wrong with it. */
function packetLength(room: Buffer, held: number, options: H4ReaderOptions): number | string {
  const type = room.readUInt8(0);
  const shape = options.accepts.includes(type) ? shapes.get(type) : undefined;
  if (shape === undefined) return `no packet begins with 0x${type.toString(16).padStart(2, '0')}`;
  if (held < 1 + shape.header) return 1 + shape.header;
  const payload = shape.wide ? room.readUInt16LE(shape.lengthAt) : room.readUInt8(shape.lengthAt);
  if (shape.wide && payload > options.aclLength) {
    return `an ACL packet of ${payload} octets, where a buffer holds ${options.aclLength}`;
  }
  return 1 + shape.header + payload;
}
