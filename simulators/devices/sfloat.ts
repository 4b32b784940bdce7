/** SFLOAT as a device makes it, and what it means by it. Source: IEEE 11073-20601 SFLOAT-Type, HL7 PHD FLOATS page. */
import { scaled } from '../../agent/reading/decimal.ts';
import type { AbsentReason, Observed } from '../../agent/reading/measurement.ts';
import { u16 } from './bytes.ts';

export type Special = 'NaN' | 'NRes' | '+INF' | '-INF' | 'reserved';

/** mantissa x 10^exponent (mantissa -2048..2047, exponent -8..7), or one of the patterns that are no number. */
export type SFloat = { readonly mantissa: number; readonly exponent: number } | Special;

const SPECIALS: Readonly<Record<Special, { readonly pattern: number; readonly reason: AbsentReason }>> = {
  NaN: { pattern: 0x07ff, reason: 'not-a-number' },
  NRes: { pattern: 0x0800, reason: 'not-at-this-resolution' },
  '+INF': { pattern: 0x07fe, reason: 'positive-infinity' },
  '-INF': { pattern: 0x0802, reason: 'negative-infinity' },
  reserved: { pattern: 0x0801, reason: 'reserved-value' },
};

export const SPECIAL_NAMES: readonly Special[] = ['NaN', 'NRes', '+INF', '-INF', 'reserved'];

/** Throws RangeError on a number that SFLOAT cannot carry: a script or case of ours is wrong. */
export function sfloatBytes(number: SFloat): readonly number[] {
  if (typeof number === 'string') return u16(SPECIALS[number].pattern);
  const { mantissa, exponent } = number;
  const fits = mantissa >= -2048 && mantissa <= 2047 && exponent >= -8 && exponent <= 7;
  if (!fits || isSpecial(mantissa, exponent)) throw new RangeError(`not an SFLOAT: ${mantissa}e${exponent}`);
  return u16(((exponent & 0xf) << 12) | (mantissa & 0xfff));
}

/** `shift` moves the decimal point: -2 turns percent into parts of one. */
export function sfloatMeans(number: SFloat, shift = 0): Observed {
  if (typeof number === 'string') return { absent: SPECIALS[number].reason };
  return { value: scaled(number.mantissa, number.exponent + shift) };
}

/** The nearest SFLOAT with so many decimals: withDecimals(94, 1) is sent as 940e-1, and so read as 94.0. */
export function withDecimals(value: number, decimals: number): SFloat {
  return { mantissa: Math.round(value * 10 ** decimals), exponent: 0 - decimals };
}

/** All 65536 patterns, each once, as the number or special it stands for. */
export function* everySFloat(): Iterable<SFloat> {
  for (let exponent = -8; exponent <= 7; exponent++) {
    for (let mantissa = -2048; mantissa <= 2047; mantissa++) {
      if (!isSpecial(mantissa, exponent)) yield { mantissa, exponent };
    }
  }
  yield* SPECIAL_NAMES;
}

/** Only with exponent 0 are the five outermost mantissas no numbers. */
function isSpecial(mantissa: number, exponent: number): boolean {
  return exponent === 0 && (mantissa >= 2046 || mantissa <= -2046);
}
