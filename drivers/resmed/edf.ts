/** Reads the EDF files of a ResMed series 10 card: header, both header checksums, length, and the checksum of every record. */
import { crc16CcittFalse } from '../contract/crc.ts';
import { edfStartMs, secondsMs } from './local-time.ts';
import type { Range } from './scale.ts';

export interface Signal extends Range {
  /** As written: 'Leak.2s', 'EDF Annotations'. */
  readonly label: string;
  /** Physical dimension as written; blank for many. */
  readonly unit: string;
  /** 16-bit samples in one record. */
  readonly perRecord: number;
  /** Of the first sample, from the start of a record. */
  readonly offsetBytes: number;
}

/** A file whose every byte was checked. */
export interface Recording {
  /** Start by the device's clock, see local-time.ts. */
  readonly startMs: number;
  readonly records: number;
  /** 0 in files that hold annotations only. */
  readonly recordMs: number;
  readonly recordBytes: number;
  /** Without the checksum signal. */
  readonly signals: readonly Signal[];
  /** The records alone. */
  readonly data: DataView;
}

type Malformed = { readonly outcome: 'malformed'; readonly how: string };
type Ignored = { readonly outcome: 'ignored'; readonly why: string };
export type EdfRead = { readonly outcome: 'read'; readonly recording: Recording } | Ignored | Malformed;

const MAIN_BYTES = 256;
const BYTES_PER_SIGNAL = 256;
const MAX_SIGNALS = 256;
const FIRST_CHECKED_BYTE = 25;
const CHECKSUM_LABEL = 'Crc16';

/** Where the columns of the signal headers begin, in bytes per signal before them. Source: EDF (Kemp et al. 1992). */
const COLUMN = {
  label: [0, 16],
  unit: [96, 8],
  physicalMin: [104, 8],
  physicalMax: [112, 8],
  digitalMin: [120, 8],
  digitalMax: [128, 8],
  perRecord: [216, 8],
} as const satisfies Record<string, readonly [before: number, width: number]>;

/**
 * The recording in these bytes. Malformed for a length that differs from the header's word in either direction, and for
 * any flipped bit; ignored for a recording that holds nothing or was never closed.
 */
export function readEdf(bytes: Uint8Array): EdfRead {
  const frame = checkHeader(bytes);
  if (typeof frame === 'string') return malformed(frame);
  const startMs = edfStartMs(field(bytes, 168, 8), field(bytes, 176, 8));
  const records = integer(field(bytes, 236, 8));
  const recordMs = secondsMs(field(bytes, 244, 8));
  if (startMs === undefined) return malformed('the start is not a date and a time');
  if (records === undefined || records < -1) return malformed('the number of records is not a number');
  if (recordMs === undefined || recordMs < 0) return malformed('the duration of a record is not a number of seconds');
  const signals = readSignals(bytes, frame.signals);
  if (typeof signals === 'string') return malformed(signals);

  const checksum = signals.at(-1);
  if (checksum?.label !== CHECKSUM_LABEL || checksum.perRecord !== 1) return malformed('the last signal is not Crc16');
  const recordBytes = checksum.offsetBytes + 2;
  if (records <= 0) return empty(records, bytes.length - frame.headerBytes);
  const expected = frame.headerBytes + records * recordBytes;
  if (bytes.length !== expected) return malformed(`expected ${expected} bytes, got ${bytes.length}`);

  const data = new DataView(bytes.buffer, bytes.byteOffset + frame.headerBytes, records * recordBytes);
  for (let record = 0; record < records; record++) {
    const from = frame.headerBytes + record * recordBytes;
    const told = data.getUint16(record * recordBytes + checksum.offsetBytes, true);
    const found = crc16CcittFalse(bytes.subarray(from, from + checksum.offsetBytes));
    if (told !== found) return malformed(`record ${record + 1} of ${records} does not match its Crc16`);
  }
  const recording = { startMs, records, recordMs, recordBytes, signals: signals.slice(0, -1), data };
  return { outcome: 'read', recording };
}

