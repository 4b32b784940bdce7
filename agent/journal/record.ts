/** How an entry lies on disk: its JSON as published, behind a checksum, under a key that sorts by sequence number. */
import { crc32 } from 'node:zlib';
import type { Draft, EntryKind } from '../reading/entry.ts';
import { unreachable } from '../reading/unreachable.ts';
import type { Lane, Line } from './contract.ts';

/** A draft already turned to text, all but the head that carries the sequence number. */
export interface Written {
  readonly id: string;
  readonly kind: EntryKind;
  readonly lane: Lane;
  readonly isFresh: boolean;
  readonly rest: string;
}

/** Serialised once, when it is handed in: what is stored is what the draft was then. */
export function written(draft: Draft): Written {
  const { id, kind, at, body } = draft;
  const rest = `,"id":${JSON.stringify(id)},"kind":"${kind}","at":${JSON.stringify(at)},"body":${JSON.stringify(body)}}`;
  return { id, kind, lane: laneOf(draft), isFresh: draft.fresh === true, rest };
}

function laneOf({ kind, series }: Draft): Lane {
  switch (kind) {
    case 'alert':
    case 'waveform':
      return kind;
    case 'reading':
      return series ? 'continuous' : 'spot';
    case 'gap':
    case 'event':
      return 'spot';
    default:
      return unreachable(kind);
  }
}

/** An entry with its number: as it is stored, and as it is published, which are the same bytes. */
export function numbered(
  hub: string,
  seq: number,
  { id, kind, rest }: Written,
): { readonly line: Line; readonly stored: Buffer } {
  const stored = sealed(`{"v":1,"hub":${JSON.stringify(hub)},"seq":${seq}${rest}`);
  return { line: { seq, id, kind, bytes: stored.subarray(SEAL_BYTES) }, stored };
}

/** A CRC-32 in eight hexadecimal digits. */
const NO_SEAL = '00000000';
const SEAL_BYTES = NO_SEAL.length;

/** LevelDB checks its blocks only when asked and only some of them; this covers each value from writing to reading. */
export function sealed(text: string): Buffer {
  const value = Buffer.from(NO_SEAL + text);
  value.write(crc32(value.subarray(SEAL_BYTES)).toString(16).padStart(SEAL_BYTES, '0'), 0, 'latin1');
  return value;
}

/** What was sealed, or undefined when it is not what was written. */
function opened(value: Buffer): Buffer | undefined {
  const content = value.subarray(SEAL_BYTES);
  return Number.parseInt(value.toString('latin1', 0, SEAL_BYTES), 16) === crc32(content) ? content : undefined;
}

/** The text that was sealed, or undefined when it is not what was written. */
export function unsealed(value: Buffer): string | undefined {
  return opened(value)?.toString();
}

const HEAD = /^\{"v":1,"hub":"(?:[^"\\]|\\.)*","seq":(\d+),"id":("(?:[^"\\]|\\.)*"),"kind":"(\w+)"/;

/** A head is mostly shorter than this; where it is not, all of the entry is looked at. */
const HEAD_BYTES = 192;

/** The line stored as `value`, or undefined when it is not readable as the one with this sequence number. */
export function readLine(seq: number, value: Buffer): Line | undefined {
  const bytes = opened(value);
  if (!bytes) return undefined;
  const [, number, id, kind] = HEAD.exec(bytes.toString('utf8', 0, HEAD_BYTES)) ?? HEAD.exec(bytes.toString()) ?? [];
  if (Number(number) !== seq || id === undefined || !isKind(kind)) return undefined;
  return { seq, id: id.includes('\\') ? String(JSON.parse(id)) : id.slice(1, -1), kind, bytes };
}

const KINDS: Readonly<Record<EntryKind, true>> = { reading: true, waveform: true, alert: true, gap: true, event: true };

function isKind(text: string | undefined): text is EntryKind {
  return text !== undefined && Object.hasOwn(KINDS, text);
}

/** Lanes with an index of their own; what has none is continuous. */
export type IndexedLane = Exclude<Lane, 'continuous'>;

const MARKS: Readonly<Record<IndexedLane, string>> = { alert: 'a', spot: 's', waveform: 'w' };

/**
 * Keys: e<seq> an entry; a<seq>, s<seq> and w<seq> mark it an alert, a spot reading (or event or gap) and a waveform; i<id> its
 * sequence number, for ids that may come again; t<first> a tombstone: the last of a run of removed entries; r<last> which of their ids
 * may come again; k<name> a kept value; m about the store.
 */
export const key = {
  entry: (seq: number): string => `e${digits(seq)}`,
  mark: (lane: IndexedLane, seq: number): string => MARKS[lane] + digits(seq),
  id: (id: string): string => `i${id}`,
  tombstone: (first: number): string => `t${digits(first)}`,
  removedIds: (last: number): string => `r${digits(last)}`,
  kept: (name: string): string => `k${name}`,
  about: 'm',
  /** Of any key that ends in a number. */
  seqOf: (name: string): number => Number(name.slice(1)),
} as const;

/** Sorts after every key that begins with the same letter and continues in digits or letters. */
export const AFTER = '\uffff';

function digits(seq: number): string {
  return String(seq).padStart(16, '0');
}

/** Version of the layout on disk. 2: lanes have an index, ids that cannot come again have none, removed runs a tombstone. */
export const LAYOUT = 2;

export interface About {
  readonly layout: number;
  readonly hub: string;
  /** Entries up to this number were written before lanes were told apart. */
  readonly plainUpTo?: number;
}

export function aboutStore(hub: string, plainUpTo: number): Buffer {
  return sealed(JSON.stringify({ layout: LAYOUT, hub, plainUpTo } satisfies About));
}
