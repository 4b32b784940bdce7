/** One line of the Alaris serial protocol: `!NAME^field^...|CRC` and a carriage return; and the bare questions a hub may put. */
import { sameBytes } from '../contract/bytes.ts';
import { crc16CcittFalse } from '../contract/crc.ts';

/** The longest reply seen is 90 bytes, without a drug name. */
export const LINE_MAX_BYTES = 256;

/**
 * All that may ever be said. A name sets when it carries arguments (INF_RATE^5.0^ml/h) and asks when it carries none, so the
 * bytes are made here from the bare name and no argument can enter. Control also takes a security code, the CRC of the serial
 * number: too weak to lean on, and the reason why nothing that starts, stops or sets has a name in this list.
 */
const QUERIES = [
  'INF',
  'INF_VI',
  'INF_RATE',
  'INF_VTBI',
  'ALARM',
  'SYRINGE_STATUS',
  'INST_SERIALNO',
  'COMMS_PROTOCOL',
  'COMMS_RESPONSE_MAX',
  'INF_RATE_MAX_SYRINGE',
] as const;
export type Query = (typeof QUERIES)[number];

/** The line that asks this, and nothing else. */
export function asking(query: Query): Uint8Array {
  const name = new TextEncoder().encode(query);
  const crc = crc16CcittFalse(name).toString(16).toUpperCase().padStart(4, '0');
  return new TextEncoder().encode(`!${query}|${crc}\r`);
}

/** Whether these are the bytes of one bare question, to the last byte. */
export function isQuestion(bytes: Uint8Array): boolean {
  return QUERIES.some((query) => sameBytes(bytes, asking(query)));
}

export interface Message {
  readonly name: string;
  readonly fields: readonly string[];
}
export interface Fault {
  readonly how: string;
}

/** `!NAME^field^...|CRC` with the carriage return that says it is whole. */
export function readLine(bytes: Uint8Array): Message | Fault {
  if (bytes.length > LINE_MAX_BYTES) return { how: `too long: ${bytes.length} bytes` };
  const [, body, crc] = /^!([^|]*)\|([0-9A-F]{4})\r$/.exec(String.fromCharCode(...bytes)) ?? [];
  if (body === undefined || crc === undefined) return { how: 'truncated: not !...|CRC and a carriage return' };
  const inner = bytes.subarray(1, 1 + body.length);
  if (crc16CcittFalse(inner) !== Number.parseInt(crc, 16)) return { how: 'wrong CRC' };
  if (inner.some((byte) => byte < 0x20)) return { how: 'control characters inside' };
  const [name = '', ...fields] = body.split('^');
  return { name, fields };
}