/** One 16-bit sample; record, index and signal belong to the recording. */
export function sampleAt(recording: Recording, signal: Signal, record: number, index: number): number {
  return recording.data.getInt16(record * recording.recordBytes + signal.offsetBytes + index * 2, true);
}

/**
 * Length and both checksums of the header. Patient id is 'X X X X W1 W2': W1 covers bytes 25..255, W2 the signal headers;
 * what is before byte 25 is compared letter by letter, capital hexadecimal digits and all, so nothing is left unchecked.
 */
function checkHeader(bytes: Uint8Array): { readonly headerBytes: number; readonly signals: number } | string {
  if (bytes.length < MAIN_BYTES) return `expected at least ${MAIN_BYTES} bytes, got ${bytes.length}`;
  const signals = integer(field(bytes, 252, 4));
  if (signals === undefined || signals < 1 || signals > MAX_SIGNALS) return `expected 1 to ${MAX_SIGNALS} signals`;
  const headerBytes = MAIN_BYTES + signals * BYTES_PER_SIGNAL;
  if (integer(field(bytes, 184, 8)) !== headerBytes) return 'the header length does not match the number of signals';
  if (bytes.length < headerBytes) return `expected at least ${headerBytes} bytes, got ${bytes.length}`;
  const w1 = hex(crc16CcittFalse(bytes.subarray(FIRST_CHECKED_BYTE, MAIN_BYTES)));
  const w2 = hex(crc16CcittFalse(bytes.subarray(MAIN_BYTES, headerBytes)));
  if (ascii(bytes, 0, FIRST_CHECKED_BYTE) !== `0       X X X X ${w1} ${w2}`)
    return 'the header does not match its checksums';
  return { headerBytes, signals };
}

function readSignals(bytes: Uint8Array, count: number): readonly Signal[] | string {
  const signals: Signal[] = [];
  let offsetBytes = 0;
  for (let index = 0; index < count; index++) {
    const text = (name: keyof typeof COLUMN) => {
      const [before, width] = COLUMN[name];
      return field(bytes, MAIN_BYTES + before * count + width * index, width);
    };
    const label = text('label');
    const digitalMin = integer(text('digitalMin'));
    const digitalMax = integer(text('digitalMax'));
    const perRecord = integer(text('perRecord'));
    if (digitalMin === undefined || digitalMax === undefined) return `signal ${index + 1} has no digital range`;
    if (perRecord === undefined || perRecord < 1) return `signal ${index + 1} has no samples`;
    const physicalMin = text('physicalMin');
    const physicalMax = text('physicalMax');
    signals.push({
      label,
      unit: text('unit'),
      physicalMin,
      physicalMax,
      digitalMin,
      digitalMax,
      perRecord,
      offsetBytes,
    });
    offsetBytes += perRecord * 2;
  }
  return signals;
}

/**
 * A recording that was never closed is not read, although its whole records could be checked: its last sample array would
 * overlap the one in the closed file, and a cut in the middle could not be told from the end.
 */
function empty(records: number, dataBytes: number): Ignored | Malformed {
  if (records === 0) {
    if (dataBytes > 0) return malformed(`expected no records, got ${dataBytes} bytes of them`);
    return { outcome: 'ignored', why: 'no records' };
  }
  const why =
    dataBytes === 0
      ? 'aborted session'
      : `recording not closed, ${dataBytes} bytes left unread: take the card out only while the machine is idle`;
  return { outcome: 'ignored', why };
}

/** Left-justified, space-padded text of a header field. */
function field(bytes: Uint8Array, from: number, width: number): string {
  return ascii(bytes, from, from + width).trimEnd();
}

function ascii(bytes: Uint8Array, from: number, to: number): string {
  return String.fromCharCode(...bytes.subarray(from, to));
}

function integer(text: string): number | undefined {
  return /^-?\d{1,8}$/.test(text) ? Number(text) : undefined;
}

function hex(word: number): string {
  return word.toString(16).toUpperCase().padStart(4, '0');
}

function malformed(how: string): Malformed {
  return { outcome: 'malformed', how };
}
