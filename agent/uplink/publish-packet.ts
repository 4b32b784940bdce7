/** A PUBLISH packet as bytes, MQTT 3.1.1 and 5.0: the one packet that is sent by the hundred thousand. Pure. Source: MQTT 5.0, 3.3. */

export interface Publish {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1;
  readonly retain: boolean;
  /** 1..65535 with QoS 1. */
  readonly packetId: number;
  /** MQTT 5 only. */
  readonly properties?: PublishProperties;
}

export interface PublishProperties {
  readonly contentType: string;
  readonly correlationData?: Uint8Array;
  /** Names and values in turn. */
  readonly userProperties: readonly string[];
}

const PUBLISH = 0x30;
const PAYLOAD_FORMAT_INDICATOR = 0x01;
const CONTENT_TYPE = 0x03;
const CORRELATION_DATA = 0x09;
const USER_PROPERTY = 0x26;
const UTF_8 = 1;

export function encodePublish({ topic, payload, qos, retain, packetId, properties }: Publish): Buffer {
  const propertyBytes = properties ? propertiesLength(properties) : 0;
  const remaining =
    textLength(topic) +
    (qos === 0 ? 0 : 2) +
    (properties ? varintLength(propertyBytes) + propertyBytes : 0) +
    payload.length;
  const packet = Buffer.allocUnsafe(1 + varintLength(remaining) + remaining);
  packet[0] = PUBLISH | (qos << 1) | (retain ? 1 : 0);
  let at = writeVarint(packet, 1, remaining);
  at = writeText(packet, at, topic);
  if (qos > 0) at = packet.writeUInt16BE(packetId, at);
  if (properties) at = writeProperties(packet, at, properties, propertyBytes);
  packet.set(payload, at);
  return packet;
}

function propertiesLength({ contentType, correlationData, userProperties }: PublishProperties): number {
  let bytes = 2 + 1 + textLength(contentType);
  if (correlationData) bytes += 1 + 2 + correlationData.length;
  for (const text of userProperties) bytes += textLength(text);
  return bytes + userProperties.length / 2;
}

function writeProperties(packet: Buffer, from: number, properties: PublishProperties, bytes: number): number {
  const { contentType, correlationData, userProperties } = properties;
  let at = writeVarint(packet, from, bytes);
  packet[at++] = PAYLOAD_FORMAT_INDICATOR;
  packet[at++] = UTF_8;
  packet[at++] = CONTENT_TYPE;
  at = writeText(packet, at, contentType);
  if (correlationData) {
    packet[at++] = CORRELATION_DATA;
    at = packet.writeUInt16BE(correlationData.length, at);
    packet.set(correlationData, at);
    at += correlationData.length;
  }
  for (const [i, text] of userProperties.entries()) {
    if (i % 2 === 0) packet[at++] = USER_PROPERTY;
    at = writeText(packet, at, text);
  }
  return at;
}

/** Two bytes of length and UTF-8 (1.5.4). Longer than 65 535 bytes cannot be said: that is our own mistake, and throws. */
function writeText(packet: Buffer, at: number, text: string): number {
  const end = at + 2 + packet.write(text, at + 2);
  packet.writeUInt16BE(end - at - 2, at);
  return end;
}

function textLength(text: string): number {
  return 2 + Buffer.byteLength(text);
}

/** Variable byte integer (1.5.5). */
function writeVarint(packet: Buffer, from: number, value: number): number {
  let at = from;
  let rest = value;
  while (rest >= 0x80) {
    packet[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  packet[at++] = rest;
  return at;
}

function varintLength(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  return value < 0x200000 ? 3 : 4;
}
