/** How an entry lies on disk: its JSON as published, behind a checksum, under a key that sorts by sequence number. */
import { crc32 } from 'node:zlib';
import type { Draft, EntryKind } from '../reading/entry.ts';
import type { Line } from './contract.ts';

/** A draft already turned to text, all but the head that carries the sequence number. */
export interface Written {
  readonly id: string;
  readonly kind: EntryKind;
  readonly rest: string;
}

/** Serialised once, when it is handed in: what is stored is what the draft was then. */
export function written(draft: Draft): Written {
  const { id, kind, at, body } = draft;
  const rest = `,"id":${JSON.stringify(id)},"kind":"${kind}","at":${JSON.stringify(at)},"body":${JSON.stringify(body)}}`;
  return { id, kind, rest };
}

export function lineOf(hub: string, seq: number, { id, kind, rest }: Written): Line {
  return { seq, id, kind, json: `{"v":1,"hub":${JSON.stringify(hub)},"seq":${seq}${rest}` };
}

/** LevelDB checks its blocks only when asked and only some of them; this covers each value from writing to reading. */
export function sealed(text: string): string {
  return crc32(text).toString(16).padStart(8, '0') + text;
}

/** The text that was sealed, or undefined when it is not what was written. */
export function unsealed(value: string): string | undefined {
  const text = value.slice(8);
  return sealed(text) === value ? text : undefined;
}

const HEAD = /^\{"v":1,"hub":"(?:[^"\\]|\\.)*","seq":(\d+),"id":("(?:[^"\\]|\\.)*"),"kind":"(\w+)"/;

/** The line stored as `value`, or undefined when it is not readable as the one with this sequence number. */
export function readLine(seq: number, value: string): Line | undefined {
  const json = unsealed(value);
  if (json === undefined) return undefined;
  const [, number, id, kind] = HEAD.exec(json) ?? [];
  if (Number(number) !== seq || id === undefined || !isKind(kind)) return undefined;
  return { seq, id: String(JSON.parse(id)), kind, json };
}

const KINDS: Readonly<Record<EntryKind, true>> = { reading: true, waveform: true, alert: true, gap: true, event: true };

function isKind(text: string | undefined): text is EntryKind {
  return text !== undefined && Object.hasOwn(KINDS, text);
}

/** Keys: e<seq> an entry, a<seq> marks it an alert, i<id> its sequence number, k<name> a kept value, m about the store. */
export const key = {
  entry: (seq: number): string => `e${digits(seq)}`,
  alert: (seq: number): string => `a${digits(seq)}`,
  id: (id: string): string => `i${id}`,
  kept: (name: string): string => `k${name}`,
  about: 'm',
  seqOf: (entryOrAlertKey: string): number => Number(entryOrAlertKey.slice(1)),
} as const;

/** Sorts after every key that begins with the same letter and continues in digits or letters. */
export const AFTER = '\uffff';

function digits(seq: number): string {
  return String(seq).padStart(16, '0');
}
