/** Reads the packets of an MQTT byte stream as they pass: publishes and their acknowledgements, for 3.1.1 and 5.0. */

export type Passed =
  | { readonly packet: 'publish'; readonly id: number; readonly topic: string; readonly payload: Buffer }
  | { readonly packet: 'puback'; readonly id: number }
  | { readonly packet: 'other' };

export interface PacketReader {
  /** The whole packets that these bytes complete. */
  push(bytes: Buffer): readonly Passed[];
}

const CONNECT = 1;
const PUBLISH = 3;
const PUBACK = 4;

/** `version` is told by the CONNECT packet, which only one direction sees: the other is handed it. */
export function openPacketReader(version: { of: number }): PacketReader {
  let held: Buffer = Buffer.alloc(0);
  return {
    push: (bytes) => {
      held = held.length === 0 ? bytes : Buffer.concat([held, bytes]);
      const passed: Passed[] = [];
      let at = 0;
      for (;;) {
        const head = headOf(held, at);
        if (!head || held.length < at + head.bytes + head.length) break;
        const body = held.subarray(at + head.bytes, at + head.bytes + head.length);
        passed.push(read(held[at] ?? 0, body, version));
        at += head.bytes + head.length;
      }
      held = held.subarray(at);
      return passed;
    },
  };
}

/** Remaining length: seven bits a byte, least significant first. MQTT 5.0, 1.5.5. */
function variableAt(bytes: Buffer, at: number): { readonly value: number; readonly bytes: number } | undefined {
  let value = 0;
  for (let index = 0; index < 4; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) return undefined;
    value += (byte & 127) * 128 ** index;
    if (byte < 128) return { value, bytes: index + 1 };
  }
  throw new Error('not an MQTT stream');
}

function headOf(bytes: Buffer, at: number): { readonly bytes: number; readonly length: number } | undefined {
  const length = variableAt(bytes, at + 1);
  return length && { bytes: 1 + length.bytes, length: length.value };
}

function read(first: number, body: Buffer, version: { of: number }): Passed {
  const type = first >> 4;
  if (type === CONNECT) version.of = body[2 + body.readUInt16BE(0)] ?? 4;
  if (type === PUBACK) return { packet: 'puback', id: body.readUInt16BE(0) };
  const qos = (first >> 1) & 3;
  if (type !== PUBLISH || qos === 0) return { packet: 'other' };
  const topicEnd = 2 + body.readUInt16BE(0);
  let at = topicEnd + 2;
  if (version.of === 5) {
    const properties = variableAt(body, at);
    at += (properties?.bytes ?? 0) + (properties?.value ?? 0);
  }
  return {
    packet: 'publish',
    id: body.readUInt16BE(topicEnd),
    topic: body.toString('utf8', 2, topicEnd),
    payload: Buffer.from(body.subarray(at)),
  };
}
