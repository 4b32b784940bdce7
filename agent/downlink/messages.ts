/** What the hospital sends, checked: receipts and commands as values, or the reason why they are not. Pure. */
import { isSeq, parseRanges, type Ranges } from '../journal/ranges.ts';

/** Largest receipt or command taken, bytes. */
export const MESSAGE_MOST_BYTES = 64 * 1024;
/** Ranges in one message. */
export const RANGES_MOST = 1_000;

export interface Malformed {
  readonly malformed: string;
}

export interface Receipt {
  readonly ranges: Ranges;
  /** What the hospital's application will never store, and why. */
  readonly rejected: readonly { readonly seq: number; readonly why: string }[];
}

/** `{"upTo":N}` or `{"ranges":[[A,B],...]}`, with or without `"rejected":[{"seq","why"},...]`: the hospital's application has these entries. */
export function parseReceipt(bytes: Uint8Array): Receipt | Malformed {
  const message = parseObject(bytes);
  if (isMalformed(message)) return message;
  const rejected = parseRejected(message['rejected']);
  if (!rejected) return { malformed: `"rejected" is not a list of at most ${RANGES_MOST} of {"seq", "why"}` };
  const { upTo, ranges } = message;
  if (upTo === 0) return { ranges: [], rejected };
  if (isSeq(upTo)) return { ranges: [[1, upTo]], rejected };
  if (upTo !== undefined) return { malformed: '"upTo" is not a sequence number' };
  if (ranges === undefined && rejected.length > 0) return { ranges: [], rejected };
  const parsed = parseRanges(ranges, RANGES_MOST);
  if (!parsed) return { malformed: `"ranges" is not a list of at most ${RANGES_MOST} pairs [from, to]` };
  return { ranges: parsed, rejected };
}

/** Reasons come from outside: a bound on each, so that a log and a gap entry stay readable. */
const WHY_MOST_CHARACTERS = 200;

function parseRejected(value: unknown): Receipt['rejected'] | undefined {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length > RANGES_MOST) return undefined;
  const rejected: { seq: number; why: string }[] = [];
  for (const one of value) {
    if (!isObject(one) || !isSeq(one['seq'])) return undefined;
    const why = typeof one['why'] === 'string' ? one['why'].slice(0, WHY_MOST_CHARACTERS) : 'no reason given';
    rejected.push({ seq: one['seq'], why });
  }
  return rejected;
}

export interface Command {
  /** Chosen by the hospital; a second command with the same one gets the first one's answer. */
  readonly id: string;
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Milliseconds since 1970-01-01 UTC; not to be carried out after it. */
  readonly expiresMs?: number;
}

const ID = /^[\x21-\x7e]{1,128}$/;

/** `{"id","name","args","expires"}`; args and expires may be left out. */
export function parseCommand(bytes: Uint8Array): Command | (Malformed & { readonly id?: string }) {
  const message = parseObject(bytes);
  if (isMalformed(message)) return message;
  const { id, name, args = {}, expires } = message;
  if (typeof id !== 'string' || !ID.test(id))
    return { malformed: '"id" is not 1 to 128 printable ASCII characters without spaces' };
  if (typeof name !== 'string') return { malformed: '"name" is not a text', id };
  if (!isObject(args)) return { malformed: '"args" is not an object', id };
  if (expires === undefined) return { id, name, args };
  const expiresMs = typeof expires === 'string' && RFC3339.test(expires) ? Date.parse(expires) : Number.NaN;
  if (Number.isNaN(expiresMs)) return { malformed: '"expires" is not a time as in 2026-03-02T08:00:00Z', id };
  return { id, name, args, expiresMs };
}

const RFC3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

export function isMalformed(value: object): value is Malformed {
  return 'malformed' in value && typeof value.malformed === 'string';
}

function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | Malformed {
  if (bytes.length > MESSAGE_MOST_BYTES) return { malformed: `${bytes.length} bytes, more than ${MESSAGE_MOST_BYTES}` };
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return isObject(value) ? value : { malformed: 'not a JSON object' };
  } catch {
    return { malformed: 'not JSON in UTF-8' };
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
