/** Decimal numbers that keep the digits the device sent: 98.0 is not 98. */

declare const brand: unique symbol;

/** A finite decimal in plain notation, as in "98.0", "-5.93" or "20"; trailing zeros are significant. */
export type Decimal = string & { readonly [brand]: 'Decimal' };

const LITERAL = /^-?(0|[1-9]\d*)(\.\d+)?$/;

export function isDecimal(text: string): text is Decimal {
  return LITERAL.test(text);
}

/** Takes a plain decimal literal as it stands. Throws RangeError on anything else: that is our own mistake. */
export function decimal(text: string): Decimal {
  if (!isDecimal(text)) throw new RangeError(`not a plain decimal: "${text}"`);
  return text;
}

/**
 * mantissa x 10^exponent with every digit kept: scaled(980, -1) is "98.0", scaled(2, 1) is "20".
 * Source: IEEE 11073-20601 (FLOAT-Type precision), HL7 PHD FLOATS page.
 */
export function scaled(mantissa: number, exponent: number): Decimal {
  if (!Number.isSafeInteger(mantissa) || !Number.isInteger(exponent)) {
    throw new RangeError(`not an integer mantissa and exponent: ${mantissa}, ${exponent}`);
  }
  const sign = mantissa < 0 ? '-' : '';
  const digits = String(Math.abs(mantissa));
  if (exponent >= 0) return (mantissa === 0 ? '0' : sign + digits + '0'.repeat(exponent)) as Decimal;
  const padded = digits.padStart(1 - exponent, '0');
  return `${sign}${padded.slice(0, exponent)}.${padded.slice(exponent)}` as Decimal;
}

/** For comparing and drawing only; never to be written back as a value. */
export function toNumber(value: Decimal): number {
  return Number(value);
}
