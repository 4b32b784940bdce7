/** The attributes of a simulated peripheral, laid out once from its services (Core 5.4 Vol 3 Part G 3). */
import type { GattCharacteristic, GattProperty, GattService } from './gatt.ts';
import { u16 } from './hci.ts';

export type AttributeBody =
  | { readonly kind: 'fixed'; readonly value: Uint8Array }
  | { readonly kind: 'value'; readonly characteristic: GattCharacteristic }
  | { readonly kind: 'configuration'; readonly characteristic: GattCharacteristic };

export interface Attribute {
  readonly handle: number;
  /** UUID, least significant octet first: 2 or 16 octets. */
  readonly type: Buffer;
  readonly body: AttributeBody;
  /** Last handle of the service; only on its declaration. */
  readonly groupEnd?: number;
}

/** In the order of handles, which start at 1. */
export type Database = readonly Attribute[];

/** Assigned Numbers, 16-bit UUIDs of declarations and descriptors. */
export const attributeType = {
  primaryService: uuidOctets('2800'),
  characteristic: uuidOctets('2803'),
  configuration: uuidOctets('2902'),
} as const;

/** Vol 3 Part G 3.3.1.1. */
const propertyBits: Readonly<Record<GattProperty, number>> = {
  read: 0x02,
  'write-without-response': 0x04,
  write: 0x08,
  notify: 0x10,
  indicate: 0x20,
};

export function uuidOctets(uuid: string): Buffer {
  if (!/^([0-9a-f]{4}|[0-9a-f]{32})$/.test(uuid)) throw new RangeError(`not a UUID: "${uuid}"`);
  return Buffer.from(uuid, 'hex').reverse();
}

/** The services every GATT server has, Vol 3 Part C 12 and Part G 7. */
function genericServices(name: string): readonly GattService[] {
  return [
    {
      uuid: '1800',
      characteristics: [
        { uuid: '2a00', properties: ['read'], read: () => Buffer.from(name) },
        { uuid: '2a01', properties: ['read'], read: () => Buffer.from([0, 0]) },
      ],
    },
    { uuid: '1801', characteristics: [{ uuid: '2a05', properties: ['indicate'] }] },
  ];
}

export function buildDatabase(name: string, services: readonly GattService[]): Database {
  const database: Attribute[] = [];
  for (const service of [...genericServices(name), ...services]) {
    const declaration = database.length;
    const members = service.characteristics.flatMap((characteristic, at) => {
      const before = service.characteristics.slice(0, at);
      return layOut(characteristic, declaration + 2 + before.reduce((sum, each) => sum + sizeOf(each), 0));
    });
    const body = { kind: 'fixed', value: uuidOctets(service.uuid) } as const;
    const groupEnd = declaration + 1 + members.length;
    database.push({ handle: declaration + 1, type: attributeType.primaryService, body, groupEnd }, ...members);
  }
  return database;
}

function sizeOf(characteristic: GattCharacteristic): number {
  return pushes(characteristic) ? 3 : 2;
}

function pushes({ properties }: GattCharacteristic): boolean {
  return properties.includes('notify') || properties.includes('indicate');
}

function layOut(characteristic: GattCharacteristic, handle: number): Attribute[] {
  const properties = characteristic.properties.reduce((bits, property) => bits | propertyBits[property], 0);
  const type = uuidOctets(characteristic.uuid);
  const value = Buffer.from([properties, ...u16(handle + 1), ...type]);
  const attributes: Attribute[] = [
    { handle, type: attributeType.characteristic, body: { kind: 'fixed', value } },
    { handle: handle + 1, type, body: { kind: 'value', characteristic } },
  ];
  if (pushes(characteristic)) {
    const body = { kind: 'configuration', characteristic } as const;
    attributes.push({ handle: handle + 2, type: attributeType.configuration, body });
  }
  return attributes;
}

/** The handle of a characteristic's value, by UUID; the first where a UUID occurs more than once. */
export function valueAttribute(
  database: Database,
  uuid: string,
): { readonly handle: number; readonly characteristic: GattCharacteristic } | undefined {
  for (const { handle, body } of database) {
    if (body.kind === 'value' && body.characteristic.uuid === uuid) {
      return { handle, characteristic: body.characteristic };
    }
  }
  return undefined;
}
