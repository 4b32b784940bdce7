/** What a simulated peripheral says of itself before anyone connects (Core Specification Supplement 11 Part A 1). */
import { uuidOctets } from './att-database.ts';

const dataSize = 31;
/** General discoverable, BR/EDR not supported. */
const flags = Buffer.from([0x02, 0x01, 0x06]);

/** Flags and as many service UUIDs as fit; a list that had to be cut says so by its type. */
export function advertisingData(uuids: readonly string[]): Buffer {
  const short = uuids.map(uuidOctets).filter((uuid) => uuid.length === 2);
  const long = uuids.map(uuidOctets).filter((uuid) => uuid.length === 16);
  const data = Buffer.concat([flags, uuidList(short, 0x02, 0x03, dataSize - flags.length)]);
  return Buffer.concat([data, uuidList(long, 0x06, 0x07, dataSize - data.length)]);
}

function uuidList(uuids: readonly Buffer[], incomplete: number, whole: number, room: number): Buffer {
  const [first] = uuids;
  if (first === undefined) return Buffer.alloc(0);
  const taken = uuids.slice(0, Math.max(0, Math.floor((room - 2) / first.length)));
  if (taken.length === 0) return Buffer.alloc(0);
  const type = taken.length === uuids.length ? whole : incomplete;
  return Buffer.concat([Buffer.from([1 + taken.length * first.length, type]), ...taken]);
}

/** The name, shortened when it does not fit. */
export function scanResponseData(name: string): Buffer {
  const text = Buffer.from(name);
  const part = text.subarray(0, dataSize - 2);
  return Buffer.concat([Buffer.from([1 + part.length, part.length === text.length ? 0x09 : 0x08]), part]);
}

/** As HCI takes it: the length, then 31 octets. */
export function padded(data: Buffer): Buffer {
  const parameters = Buffer.alloc(1 + dataSize);
  parameters[0] = data.length;
  parameters.set(data, 1);
  return parameters;
}
