/** One connection's view of the attributes: its MTU, its subscriptions, and the access rules (Core 5.4 Vol 3 Part F 3). */
import type { Attribute, Database } from './att-database.ts';
import { u16 } from './hci.ts';

/** Vol 3 Part F 3.4.1.1. */
export const attError = {
  invalidHandle: 0x01,
  readNotPermitted: 0x02,
  writeNotPermitted: 0x03,
  invalidPdu: 0x04,
  insufficientAuthentication: 0x05,
  requestNotSupported: 0x06,
  invalidOffset: 0x07,
  prepareQueueFull: 0x09,
  attributeNotFound: 0x0a,
  invalidLength: 0x0d,
  unsupportedGroupType: 0x10,
} as const;

/** Client Characteristic Configuration bits, Vol 3 Part G 3.3.3.3. */
export const configurationBit = { notify: 0x0001, indicate: 0x0002 } as const;

/** The largest attribute value, Vol 3 Part F 3.2.9. */
export const largestValue = 512;

export interface PreparedWrite {
  readonly handle: number;
  readonly offset: number;
  readonly part: Buffer;
}

export interface Bearer {
  readonly database: Database;
  /** Vol 3 Part F 3.2.8: 23 until the client exchanges it. */
  mtu: number;
  encrypted: boolean;
  /** Client configuration by the UUID of the characteristic. */
  readonly configuration: Map<string, number>;
  readonly prepared: PreparedWrite[];
  readonly configured: (characteristic: string, subscribed: boolean) => void;
}

export function createBearer(database: Database, configured: Bearer['configured']): Bearer {
  return { database, mtu: 23, encrypted: false, configuration: new Map(), prepared: [], configured };
}

export function attributeAt(bearer: Bearer, handle: number): Attribute | undefined {
  return bearer.database[handle - 1];
}

/** The value, or the error code that refuses it. */
export function readAttribute(bearer: Bearer, { body }: Attribute): Uint8Array | number {
  if (body.kind === 'fixed') return body.value;
  const { characteristic } = body;
  if (body.kind === 'configuration') return Buffer.from(u16(bearer.configuration.get(characteristic.uuid) ?? 0));
  if (characteristic.read === undefined || !characteristic.properties.includes('read')) {
    return attError.readNotPermitted;
  }
  if (characteristic.encrypted && !bearer.encrypted) return attError.insufficientAuthentication;
  return characteristic.read().subarray(0, largestValue);
}

/** Undefined when taken, or the error code that refuses it. */
export function writeAttribute(
  bearer: Bearer,
  { body }: Attribute,
  value: Buffer,
  property: 'write' | 'write-without-response',
): number | undefined {
  if (body.kind === 'fixed') return attError.writeNotPermitted;
  const { characteristic } = body;
  const refused = characteristic.encrypted && !bearer.encrypted;
  if (body.kind === 'configuration') {
    return refused ? attError.insufficientAuthentication : configure(bearer, body.characteristic, value);
  }
  if (characteristic.write === undefined || !characteristic.properties.includes(property)) {
    return attError.writeNotPermitted;
  }
  if (refused) return attError.insufficientAuthentication;
  return value.length > largestValue ? attError.invalidLength : characteristic.write(Uint8Array.from(value));
}

function configure(
  bearer: Bearer,
  { uuid, properties }: { readonly uuid: string; readonly properties: readonly string[] },
  value: Buffer,
): number | undefined {
  if (value.length !== 2) return attError.invalidLength;
  const possible =
    (properties.includes('notify') ? configurationBit.notify : 0) |
    (properties.includes('indicate') ? configurationBit.indicate : 0);
  const before = bearer.configuration.get(uuid) ?? 0;
  const after = value.readUInt16LE(0) & possible;
  bearer.configuration.set(uuid, after);
  if ((before === 0) !== (after === 0)) bearer.configured(uuid, after !== 0);
  return undefined;
}
