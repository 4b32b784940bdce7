/** What every driver builds on: reading bytes, floats, dates, CRC and record access, held against published vectors. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { byteReader, sameBytes } from '../../drivers/contract/bytes.ts';
import { crc16CcittFalse } from '../../drivers/contract/crc.ts';
import { encodeDateTime, isSettableDateTime, readDateTime } from '../../drivers/contract/gatt-date-time.ts';
import { float, sfloat } from '../../drivers/contract/ieee-11073-float.ts';
import { readRecordAccess, reportAllRecords, reportRecordsFrom } from '../../drivers/contract/record-access.ts';
import { ascii, CRCS, FLOATS, hex, SFLOATS } from './vectors.ts';

describe('bytes', () => {
  test('integers are little-endian and unsigned', () => {
    const read = byteReader(hex('FF 0102 010203 010203FF'));
    expect([read.u8('a'), read.u16('b'), read.u24('c'), read.u32('d')]).toEqual([255, 0x0201, 0x030201, 0xff030201]);
    expect(read.fault()).toBeUndefined();
  });

  test('the first fault is the one told', () => {
    const read = byteReader(hex('01'));
    expect(read.u16('weight')).toBe(0);
    read.reject('something later');
    expect(read.fault()).toBe('truncated: weight needs 2 bytes at 0, 1 left');
  });

  test('bytes left over are a fault', () => {
    const read = byteReader(hex('01 02 03'));
    read.u8('flags');
    expect(read.fault()).toBe('too long: 2 bytes after the last field');
  });

  test('sameness is of length and content', () => {
    expect([
      sameBytes(hex('0101'), hex('0101')),
      sameBytes(hex('0101'), hex('010100')),
      sameBytes(hex('0101'), hex('0102')),
    ]).toEqual([true, false, false]);
  });
});

describe('IEEE 11073 numbers', () => {
  test.each(SFLOATS)('SFLOAT (%s) %i is %s', (_, raw, expected) => {
    expect(Object.values(sfloat(raw))).toEqual([expected]);
  });

  test.each(FLOATS)('FLOAT (%s) %i is %s', (_, raw, expected) => {
    expect(Object.values(float(raw))).toEqual([expected]);
  });

  test('a special mantissa with another exponent is a number', () => {
    expect([sfloat(0xf7ff), sfloat(0x1800), sfloat(0xf802)]).toEqual([
      { value: '204.7' },
      { value: '-20480' },
      { value: '-204.6' },
    ]);
    expect(float(0x000007ff)).toEqual({ value: '2047' });
  });

  test('every SFLOAT is its mantissa and exponent, digit for digit', () => {
    const wrong = [];
    for (let raw = 0; raw <= 0xffff; raw++) {
      const told = sfloat(raw);
      if ('absent' in told) continue;
      const mantissa = ((raw & 0xfff) << 20) >> 20;
      const exponent = (raw << 16) >> 28;
      const digits = BigInt(told.value.replace('.', ''));
      const places = told.value.split('.')[1]?.length ?? 0;
      if (digits !== BigInt(mantissa) * 10n ** BigInt(Math.max(exponent, 0))) wrong.push([raw, told.value]);
      if (places !== Math.max(-exponent, 0)) wrong.push([raw, told.value]);
    }
    expect(wrong).toEqual([]);
  });

  test('a shift moves the point and keeps the digits', () => {
    expect([sfloat(0xf057, -2), sfloat(0xe366, -2), sfloat(0x07ff, -2)]).toEqual([
      { value: '0.087' },
      { value: '0.0870' },
      { absent: 'not-a-number' },
    ]);
  });
});

describe('Date Time 2A08', () => {
  function told(text: string): readonly unknown[] {
    const read = byteReader(hex(text));
    return [readDateTime(read).deviceTime, read.fault()];
  }

  test.each([
    ['E0070517113411', '2016-05-23T17:52:17'], // HL7 PHD, GeneratingtheTimeStampPartIdentifier
    ['E8070B1D170839', '2024-11-29T23:08:57'], // SpeziBluetooth plxs-1
    ['E807021D000000', '2024-02-29T00:00:00'],
  ])('%s is %s', (text, expected) => expect(told(text)).toEqual([expected, undefined]));

  test.each(['0000051711340B', 'E007001711340B', 'E007050011340B', '00000000000000'])('%s is unknown', (text) => {
    expect(told(text)).toEqual([undefined, undefined]);
  });

  test.each([
    'E907021D000000', // 29 February 2025
    'E9070D01000000',
    'E9070120000000',
    'E9070101180000',
    'E9070101003C00',
    'E907010100003C',
    '01000101000000', // year 1
    'FFFF0101000000',
    '00000D01000000', // unknown year, but no month 13
  ])('%s is impossible', (text) => expect(told(text)[1]).toMatch(/^impossible date and time: /));

  test('what is set is what is read', () => {
    const time = { year: 2026, month: 10, day: 25, hour: 2, minute: 30, second: 59 };
    expect(told(Buffer.from(encodeDateTime(time)).toString('hex'))).toEqual(['2026-10-25T02:30:59', undefined]);
    expect(isSettableDateTime(encodeDateTime(time))).toBe(true);
  });

  test('a time no clock shows cannot be encoded', () => {
    expect(() => encodeDateTime({ year: 2026, month: 2, day: 30, hour: 0, minute: 0, second: 0 })).toThrow(
      'no clock shows 2026-02-30T00:00:00',
    );
  });

  test.each(['', 'E007051711341100', 'E00705171134', '00000517113411', 'E0070D17113411'])(
    '%s may not be set',
    (text) => {
      expect(isSettableDateTime(hex(text))).toBe(false);
    },
  );
});

test.each(CRCS)('CRC-16/CCITT-FALSE of "%s"', (text, crc) => expect(crc16CcittFalse(ascii(text))).toBe(crc));

/** NordicSemiconductor Android-BLE-Common-Library tests (BSD-3). */
describe('record access', () => {
  test.each([
    ['06000101', { answer: 'response', request: 1, result: 'success' }],
    ['06000106', { answer: 'response', request: 1, result: 'no-records' }],
    ['050001', { answer: 'count', count: 1 }],
    ['05000201', { answer: 'count', count: 258 }],
    ['050004030201', { answer: 'count', count: 16909060 }],
    ['0500FFFFFFFF', { answer: 'count', count: 4294967295 }],
    ['0500010203', { answer: 'malformed', how: 'a count of 3 bytes' }],
    ['0500', { answer: 'malformed', how: 'a count of 0 bytes' }],
    ['06000163', { answer: 'malformed', how: 'response code 99' }],
    ['0600010100', { answer: 'malformed', how: 'too long: 1 bytes after the response code' }],
    ['06010101', { answer: 'malformed', how: 'operator 1 in an answer' }],
    ['0101', { answer: 'malformed', how: 'operator 1 in an answer' }],
    ['06', { answer: 'malformed', how: 'truncated: 1 of at least 2 bytes' }],
  ])('%s', (text, expected) => expect(readRecordAccess(hex(text))).toEqual(expected));

  test('requests', () => {
    expect(reportAllRecords()).toEqual(hex('0101'));
    expect(reportRecordsFrom(2)).toEqual(hex('0103010200'));
  });

  test('any bytes have an answer', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => readRecordAccess(bytes).answer.length > 0));
  });
});
