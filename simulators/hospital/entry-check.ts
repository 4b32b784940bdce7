/** Whether a message is an entry of the wire contract, as the hospital reads it and not as the hub wrote it. */
import type { Entry, EntryKind } from '../../agent/reading/entry.ts';

const KINDS: readonly string[] = ['reading', 'waveform', 'alert', 'gap', 'event'] satisfies EntryKind[];
const RFC_3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

export function isEntryKind(text: string): text is EntryKind {
  return KINDS.includes(text);
}

/** The entry, or what is wrong with it in words. */
export function readEntry(hub: string, kind: EntryKind, text: string): Entry | { readonly wrong: string } {
  const value = jsonOf(text);
  return isEntry(value, hub, kind) ? value : { wrong: faultOf(value, hub, kind) ?? 'not an entry' };
}

function isEntry(value: unknown, hub: string, kind: EntryKind): value is Entry {
  return faultOf(value, hub, kind) === undefined;
}

/** Undefined for what is not JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function faultOf(value: unknown, hub: string, kind: EntryKind): string | undefined {
  if (!isRecord(value)) return 'not a JSON object';
  const { v, hub: told, seq, id, kind: toldKind, at, body } = value;
  if (v !== 1) return `v is ${String(v)}, not 1`;
  if (told !== hub) return 'hub is not the hub of the topic';
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 1) return `seq is ${String(seq)}`;
  if (typeof id !== 'string' || id === '') return 'id is missing';
  if (toldKind !== kind) return `kind ${String(toldKind)} came under up/${kind}`;
  if (typeof at !== 'string' || !RFC_3339.test(at)) return `at is not an RFC 3339 time: ${String(at)}`;
  if (!isRecord(body)) return 'body is not an object';
  return kind === 'gap' ? gapFault(body) : undefined;
}

function gapFault({ from, to }: Readonly<Record<string, unknown>>): string | undefined {
  const fits = (seq: unknown): boolean => seq === undefined || (Number.isSafeInteger(seq) && Number(seq) >= 1);
  if (!fits(from) || !fits(to)) return 'the bounds of the gap are not sequence numbers';
  if (from !== undefined && to === undefined) return 'the gap has no end';
  return Number(from ?? 1) > Number(to ?? Infinity) ? 'the gap ends before it begins' : undefined;
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
