/** Writes EDF files the way a ResMed machine does, with its checksums in the header and in every record. */

import { rfc3339 } from '../../../agent/world.ts';

/** One column of a file's header: limits are written as the machine writes them. */
export interface SignalSpec {
  readonly label: string;
  readonly unit: string;
  readonly physical: readonly [low: string, high: string];
  readonly digital: readonly [low: number, high: number];
  readonly perRecord: number;
}

export interface EdfFile {
  /** Local wall time of the machine, as milliseconds counted as if it were UTC. */
  readonly startMs: number;
  readonly kind: 'EDF' | 'EDF+D';
  readonly recordSeconds: 0 | 60 | 86400;
  readonly signals: readonly SignalSpec[];
  /** Per record one array per signal; 'aborted' is a session whose header was never completed (nrec -1, no data). */
  readonly records: readonly (readonly ArrayLike<number>[])[] | 'aborted';
}

const CRC_SIGNAL: SignalSpec = {
  label: 'Crc16',
  unit: '',
  physical: ['-32768', '32767'],
  digital: [-32768, 32767],
  perRecord: 1,
};
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const HEADER_BYTES = 256;

/** The bytes of one file. The Crc16 signal is added here; callers give the others. */
export function writeEdf(file: EdfFile): Uint8Array {
  const signals = [...file.signals, CRC_SIGNAL];
  const header = writeHeader(file, signals);
  const records = file.records === 'aborted' ? [] : file.records.map((record) => writeRecord(file.signals, record));
  return joined([header, ...records]);
}

/** A timekeeping TAL and one annotation, padded to the signal's length; returned as the samples that carry those bytes. */
export function annotation(perRecord: number, onsetS: number, durationS: number, label: string): Int16Array {
  const text = `+0\x14\x14\0+${onsetS}\x15${durationS}\x14${label}\x14\0`;
  if (text.length > perRecord * 2) throw new RangeError(`annotation does not fit its record: ${label}`);
  const bytes = ascii(text, perRecord * 2, 0);
  const view = new DataView(bytes.buffer);
  return Int16Array.from({ length: perRecord }, (_, i) => view.getInt16(i * 2, true));
}

/** The sidecar of an EDF file (CRC-32 of the first 256 bytes, then of the rest) or of a text file (one CRC-32). */
export function writeSidecar(path: string, bytes: Uint8Array): Uint8Array {
  if (!path.endsWith('.edf')) return littleEndian(crc32(bytes));
  return joined([
    littleEndian(crc32(bytes.subarray(0, HEADER_BYTES))),
    littleEndian(crc32(bytes.subarray(HEADER_BYTES))),
  ]);
}

/** CRC-16/CCITT-FALSE. */
export function crc16(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000) !== 0 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
  }
  return crc;
}

/** CRC-32/IEEE. */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 1) !== 0 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}

function writeHeader(file: EdfFile, signals: readonly SignalSpec[]): Uint8Array {
  const [date, time, longDate] = dates(file.startMs);
  const length = HEADER_BYTES * (1 + signals.length);
  const count = file.records === 'aborted' ? -1 : file.records.length;
  const fixed = [
    field('0', 8),
    field('X X X X 0000 0000', 80),
    field(`Startdate ${longDate} X X X SRN=SIMULATED MID=36 VID=39`, 80),
    field(date, 8),
    field(time, 8),
    field(length, 8),
    field(file.kind, 44),
    field(count, 8),
    field(file.recordSeconds.toFixed(2), 8),
    field(signals.length, 4),
  ];
  const header = ascii([...fixed, ...columns(signals)].join(''), length, 0x20);
  // The two words stand at bytes 16..24, outside what they cover: bytes 25..255 and the signal headers.
  const words = `${hex(crc16(header.subarray(25, HEADER_BYTES)))} ${hex(crc16(header.subarray(HEADER_BYTES)))}`;
  header.set(ascii(words, words.length, 0x20), 16);
  return header;
}

/** EDF lays the signal headers out field by field, not signal by signal. */
function columns(signals: readonly SignalSpec[]): string[] {
  const blank = '';
  return [
    ...signals.map((signal) => field(signal.label, 16)),
    ...signals.map(() => field(blank, 80)),
    ...signals.map((signal) => field(signal.unit, 8)),
    ...signals.map((signal) => field(signal.physical[0], 8)),
    ...signals.map((signal) => field(signal.physical[1], 8)),
    ...signals.map((signal) => field(signal.digital[0], 8)),
    ...signals.map((signal) => field(signal.digital[1], 8)),
    ...signals.map(() => field(blank, 80)),
    ...signals.map((signal) => field(signal.perRecord, 8)),
    ...signals.map(() => field(blank, 32)),
  ];
}

function writeRecord(signals: readonly SignalSpec[], record: readonly ArrayLike<number>[]): Uint8Array {
  const samples: number[] = [];
  for (const [index, signal] of signals.entries()) {
    const values = record[index];
    if (values?.length !== signal.perRecord) throw new RangeError(`${signal.label} needs ${signal.perRecord} samples`);
    for (let i = 0; i < values.length; i++) samples.push(values[i] ?? 0);
  }
  const bytes = new Uint8Array(samples.length * 2 + 2);
  const view = new DataView(bytes.buffer);
  for (const [index, sample] of samples.entries()) view.setInt16(index * 2, sample, true);
  view.setUint16(samples.length * 2, crc16(bytes.subarray(0, samples.length * 2)), true);
  return bytes;
}

function dates(startMs: number): [date: string, time: string, longDate: string] {
  const text = rfc3339(startMs);
  const [year, month, day] = [text.slice(0, 4), text.slice(5, 7), text.slice(8, 10)];
  const time = text.slice(11, 19).replaceAll(':', '.');
  return [`${day}.${month}.${year.slice(2)}`, time, `${day}-${MONTHS[Number(month) - 1]}-${year}`];
}

function field(value: string | number, width: number): string {
  const text = String(value);
  if (text.length > width) throw new RangeError(`"${text}" is wider than its header field of ${width}`);
  return text.padEnd(width);
}

/** Header text is Latin-1: one byte for each character. */
function ascii(text: string, length: number, padding: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length).fill(padding);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function hex(word: number): string {
  return word.toString(16).toUpperCase().padStart(4, '0');
}

function littleEndian(word: number): Uint8Array {
  return Uint8Array.from([word, word >>> 8, word >>> 16, word >>> 24]);
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
