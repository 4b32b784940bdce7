/** Answers attribute requests: one request, one response or error, whatever the octets (Core 5.4 Vol 3 Part F 3.4). */
import type { Bearer } from './att-bearer.ts';
import { attError, attributeAt, largestValue, readAttribute, writeAttribute } from './att-bearer.ts';
import { findByTypeValue, findInformation, readByGroupType, readByType } from './att-discovery.ts';
import { u16 } from './hci.ts';

/** Vol 3 Part F 3.4.8. */
export const attOpcode = {
  errorResponse: 0x01,
  exchangeMtu: 0x02,
  findInformation: 0x04,
  findByTypeValue: 0x06,
  readByType: 0x08,
  read: 0x0a,
  readBlob: 0x0c,
  readByGroupType: 0x10,
  write: 0x12,
  prepareWrite: 0x16,
  executeWrite: 0x18,
  notification: 0x1b,
  indication: 0x1d,
  confirmation: 0x1e,
  writeCommand: 0x52,
} as const;

/** What this server receives; with the L2CAP header it fills one data PDU of 251 octets. */
const serverMtu = 247;
const preparedLimit = 32;

/** The response, or the handle and the code of an Error Response. */
export type Outcome = Buffer | { readonly handle: number; readonly error: number };

interface Request {
  readonly least: number;
  readonly answer: (bearer: Bearer, pdu: Buffer) => Outcome;
}

const requests: ReadonlyMap<number, Request> = new Map([
  [attOpcode.exchangeMtu, { least: 3, answer: exchangeMtu }],
  [attOpcode.findInformation, { least: 5, answer: findInformation }],
  [attOpcode.findByTypeValue, { least: 7, answer: findByTypeValue }],
  [attOpcode.readByType, { least: 7, answer: readByType }],
  [attOpcode.readByGroupType, { least: 7, answer: readByGroupType }],
  [attOpcode.read, { least: 3, answer: (bearer, pdu) => read(bearer, pdu, 0) }],
  [attOpcode.readBlob, { least: 5, answer: (bearer, pdu) => read(bearer, pdu, pdu.readUInt16LE(3)) }],
  [attOpcode.write, { least: 3, answer: write }],
  [attOpcode.prepareWrite, { least: 5, answer: prepareWrite }],
  [attOpcode.executeWrite, { least: 2, answer: executeWrite }],
]);

/** The response to send, if the PDU was a request. Confirmations are the caller's. */
export function answerAttribute(bearer: Bearer, pdu: Buffer): Buffer | undefined {
  const code = pdu[0];
  if (code === undefined) return undefined;
  if (code === attOpcode.writeCommand) writeCommand(bearer, pdu);
  // Vol 3 Part F 3.3: bit 6 marks commands, which are never answered; odd opcodes are what servers send.
  if ((code & 0x40) !== 0 || (code & 0x01) !== 0 || code === attOpcode.confirmation) return undefined;
  const request = requests.get(code);
  if (request === undefined) return errorResponse(code, 0, attError.requestNotSupported);
  if (pdu.length < request.least) return errorResponse(code, 0, attError.invalidPdu);
  const outcome = request.answer(bearer, pdu);
  return 'error' in outcome ? errorResponse(code, outcome.handle, outcome.error) : outcome;
}

function errorResponse(code: number, handle: number, error: number): Buffer {
  return Buffer.from([attOpcode.errorResponse, code, ...u16(handle), error]);
}

function exchangeMtu(bearer: Bearer, pdu: Buffer): Outcome {
  bearer.mtu = Math.max(23, Math.min(serverMtu, pdu.readUInt16LE(1)));
  return Buffer.from([attOpcode.exchangeMtu + 1, ...u16(serverMtu)]);
}

function read(bearer: Bearer, pdu: Buffer, offset: number): Outcome {
  const handle = pdu.readUInt16LE(1);
  const attribute = attributeAt(bearer, handle);
  const value = attribute === undefined ? attError.invalidHandle : readAttribute(bearer, attribute);
  if (typeof value === 'number') return { handle, error: value };
  if (offset > value.length) return { handle, error: attError.invalidOffset };
  return Buffer.from([pdu.readUInt8(0) + 1, ...value.subarray(offset, offset + bearer.mtu - 1)]);
}

function write(bearer: Bearer, pdu: Buffer): Outcome {
  const handle = pdu.readUInt16LE(1);
  const attribute = attributeAt(bearer, handle);
  if (attribute === undefined) return { handle, error: attError.invalidHandle };
  const error = writeAttribute(bearer, attribute, pdu.subarray(3), 'write');
  return error === undefined ? Buffer.from([attOpcode.write + 1]) : { handle, error };
}

/** Vol 3 Part F 3.4.5.3: what cannot be written is dropped without a word. */
function writeCommand(bearer: Bearer, pdu: Buffer): void {
  const attribute = pdu.length < 3 ? undefined : attributeAt(bearer, pdu.readUInt16LE(1));
  if (attribute !== undefined) writeAttribute(bearer, attribute, pdu.subarray(3), 'write-without-response');
}

function prepareWrite(bearer: Bearer, pdu: Buffer): Outcome {
  const handle = pdu.readUInt16LE(1);
  if (attributeAt(bearer, handle) === undefined) return { handle, error: attError.invalidHandle };
  if (bearer.prepared.length >= preparedLimit) return { handle, error: attError.prepareQueueFull };
  bearer.prepared.push({ handle, offset: pdu.readUInt16LE(3), part: Buffer.from(pdu.subarray(5)) });
  return Buffer.from([attOpcode.prepareWrite + 1, ...pdu.subarray(1)]);
}

/** Vol 3 Part F 3.4.6.3: the parts of each attribute are put together and written as one value. */
function executeWrite(bearer: Bearer, pdu: Buffer): Outcome {
  const parts = bearer.prepared.splice(0);
  if (pdu[1] !== 0x01) return Buffer.from([attOpcode.executeWrite + 1]);
  const values = new Map<number, Buffer>();
  for (const { handle, offset, part } of parts) {
    const before = values.get(handle) ?? Buffer.alloc(0);
    if (offset > before.length) return { handle, error: attError.invalidOffset };
    if (offset + part.length > largestValue) return { handle, error: attError.invalidLength };
    values.set(handle, Buffer.concat([before.subarray(0, offset), part]));
  }
  for (const [handle, value] of values) {
    const attribute = attributeAt(bearer, handle);
    const error = attribute === undefined ? attError.invalidHandle : writeAttribute(bearer, attribute, value, 'write');
    if (error !== undefined) return { handle, error };
  }
  return Buffer.from([attOpcode.executeWrite + 1]);
}
