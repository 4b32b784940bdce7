/** Sends PUBLISH packets by the hundred on one connection and matches the answers to them; the window is the caller's. */
import type { Message, Outcome, Protocol } from './mqtt-client.ts';
import { encodePublish, type PublishProperties } from './publish-packet.ts';

export interface PublisherOptions {
  readonly protocol: Protocol;
  /** Largest packet the broker takes, bytes. */
  readonly maximumPacketBytes: number;
  write(bytes: Buffer): void;
}

export interface Publisher {
  /** `done` is called once, with QoS 1 only, and not when the connection ends first. */
  publish(message: Message, done?: (outcome: Outcome) => void): void;
  /** A PUBACK came. False when it answers nothing of ours. */
  acknowledged(packetId: number, reasonCode: number, words: string): boolean;
}

/** Packet identifiers above are left to MQTT.js, which subscribes with them. */
export const PACKET_IDS_MOST = 65_000;

/** MQTT 5.0, 3.4.2.1 PUBACK reason codes. */
const NOBODY_SUBSCRIBES = 0x10;
const FIRST_REFUSAL = 0x80;

const CONTENT_TYPE = 'application/json';

export function openPublisher({ protocol, maximumPacketBytes, write }: PublisherOptions): Publisher {
  const waiting = new Map<number, ((outcome: Outcome) => void) | undefined>();
  let packets: Buffer[] = [];
  let lastId = 0;

  /** Free as long as less are under way than there are, which the window sees to. */
  function freeId(): number {
    do lastId = lastId >= PACKET_IDS_MOST ? 1 : lastId + 1;
    while (waiting.has(lastId));
    return lastId;
  }

  /** What is published in one go is one write to the socket. */
  function send(packet: Buffer): void {
    packets.push(packet);
    if (packets.length > 1) return;
    queueMicrotask(() => {
      const [first] = packets;
      write(packets.length === 1 && first ? first : Buffer.concat(packets));
      packets = [];
    });
  }

  return {
    publish: ({ topic, payload, retain = false, qos = 1, userProperties = [], correlationData }, done) => {
      const properties: PublishProperties | undefined =
        protocol === 5
          ? { contentType: CONTENT_TYPE, userProperties, ...(correlationData && { correlationData }) }
          : undefined;
      const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
      const packetId = qos === 1 ? freeId() : 0;
      const packet = encodePublish({ topic, payload: bytes, qos, retain, packetId, ...(properties && { properties }) });
      if (packet.length > maximumPacketBytes) {
        done?.({ outcome: 'too-large', words: `${packet.length} bytes, and the broker takes ${maximumPacketBytes}` });
        return;
      }
      if (qos === 1) waiting.set(packetId, done);
      send(packet);
    },
    acknowledged: (packetId, reasonCode, words) => {
      if (!waiting.has(packetId)) return false;
      const done = waiting.get(packetId);
      waiting.delete(packetId);
      if (reasonCode >= FIRST_REFUSAL) done?.({ outcome: 'refused', code: reasonCode, words });
      else done?.({ outcome: 'acked', heard: reasonCode !== NOBODY_SUBSCRIBES });
      return true;
    },
  };
}
