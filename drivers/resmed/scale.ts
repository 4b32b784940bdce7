/** From EDF digital values to decimals in a metric's unit, exactly: the header's ranges are taken as fractions, never as floats. */
import { type Decimal, scaled } from '../../agent/reading/decimal.ts';

/** The four range fields of an EDF signal header, the physical ones as written. Source: EDF (Kemp et al. 1992). */
export interface Range {
  readonly physicalMin: string;
  readonly physicalMax: string;
  readonly digitalMin: number;
  readonly digitalMax: number;
}

/** A unit as the card writes it, its UCUM name, and what it is multiplied by to become the metric's unit. */
export interface Conversion {
  readonly written: string;
  readonly ucum: string;
  readonly times: readonly [numerator: number, denominator: number];
}

/** A value is (step x digital + base) x 10^-decimals, in integers; meant only for low <= digital <= high. */
export interface Scale {
  readonly step: number;
  readonly base: number;
  readonly decimals: number;
  readonly low: number;
  readonly high: number;
}

const MAX_DECIMALS = 6;
const INT16_SPAN = 32_768;

/**
 * The scale of a signal, multiplied by `times`; gain .02 gives two decimals, .125 three, .02 L/s as 1.2 L/min one.
 * Undefined where the gain or the offset is not a finite decimal of at most six places, or the range is empty.
 */
export function scaleOf(range: Range, times: Conversion['times'] = [1, 1]): Scale | undefined {
  const min = fixedPoint(range.physicalMin);
  const max = fixedPoint(range.physicalMax);
  if (min === undefined || max === undefined || range.digitalMax <= range.digitalMin) return undefined;
  const places = Math.max(min.places, max.places);
  const low = min.mantissa * 10n ** BigInt(places - min.places);
  const span = max.mantissa * 10n ** BigInt(places - max.places) - low;
  if (span <= 0n) return undefined;

  const digitalSpan = BigInt(range.digitalMax - range.digitalMin);
  const numerator = BigInt(times[0]);
  const denominator = 10n ** BigInt(places) * digitalSpan * BigInt(times[1]);
  const step = span * numerator;
  const base = (low * digitalSpan - BigInt(range.digitalMin) * span) * numerator;
  const decimals = Math.max(decimalsOf(step, denominator), decimalsOf(base, denominator));
  if (decimals > MAX_DECIMALS) return undefined;

  const unit = 10n ** BigInt(decimals);
  const scale: Scale = {
    step: Number((step * unit) / denominator),
    base: Number((base * unit) / denominator),
    decimals,
    low: range.digitalMin,
    high: range.digitalMax,
  };
  return Number.isSafeInteger(Math.abs(scale.step) * INT16_SPAN + Math.abs(scale.base)) ? scale : undefined;
}

/** The physical value of a digital one; the caller has checked low..high. */
export function physical(scale: Scale, digital: number): Decimal {
  return scaled(scale.step * digital + scale.base, -scale.decimals);
}

/** A blank dimension means the unit of the document, which is first in the list; undefined for a unit nobody foresaw. */
export function conversionFor(conversions: readonly Conversion[], written: string): Conversion | undefined {
  return written === '' ? conversions[0] : conversions.find((conversion) => conversion.written === written);
}

function fixedPoint(text: string): { mantissa: bigint; places: number } | undefined {
  const match = /^(-?\d+)(?:\.(\d*))?$/.exec(text);
  if (!match) return undefined;
  const fraction = match[2] ?? '';
  return { mantissa: BigInt((match[1] ?? '') + fraction), places: fraction.length };
}

/** Decimal places that numerator/denominator needs, Infinity if it never ends: only 2 and 5 may be left of the denominator. */
function decimalsOf(numerator: bigint, denominator: bigint): number {
  let rest = denominator / gcd(numerator < 0n ? -numerator : numerator, denominator);
  let twos = 0;
  let fives = 0;
  for (; rest % 2n === 0n; rest /= 2n) twos += 1;
  for (; rest % 5n === 0n; rest /= 5n) fives += 1;
  return rest === 1n ? Math.max(twos, fives) : Number.POSITIVE_INFINITY;
}

function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}
