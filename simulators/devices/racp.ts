/** The Record Access Control Point (2A52) of a device that keeps records and lets nobody delete them. Source: Bluetooth SIG, RACP. */

export const RACP = '2a52';

/** ATT errors that a control point answers a write with. Source: Bluetooth Core Specification Supplement, part B, 1.2. */
export const CCCD_IMPROPERLY_CONFIGURED = 0xfd;
export const PROCEDURE_ALREADY_IN_PROGRESS = 0xfe;

export const SUCCESS = 1;
const OPCODE_NOT_SUPPORTED = 2;
const INVALID_OPERATOR = 3;
const OPERATOR_NOT_SUPPORTED = 4;
const INVALID_OPERAND = 5;
export const NO_RECORDS_FOUND = 6;

export const REPORT = 1;
const COUNT = 4;
const ALL_RECORDS = 1;

/** What a written request asks for; `answer` where it can be answered at once. */
export type Request =
  | { readonly asks: 'report-all' }
  | { readonly asks: 'count-all' }
  | { readonly asks: 'nothing'; readonly answer: Uint8Array };

export function racpRequest(bytes: Uint8Array): Request {
  const [opcode = 0, operator = 0] = bytes;
  const refused = (code: number): Request => ({ asks: 'nothing', answer: racpResponse(opcode, code) });
  if (opcode !== REPORT && opcode !== COUNT) return refused(OPCODE_NOT_SUPPORTED);
  if (operator === 0 || operator > 6) return refused(INVALID_OPERATOR);
  if (operator !== ALL_RECORDS) return refused(OPERATOR_NOT_SUPPORTED);
  if (bytes.length !== 2) return refused(INVALID_OPERAND);
  return { asks: opcode === REPORT ? 'report-all' : 'count-all' };
}

export function racpResponse(toOpcode: number, code: number): Uint8Array {
  return Uint8Array.of(6, 0, toOpcode, code);
}

export function racpCount(count: number): Uint8Array {
  return Uint8Array.of(5, 0, count & 0xff, count >> 8);
}
