/** Writes small ResMed EDF files byte by byte, from the document alone: nothing here is shared with the driver. */

export interface FixtureSignal {
  readonly label: string;
  readonly unit?: string;
  /** Physical minimum and maximum as written, digital minimum and maximum. */
  readonly range?: readonly [physicalMin: string, physicalMax: string, digitalMin: number, digitalMax: number];
  readonly perRecord: number;
}

export interface Fixture {
  /** dd.mm.yy and hh.mm.ss. */
  readonly start?: readonly [date: string, time: string];
  readonly reserved?: string;
  readonly recordSeconds: string;
  /** Without Crc16, which is added. */
  readonly signals: readonly FixtureSignal[];
  /** Per record the samples of all signals one after the other, or the bytes themselves. */
  readonly records: readonly (readonly number[] | Uint8Array)[];
  /** What the header says instead of the true number. */
  readonly toldRecords?: number;
  /** As the machine at hand writes it. */
  readonly crcRange?: FixtureSignal['range'];
}

const CRC_RANGE = ['-32768.0', '32767.00', -32768, 32767] as const;

/** Bit by bit: polynomial 0x1021, start 0xFFFF. */
export function ccittFalse(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const feedback = ((crc >> 15) & 1) ^ ((byte >> bit) & 1);
      crc = (crc << 1) & 0xffff;
      if (feedback === 1) crc ^= 0x1021;
    }
  }
  return crc;
}

export function edfFile(fixture: Fixture): Uint8Array {
  const signals = [...fixture.signals, { label: 'Crc16', range: fixture.crcRange ?? CRC_RANGE, perRecord: 1 }];
  const header = Buffer.alloc(256 * (signals.length + 1), ' ');
  const [date, time] = fixture.start ?? ['01.03.26', '22.15.00'];
  header.write('0', 0);
  header.write('Startdate 01-MAR-2026 X X X', 88);
  header.write(date, 168);
  header.write(time, 176);
  header.write(String(header.length), 184);
  header.write(fixture.reserved ?? 'EDF', 192);
  header.write(String(fixture.toldRecords ?? fixture.records.length), 236);
  header.write(fixture.recordSeconds, 244);
  header.write(String(signals.length), 252);
  const columns: readonly [width: number, text: (signal: FixtureSignal) => string][] = [
    [16, (signal) => signal.label],
    [80, () => ''],
    [8, (signal) => signal.unit ?? ''],
    [8, (signal) => String((signal.range ?? CRC_RANGE)[0])],
    [8, (signal) => String((signal.range ?? CRC_RANGE)[1])],
    [8, (signal) => String((signal.range ?? CRC_RANGE)[2])],
    [8, (signal) => String((signal.range ?? CRC_RANGE)[3])],
    [80, () => ''],
    [8, (signal) => String(signal.perRecord)],
    [32, () => ''],
  ];
  let at = 256;
  for (const [width, text] of columns) {
    for (const signal of signals) {
      header.write(text(signal), at);
      at += width;
    }
  }
  sealHeader(header);
  return new Uint8Array(Buffer.concat([header, ...fixture.records.map(sealedRecord)]));
}

/** Puts 'X X X X W1 W2' where the patient would be. */
export function sealHeader(header: Buffer): void {
  const word = (from: number, to: number) =>
    ccittFalse(header.subarray(from, to)).toString(16).toUpperCase().padStart(4, '0');
  header.write(`X X X X ${word(25, 256)} ${word(256, header.length)}`, 8);
}

function sealedRecord(content: readonly number[] | Uint8Array): Buffer {
  const isBytes = content instanceof Uint8Array;
  const record = Buffer.alloc((isBytes ? content.length : content.length * 2) + 2);
  if (isBytes) record.set(content);
  else content.forEach((sample, index) => void record.writeInt16LE(sample, index * 2));
  record.writeUInt16LE(ccittFalse(record.subarray(0, -2)), record.length - 2);
  return record;
}

/** An annotation file of the card: one record per list, each behind its timekeeping list, 38 bytes and the checksum. */
export function annotationFile(lists: readonly string[], start?: Fixture['start']): Uint8Array {
  const records = ['+0\x15\x14Recording starts\x14\0', ...lists].map((list) => {
    const bytes = Buffer.alloc(62);
    bytes.write(`+0\x14\x14\0${list}`, 0, 'utf8');
    return new Uint8Array(bytes);
  });
  return edfFile({
    ...(start && { start }),
    reserved: 'EDF+D',
    recordSeconds: '0.00',
    signals: [{ label: 'EDF Annotations', perRecord: 31 }],
    records,
  });
}

/** One scored event as the card writes it: `endSeconds` is when it was over. */
export function eventList(endSeconds: string, durationSeconds: string, label: string): string {
  return `+${endSeconds}\x15${durationSeconds}\x14${label}\x14\0`;
}
