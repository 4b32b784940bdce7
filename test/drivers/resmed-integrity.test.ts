/** What a damaged, cut, unfinished or foreign file of a ResMed card comes out as: never a measurement, never an exception. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc16CcittFalse } from '../../drivers/contract/crc.ts';
import type { Outcome } from '../../drivers/contract/driver.ts';
import { edfStartMs, localText, secondsMs } from '../../drivers/resmed/local-time.ts';
import { physical, scaleOf } from '../../drivers/resmed/scale.ts';
import { resmedCard } from '../../drivers/resmed-card.ts';
import { annotationFile, ccittFalse, edfFile, eventList, sealHeader } from './resmed-edf.ts';

function decode(bytes: Uint8Array): Outcome {
  return resmedCard.decode({ channel: '', bytes });
}

const SMALL = {
  recordSeconds: '2.00',
  signals: [{ label: 'Press.2s', unit: 'cmH2O', range: ['0.00', '50.00', 0, 2500], perRecord: 1 }],
  records: [[500], [501]],
} as const;
const FILES: readonly (readonly [name: string, bytes: Uint8Array])[] = [
  ['samples', edfFile(SMALL)],
  ['annotations', annotationFile([eventList('1000', '12', 'Apnea')])],
];

/** The same file with `text` at `at` of its header, and the header's checksums put right again. */
function forged(at: number, text: string): Uint8Array {
  const bytes = Buffer.from(edfFile(SMALL));
  bytes.write(text, at);
  sealHeader(bytes.subarray(0, 768));
  return new Uint8Array(bytes);
}

describe.each(FILES)('a file of %s', (_, whole) => {
  test('is measured when whole, and not touched', () => {
    const before = Uint8Array.from(whole);
    expect(decode(whole).outcome).toBe('measured');
    expect(whole).toEqual(before);
  });

  test('reads the same from the middle of a larger buffer', () => {
    const larger = new Uint8Array(whole.length + 20).fill(0x41);
    larger.set(whole, 7);
    expect(decode(larger.subarray(7, 7 + whole.length))).toEqual(decode(whole));
  });

  test('cut anywhere is malformed', () => {
    for (let length = 0; length < whole.length; length++) {
      expect(decode(whole.subarray(0, length)), `${length} bytes`).toMatchObject({ outcome: 'malformed' });
    }
  });

  test('with any one bit flipped is malformed', () => {
    const damaged = Uint8Array.from(whole);
    for (let bit = 0; bit < whole.length * 8; bit++) {
      const mask = 1 << (bit & 7);
      damaged[bit >> 3] = (whole[bit >> 3] ?? 0) ^ mask;
      expect(decode(damaged).outcome, `byte ${bit >> 3}, bit ${bit & 7}`).toBe('malformed');
      damaged[bit >> 3] = whole[bit >> 3] ?? 0;
    }
  });

  test.each([1, 2, 4, 1000])('%i bytes too long is malformed', (more) => {
    const longer = new Uint8Array(whole.length + more);
    longer.set(whole);
    expect(decode(longer)).toEqual({
      outcome: 'malformed',
      how: `expected ${whole.length} bytes, got ${longer.length}`,
    });
  });
});

describe('a recording that is not there', () => {
  test.each([
    ['aborted at once', { ...SMALL, records: [], toldRecords: -1 }, 'aborted session'],
    ['closed empty', { ...SMALL, records: [] }, 'no records'],
    [
      'never closed',
      { ...SMALL, toldRecords: -1 },
      'recording not closed, 8 bytes left unread: take the card out only while the machine is idle',
    ],
  ])('%s is ignored', (_, fixture, why) => {
    expect(decode(edfFile(fixture))).toEqual({ outcome: 'ignored', why });
  });

  test('records where none are told are malformed', () => {
    expect(decode(edfFile({ ...SMALL, toldRecords: 0 })).outcome).toBe('malformed');
  });
});

test.each([
  ['no such day', 168, '31.02.26'],
  ['no such hour', 176, '24.00.00'],
  ['another header length', 184, '1024    '],
  ['less than no records', 236, '-2      '],
  ['more records than bytes', 236, '99999999'],
  ['half a record', 236, '1.5     '],
  ['a duration that is none', 244, 'sixty   '],
  ['a duration before the start', 244, '-2.00   '],
  ['no signals', 252, '0   '],
  ['too many signals', 252, '9999'],
  ['text for signals', 252, 'two '],
  ['no checksum signal', 272, 'Crc32   '],
  ['no digital range', 256 + 2 * 120, 'low     '],
  ['no samples', 256 + 2 * 216, '0       '],
  ['a number of samples beyond any file', 256 + 2 * 216, '99999999'],
  ['a checksum of two samples', 256 + 2 * 216 + 8, '2       '],
])('a header with %s is malformed although its checksums match', (_, at, text) => {
  expect(decode(forged(at, text)).outcome).toBe('malformed');
});

test('the forger forges: with the text that was there before the file is whole', () => {
  expect(decode(forged(168, '01.03.26')).outcome).toBe('measured');
});

test("lower-case checksum words are not the machine's", () => {
  const bytes = Uint8Array.from(edfFile(SMALL));
  const words = Buffer.from(bytes.buffer, 16, 9);
  expect(words.toString()).toMatch(/[A-F]/);
  words.write(words.toString().toLowerCase());
  expect(decode(bytes).outcome).toBe('malformed');
});

