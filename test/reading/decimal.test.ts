/** Decimals keep every digit the device sent, and only those. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decimal, isDecimal, scaled, toNumber } from '../../agent/reading/decimal.ts';

describe('scaled', () => {
  test.each([
    [980, -1, '98.0'],
    [98, 0, '98'],
    [2, 1, '20'],
    [200, -2, '2.00'],
    [-593, -2, '-5.93'],
    [-5, -2, '-0.05'],
    [5, -3, '0.005'],
    [0, 0, '0'],
    [0, -2, '0.00'],
    [0, 3, '0'],
    [-0, -1, '0.0'],
    [-1234, 0, '-1234'],
    [8_388_604, 127, `8388604${'0'.repeat(127)}`],
    [1, -128, `0.${'0'.repeat(127)}1`],
    [Number.MAX_SAFE_INTEGER, -3, '9007199254740.991'],
  ])('%i x 10^%i is %s', (mantissa, exponent, text) => expect(scaled(mantissa, exponent)).toBe(text));

  test.each([
    [1.5, 0],
    [Number.NaN, 0],
    [Number.POSITIVE_INFINITY, 0],
    [2 ** 53, 0],
    [1, 0.5],
  ])('%d, %d are no mantissa and exponent', (mantissa, exponent) => {
    expect(() => scaled(mantissa, exponent)).toThrow(RangeError);
  });

  test('never loses a digit, and says exactly how precise it is', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.integer({ min: -128, max: 127 }), (mantissa, exponent) => {
        const text = scaled(mantissa, exponent);
        expect(isDecimal(text)).toBe(true);
        expect(BigInt(text.replace('.', ''))).toBe(BigInt(mantissa) * 10n ** BigInt(Math.max(exponent, 0)));
        expect(text.split('.')[1]?.length ?? 0).toBe(Math.max(-exponent, 0));
      }),
    );
  });
});

describe('decimal', () => {
  test.each(['0', '98.0', '-5.93', '20', '0.005', '-0', '-0.0'])('%s stands as it is', (text) => {
    expect(decimal(text)).toBe(text);
  });

  test.each(['', ' 1', '1 ', '+1', '01', '.5', '5.', '1e3', '0x1', 'NaN', 'Infinity', '1,5', '--1', '1.2.3', '1\n'])(
    '"%s" is none',
    (text) => {
      expect(isDecimal(text)).toBe(false);
      expect(() => decimal(text)).toThrow(`not a plain decimal: "${text}"`);
    },
  );

  test('compares as the number it is', () => expect(toNumber(decimal('98.0'))).toBe(98));
});
