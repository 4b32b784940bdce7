/** Whether a message is an entry: bad input is a value with words, never an exception, for one bad message must not stop the stream. */
import { ENTRY_KINDS, type Entry, type EntryKind } from './entry.ts';

/** Larger messages are refused unread. A day of a CPAP's samples is below a tenth of it. */
export const PAYLOAD_MOST_BYTES = 1 << 20;
/** A hub's ids have less than 100 characters. */
const ID_MOST = 200;
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

export type Read =
  | { readonly entry: Entry; readonly text: string }
  /** `seq` where it can be told, so that the hub can be told too. */
  | { readonly wrong: string; readonly seq?: number };

export function isEntryKind(text: string): text is EntryKind {
  return (ENTRY_KINDS as readonly string[]).includes(text);
}

/**
 * Checks what a store and an account need: the envelope, and the bounds of a gap. The rest of the body is as the hub wrote it:
 * a measurement must not be turned away for a field that this version does not know.
 * `toldSeq` is the MQTT 5 user property, for what cannot even be parsed.
 */
export function readEntry(hub: string, kind: EntryKind, payload: Uint8Array, toldSeq?: string): Read {
  const told = numbered(toldSeq === undefined ? undefined : Number(toldSeq));
  if (payload.length > PAYLOAD_MOST_BYTES) {
    return { wrong: `${payload.length} bytes, more than ${PAYLOAD_MOST_BYTES}`, ...told };
  }
  const text = textOf(payload);
  if (text === undefined) return { wrong: 'not UTF-8', ...told };
  const value = jsonOf(text);
  if (isEntry(value, hub, kind)) return { entry: value, text };
  const wrong = faultOf(value, hub, kind) ?? 'not an entry';
  // What another hub is said to have written is none of this hub's numbers.
  if (!isRecord(value) || value['hub'] !== hub) return { wrong, ...(isRecord(value) ? {} : told) };
  return { wrong, ...told, ...numbered(value['seq']) };
}

/** Undefined for what is not JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function textOf(payload: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
  } catch {
    return undefined;
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function isSeq(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 1;
}

function isEntry(value: unknown, hub: string, kind: EntryKind): value is Entry {
  return faultOf(value, hub, kind) === undefined;
}

function numbered(seq: unknown): { readonly seq?: number } {
  return isSeq(seq) ? { seq } : {};
}

function faultOf(value: unknown, hub: string, kind: EntryKind): string | undefined {
  if (!isRecord(value)) return 'not a JSON object';
  const { v, hub: told, seq, id, kind: toldKind, at, body } = value;
  if (told !== hub) return 'hub is not the hub of the topic';
  if (v !== 1) return `v is ${brief(v)}, not 1`;
  if (!isSeq(seq)) return `seq is ${brief(seq)}`;
  if (typeof id !== 'string' || id === '' || id.length > ID_MOST)
    return `id is not a text of 1 to ${ID_MOST} characters`;
  if (toldKind !== kind) return `kind ${brief(toldKind)} came under up/${kind}`;
  if (typeof at !== 'string' || !RFC_3339.test(at)) return `at is not an RFC 3339 time: ${brief(at)}`;
  if (!isRecord(body)) return 'body is not an object';
  return kind === 'gap' ? gapFault(seq, body) : undefined;
}

/** A gap that explained what is still to be written would hide its loss. */
function gapFault(seq: number, { from, to }: Readonly<Record<string, unknown>>): string | undefined {
  if (to === undefined) return from === undefined ? undefined : 'the gap has no end';
  if (!isSeq(to) || (from !== undefined && !isSeq(from))) return 'the bounds of the gap are not sequence numbers';
  if (to >= seq) return 'the gap goes on above its own number';
  return from !== undefined && from > to ? 'the gap ends before it begins' : undefined;
}

/** What goes into words is short, whatever was sent. */
function brief(value: unknown): string {
  return typeof value === 'object' && value !== null ? 'an object' : String(value).slice(0, 40);
}
