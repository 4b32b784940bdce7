/** How a client finds its way in the attributes: the find and read-by requests (Core 5.4 Vol 3 Part F 3.4.3, 3.4.4). */
import type { Bearer } from './att-bearer.ts';
import { attError, readAttribute } from './att-bearer.ts';
import type { Attribute } from './att-database.ts';
import { attributeType } from './att-database.ts';
import type { Outcome } from './att-server.ts';
import { u16 } from './hci.ts';

/** The attributes in the range that a request names in octets 1 to 4; undefined when the range is not one. */
function inRange(bearer: Bearer, pdu: Buffer): readonly Attribute[] | undefined {
  const [first, last] = [pdu.readUInt16LE(1), pdu.readUInt16LE(3)];
  if (first === 0 || first > last) return undefined;
  return bearer.database.slice(first - 1, last);
}

const badRange = (pdu: Buffer): Outcome => ({ handle: pdu.readUInt16LE(1), error: attError.invalidHandle });
const notFound = (pdu: Buffer): Outcome => ({ handle: pdu.readUInt16LE(1), error: attError.attributeNotFound });

/** Entries of one size, as many as fit in one PDU after its first octets. */
function fitting(bearer: Bearer, head: number, entries: Iterable<Buffer>): readonly Buffer[] {
  const taken: Buffer[] = [];
  let length = head;
  for (const entry of entries) {
    if (length + entry.length > bearer.mtu || entry.length !== (taken[0] ?? entry).length) break;
    taken.push(entry);
    length += entry.length;
  }
  return taken;
}

export function findInformation(bearer: Bearer, pdu: Buffer): Outcome {
  const range = inRange(bearer, pdu);
  if (range === undefined) return badRange(pdu);
  const entries = fitting(
    bearer,
    2,
    range.map(({ handle, type }) => Buffer.from([...u16(handle), ...type])),
  );
  const format = entries[0]?.length === 4 ? 0x01 : 0x02;
  return entries.length === 0 ? notFound(pdu) : Buffer.concat([Buffer.from([0x05, format]), ...entries]);
}

export function findByTypeValue(bearer: Bearer, pdu: Buffer): Outcome {
  const range = inRange(bearer, pdu);
  if (range === undefined) return badRange(pdu);
  const [type, wanted] = [pdu.subarray(5, 7), pdu.subarray(7)];
  const found = range.filter(
    ({ type: each, body }) => each.equals(type) && body.kind === 'fixed' && wanted.equals(body.value),
  );
  const entries = fitting(
    bearer,
    1,
    found.map(({ handle, groupEnd }) => Buffer.from([...u16(handle), ...u16(groupEnd ?? handle)])),
  );
  return entries.length === 0 ? notFound(pdu) : Buffer.concat([Buffer.from([0x07]), ...entries]);
}

export function readByGroupType(bearer: Bearer, pdu: Buffer): Outcome {
  const range = inRange(bearer, pdu);
  if (range === undefined) return badRange(pdu);
  // Vol 3 Part G 2.5.3: services are the only groups this server has.
  if (!attributeType.primaryService.equals(pdu.subarray(5))) {
    return { handle: pdu.readUInt16LE(1), error: attError.unsupportedGroupType };
  }
  const entries = fitting(bearer, 2, serviceEntries(range));
  const size = entries[0]?.length;
  return size === undefined ? notFound(pdu) : Buffer.concat([Buffer.from([0x11, size]), ...entries]);
}

function* serviceEntries(range: readonly Attribute[]): Iterable<Buffer> {
  for (const { handle, body, groupEnd } of range) {
    if (groupEnd !== undefined && body.kind === 'fixed') {
      yield Buffer.from([...u16(handle), ...u16(groupEnd), ...body.value]);
    }
  }
}

/** Vol 3 Part F 3.4.4.1: an attribute that may not be read ends the list, or is the error when it is the first. */
export function readByType(bearer: Bearer, pdu: Buffer): Outcome {
  const range = inRange(bearer, pdu);
  if (range === undefined) return badRange(pdu);
  const type = pdu.subarray(5);
  const entries: Buffer[] = [];
  for (const attribute of range) {
    if (!attribute.type.equals(type)) continue;
    const value = readAttribute(bearer, attribute);
    if (typeof value === 'number') {
      if (entries.length === 0) return { handle: attribute.handle, error: value };
      break;
    }
    const longest = Math.min(bearer.mtu - 4, 253);
    entries.push(Buffer.from([...u16(attribute.handle), ...value.subarray(0, longest)]));
  }
  const taken = fitting(bearer, 2, entries);
  const size = taken[0]?.length;
  return size === undefined ? notFound(pdu) : Buffer.concat([Buffer.from([0x09, size]), ...taken]);
}
