/** IEEE 11073-20601 SFLOAT and FLOAT: decimal numbers whose exponent says how precise they are, and five that are none. */
import { type Decimal, scaled } from '../../agent/reading/decimal.ts';
import type { AbsentReason } from '../../agent/reading/measurement.ts';

export type DeviceNumber = { readonly value: Decimal } | { readonly absent: AbsentReason };

/**
 * The five patterns that are no numbers, in order: SFLOAT 07FE..0802, FLOAT 007FFFFE..00800002 (HL7 PHD FLOATS page). Only the
 * whole pattern, exponent 0, is special: mantissa 7FF with exponent -1 is the number 204.7. A host that compares the mantissa
 * alone loses numbers; one that compares nothing shows NaN as 2047.
 */
const SPECIAL: readonly AbsentReason[] = [
  'positive-infinity',
  'not-a-number',
  'not-at-this-resolution',
  'reserved-value',
  'negative-infinity',
];

/**
 * A raw 16-bit SFLOAT (0..0xFFFF): 4-bit exponent, 12-bit mantissa, both two's complement. `shift` multiplies by a power of
 * ten without touching a digit, for devices that tell percent where the metric is a ratio.
 */
export function sfloat(raw: number, shift = 0): DeviceNumber {
  const absent = SPECIAL[raw - 0x07fe];
  return absent ? { absent } : { value: scaled(signed(raw & 0xfff, 12), signed(raw >>> 12, 4) + shift) };
}

/** A raw 32-bit FLOAT (0..0xFFFFFFFF): 8-bit exponent, 24-bit mantissa, both two's complement. */
export function float(raw: number): DeviceNumber {
  const absent = SPECIAL[raw - 0x007ffffe];
  return absent ? { absent } : { value: scaled(signed(raw & 0xffffff, 24), signed(raw >>> 24, 8)) };
}

function signed(value: number, bits: number): number {
  return value >= 2 ** (bits - 1) ? value - 2 ** bits : value;
}
