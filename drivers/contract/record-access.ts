/** Bluetooth Record Access Control Point (2A52): asking a device for what it stored, and reading what it answers. */

import { unreachable } from '../../agent/reading/unreachable.ts';
import type { Outcome } from './driver.ts';

/** The characteristic; indicated, and to be subscribed before anything is written. */
export const RECORD_ACCESS = '2a52';

/** The only requests a hub may make. Delete (02) has no builder: what a device stores is not ours to remove. */
const REPORT = 0x01;
const ALL_RECORDS = 0x01;
const AT_LEAST = 0x03;
const BY_SEQUENCE = 0x01;
const COUNT_RESPONSE = 0x05;
const RESPONSE = 0x06;

/** "Report all stored records." */
export function reportAllRecords(): Uint8Array {
  return Uint8Array.of(REPORT, ALL_RECORDS);
}

/** "Report the records from this sequence number (0..65535) on"; the bound is inclusive, so ask for the last kept plus one. */
export function reportRecordsFrom(sequence: number): Uint8Array {
  return Uint8Array.of(REPORT, AT_LEAST, BY_SEQUENCE, sequence & 0xff, (sequence >>> 8) & 0xff);
}

/** Response code values, GLS 1.0 table 3.9; 0A from GHSS 1.0. `no-records` is normal, not an error. */
const RESULTS = {
  1: 'success',
  2: 'opcode-not-supported',
  3: 'invalid-operator',
  4: 'operator-not-supported',
  5: 'invalid-operand',
  6: 'no-records',
  7: 'abort-failed',
  8: 'not-completed',
  9: 'operand-not-supported',
  10: 'server-busy',
} as const;
export type RecordAccessResult = (typeof RESULTS)[keyof typeof RESULTS];

export type RecordAccessAnswer =
  /** The procedure begun with op code `request` has ended. */
  | { readonly answer: 'response'; readonly request: number; readonly result: RecordAccessResult }
  | { readonly answer: 'count'; readonly count: number }
  | { readonly answer: 'malformed'; readonly how: string };

/** Reads an indication of 2A52. Total: whatever is not an answer comes back as malformed. */
export function readRecordAccess(bytes: Uint8Array): RecordAccessAnswer {
  const [opcode, operator] = bytes;
  if (opcode === undefined || operator === undefined)
    return malformed(`truncated: ${bytes.length} of at least 2 bytes`);
  if (operator !== 0) return malformed(`operator ${operator} in an answer`);
  const operand = bytes.subarray(2);
  if (opcode === COUNT_RESPONSE) return readCount(operand);
  if (opcode === RESPONSE) return readResponse(operand);
  return malformed(`op code ${opcode} is no answer`);
}

function readCount(operand: Uint8Array): RecordAccessAnswer {
  if (![1, 2, 4].includes(operand.length)) return malformed(`a count of ${operand.length} bytes`);
  return { answer: 'count', count: operand.reduceRight((sum, byte) => sum * 256 + byte, 0) };
}

function readResponse(operand: Uint8Array): RecordAccessAnswer {
  const [request, code] = operand;
  if (request === undefined || code === undefined)
    return malformed(`truncated: response operand of ${operand.length} bytes`);
  if (operand.length > 2) return malformed(`too long: ${operand.length - 2} bytes after the response code`);
  const result = isResult(code) ? RESULTS[code] : undefined;
  return result ? { answer: 'response', request, result } : malformed(`response code ${code}`);
}

function isResult(code: number): code is keyof typeof RESULTS {
  return Object.hasOwn(RESULTS, code);
}

function malformed(how: string): RecordAccessAnswer {
  return { answer: 'malformed', how };
}

/** What an indication of 2A52 is worth to the journal: nothing, unless it breaks the rules. */
export function recordAccessOutcome(bytes: Uint8Array): Outcome<never> {
  const heard = readRecordAccess(bytes);
  switch (heard.answer) {
    case 'response':
      return { outcome: 'ignored', why: `stored records: ${heard.result}` };
    case 'count':
      return { outcome: 'ignored', why: `stored records: ${heard.count}` };
    case 'malformed':
      return { outcome: 'malformed', how: heard.how };
    default:
      return unreachable(heard);
  }
}