test('never throws, and never measures noise', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 2000 }), (bytes) => {
      expect(decode(bytes).outcome).not.toBe('measured');
    }),
  );
});

test('never throws on records that are checksummed nonsense', () => {
  const content = fc.uint8Array({ minLength: 62, maxLength: 62 });
  fc.assert(
    fc.property(fc.array(content, { minLength: 1, maxLength: 4 }), (records) => {
      const signals = [{ label: 'EDF Annotations', perRecord: 31 }];
      expect(decode(edfFile({ recordSeconds: '0', signals, records })).outcome).not.toBe('measured');
    }),
  );
});

test('never throws whatever a sealed header says', () => {
  fc.assert(
    fc.property(fc.integer({ min: 25, max: 760 }), fc.string({ unit: 'binary-ascii', maxLength: 8 }), (at, text) => {
      expect(['measured', 'ignored', 'malformed']).toContain(decode(forged(at, text)).outcome);
    }),
  );
});

test('the checksum of the machine is the published one', () => {
  const text = new TextEncoder().encode('123456789');
  expect(crc16CcittFalse(text)).toBe(0x29b1);
  expect(ccittFalse(text)).toBe(0x29b1);
});

describe('gain', () => {
  const range = (physicalMin: string, physicalMax: string, digitalMin: number, digitalMax: number) => ({
    physicalMin,
    physicalMax,
    digitalMin,
    digitalMax,
  });

  test.each([
    ['pressure', range('0.00', '40.00', 0, 2000), [1, 1], 431, '8.62'],
    ['pressure set', range('4.00', '20.00', 200, 1000), [1, 1], 500, '10.00'],
    ['flow', range('-2.00', '3.00', -1000, 1500), [1, 1], -1, '-0.002'],
    ['minute volume', range('0.00', '30.00', 0, 240), [1, 1], 49, '6.125'],
    ['rate', range('0.00', '90.00', 0, 450), [1, 1], 75, '15.0'],
    ['index', range('0.00', '240.00', 0, 2400), [1, 1], 11, '1.1'],
    ['pulse', range('0.00', '300.00', 0, 300), [1, 1], 61, '61'],
    ['leak per minute', range('0.00', '2.00', 0, 100), [60, 1], 17, '20.4'],
    ['ratio', range('0.00', '200.00', 0, 200), [1, 100], 67, '0.67'],
    ['offset', range('30', '45', 0, 30), [1, 1], 1, '30.5'],
    ['offset with more digits than the gain', range('0.25', '10.25', 0, 10), [1, 1], 1, '1.25'],
  ] as const)('of %s', (_, of, times, digital, value) => {
    const scale = scaleOf(of, times);
    expect(scale && physical(scale, digital)).toBe(value);
  });

  test.each([
    ['a third', range('0', '1', 0, 3)],
    ['seven decimals', range('0', '1', 0, 10_000_000)],
    ['nothing', range('1', '1', 0, 10)],
    ['upside down', range('1', '0', 0, 10)],
    ['no digital span', range('0', '1', 10, 10)],
    ['not a number', range('1e3', '2e3', 0, 10)],
  ])('%s is refused', (_, of) => {
    expect(scaleOf(of)).toBeUndefined();
  });

  test('both ends of every range come out as the header has them', () => {
    const places = fc.constantFrom(0, 1, 2, 3);
    const low = fc.integer({ min: -20_000, max: 20_000 });
    fc.assert(
      fc.property(
        low,
        fc.integer({ min: 1, max: 10_000 }),
        fc.constantFrom(1, 2, 4, 5, 8, 20),
        places,
        (from, span, step, p) => {
          const text = (n: number) => (n / 10 ** p).toFixed(p);
          const of = range(text(from), text(from + span * step), -7, span - 7);
          const scale = scaleOf(of);
          expect(scale && Number(physical(scale, -7))).toBe(Number(of.physicalMin));
          expect(scale && Number(physical(scale, span - 7))).toBe(Number(of.physicalMax));
        },
      ),
    );
  });
});

describe('the clock of the machine', () => {
  test.each([
    ['31.12.84', '23.59.59', '2084-12-31T23:59:59'],
    ['01.01.85', '00.00.00', '1985-01-01T00:00:00'],
    ['29.02.24', '12.00.00', '2024-02-29T12:00:00'],
  ])('%s %s', (date, time, text) => {
    expect(localText(edfStartMs(date, time) ?? Number.NaN)).toBe(text);
  });

  test.each([
    ['29.02.26', '12.00.00'],
    ['00.01.26', '12.00.00'],
    ['01.13.26', '12.00.00'],
    ['1.3.26', '12.00.00'],
    ['01.03.26', '12.60.00'],
  ])('%s %s is no time', (date, time) => expect(edfStartMs(date, time)).toBeUndefined());

  test.each([
    ['60.00', 60_000],
    ['+12.5', 12_500],
    ['-3', -3000],
    ['0.0009', 0],
    ['1.9999', 1999],
    ['', undefined],
    ['1e3', undefined],
  ])('%s seconds', (text, ms) => expect(secondsMs(text)).toBe(ms));
});
