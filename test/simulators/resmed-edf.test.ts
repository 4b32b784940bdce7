/** The files of the simulated card carry the machine's own checksums and layout. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomFrom } from '../../agent/world.ts';
import { annotation, crc16, crc32, writeEdf, writeSidecar } from '../../simulators/devices/resmed/edf-writer.ts';
import { annotationSignals, PLD_SIGNALS, SAD_SIGNALS } from '../../simulators/devices/resmed/signals.ts';
import { resmedCardSimulator } from '../../simulators/devices/resmed-card.ts';

const text = (bytes: Uint8Array): string => String.fromCharCode(...bytes);
const digits = new TextEncoder().encode('123456789');
const startMs = Date.UTC(2024, 1, 28, 23, 52, 7);

function oneMinute(): Uint8Array {
  const samples = SAD_SIGNALS.map((_, signal) =>
    Array.from({ length: 60 }, (_, i) => (i === 0 ? -1 : 60 + signal + i)),
  );
  return writeEdf({ startMs, kind: 'EDF', recordSeconds: 60, signals: SAD_SIGNALS, records: [samples] });
}

describe('checksums', () => {
  test('catalogue check values', () => {
    expect(crc16(digits)).toBe(0x29b1);
    expect(crc32(digits)).toBe(0xcbf43926);
  });

  test('every case: both header words and every record', () => {
    for (const { name, frame } of resmedCardSimulator.cases(randomFrom(7))) {
      if (!frame.channel.endsWith('.edf')) continue;
      const { bytes } = frame;
      const headerBytes = Number(text(bytes.subarray(184, 192)));
      const [w1, w2] = text(bytes.subarray(16, 25)).split(' ');
      expect(Number.parseInt(w1 ?? '', 16), name).toBe(crc16(bytes.subarray(25, 256)));
      expect(Number.parseInt(w2 ?? '', 16), name).toBe(crc16(bytes.subarray(256, headerBytes)));
      const records = Number(text(bytes.subarray(236, 244)));
      const size = records > 0 ? (bytes.length - headerBytes) / records : 0;
      expect(bytes.length, name).toBe(headerBytes + Math.max(0, records) * size);
      for (let at = headerBytes; at < bytes.length; at += size) {
        // A CRC with its own high byte first runs to zero; the machine stores it low byte first.
        const word = (bytes[at + size - 2] ?? 0) + (bytes[at + size - 1] ?? 0) * 256;
        expect(word, name).toBe(crc16(bytes.subarray(at, at + size - 2)));
      }
    }
  });

  test('a flipped bit anywhere after the patient field changes a checksum', () => {
    const bytes = oneMinute();
    fc.assert(
      fc.property(fc.integer({ min: 25, max: 255 }), fc.integer({ min: 0, max: 7 }), (at, bit) => {
        const flipped = bytes.slice();
        flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
        return crc16(flipped.subarray(25, 256)) !== crc16(bytes.subarray(25, 256));
      }),
    );
  });

  test('sidecar of an EDF file covers header and rest apart, that of a text file the whole', () => {
    const bytes = oneMinute();
    const sidecar = new DataView(writeSidecar('STR.edf', bytes).buffer);
    expect(sidecar.byteLength).toBe(8);
    expect(sidecar.getUint32(0, true)).toBe(crc32(bytes.subarray(0, 256)));
    expect(sidecar.getUint32(4, true)).toBe(crc32(bytes.subarray(256)));
    expect([...writeSidecar('Identification.tgt', digits)]).toEqual([0x26, 0x39, 0xf4, 0xcb]);
  });
});

describe('layout', () => {
  test('header fields stand where EDF puts them', () => {
    const bytes = oneMinute();
    const at = (from: number, length: number): string => text(bytes.subarray(from, from + length)).trimEnd();
    expect(at(0, 8)).toBe('0');
    expect(at(8, 80)).toMatch(/^X X X X [0-9A-F]{4} [0-9A-F]{4}$/);
    expect(at(88, 80)).toMatch(/^Startdate 28-FEB-2024 X X X SRN=SIMULATED /);
    expect(at(168, 8)).toBe('28.02.24');
    expect(at(176, 8)).toBe('23.52.07');
    expect(at(184, 8)).toBe('1024');
    expect(at(192, 44)).toBe('EDF');
    expect(at(236, 8)).toBe('1');
    expect(at(244, 8)).toBe('60.00');
    expect(at(252, 4)).toBe('3');
    expect(at(256, 48)).toBe('Pulse.1s        SpO2.1s         Crc16');
    expect(bytes.length).toBe(1024 + 2 * 121);
  });

  test('samples are little-endian and signed, one signal after the other', () => {
    const bytes = oneMinute();
    expect([...bytes.subarray(1024, 1028)]).toEqual([0xff, 0xff, 61, 0]);
    expect([...bytes.subarray(1024 + 120, 1024 + 124)]).toEqual([0xff, 0xff, 62, 0]);
  });

  test('an annotation is a timekeeping TAL and the event', () => {
    const samples = annotation(19, 612, 12, 'Hypopnea');
    const bytes = new Uint8Array(samples.buffer);
    expect(text(bytes)).toBe('+0\x14\x14\0+612\x1512\x14Hypopnea\x14\0'.padEnd(38, '\0'));
    expect(() => annotation(15, 10_000, 100, 'Obstructive Apnea')).toThrow(/does not fit/);
  });

  test('an aborted session is a header that counts -1 records', () => {
    const bytes = writeEdf({ startMs, kind: 'EDF', recordSeconds: 60, signals: PLD_SIGNALS, records: 'aborted' });
    expect(bytes.length).toBe(256 * (PLD_SIGNALS.length + 2));
    expect(text(bytes.subarray(236, 244))).toBe('-1      ');
  });

  test('wrong sample counts and over-long fields are our own mistakes', () => {
    const signals = annotationSignals(38);
    expect(() => writeEdf({ startMs, kind: 'EDF+D', recordSeconds: 0, signals, records: [[[1]]] })).toThrow(
      /19 samples/,
    );
    const [signal] = signals;
    if (signal === undefined) throw new Error('no annotation signal');
    const wide = [{ ...signal, label: 'a label of more than sixteen' }];
    expect(() => writeEdf({ startMs, kind: 'EDF', recordSeconds: 60, signals: wide, records: [] })).toThrow(/wider/);
  });
});
