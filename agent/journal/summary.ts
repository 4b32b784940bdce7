/** What many readings come to when they have to go: min, max and mean for each device, metric and ten minutes. Pure. */
import { type Decimal, isDecimal, scaled, toNumber } from '../reading/decimal.ts';
import type { Reading, Summary } from '../reading/entry.ts';

/** Long enough to save nearly all, short enough to see a night. */
const BUCKET_MS = 600_000;

interface Bucket {
  readonly first: Reading;
  last: Reading;
  readonly values: Decimal[];
  absent: number;
  /** Readings that are neither numbers nor absent: how often the same was said. */
  repeats: number;
}

/** In the order of the first reading of each; what is no number is gathered where it says the same. */
export function summarise(readings: readonly Reading[]): readonly Summary[] {
  const buckets = new Map<string, Bucket>();
  for (const reading of readings) {
    const bucketNumber = Math.floor(Date.parse(reading.effective.at) / BUCKET_MS);
    const key = `${reading.device} ${reading.metric} ${bucketNumber} ${saidOf(reading) ?? ''}`;
    const bucket = buckets.get(key) ?? { first: reading, last: reading, values: [], absent: 0, repeats: 0 };
    buckets.set(key, bucket);
    take(bucket, reading);
  }
  return [...buckets.values()].map(summaryOf);
}

/** What a reading says that is neither a number nor absent; two that say the same need not both be kept. */
export function saidOf(reading: Reading): string | undefined {
  if ('code' in reading) return reading.code;
  if ('bits' in reading) return reading.bits.join(' ') || 'none set';
  return 'text' in reading ? reading.text : undefined;
}

function take(bucket: Bucket, reading: Reading): void {
  bucket.last = reading;
  if ('value' in reading) bucket.values.push(reading.value);
  else if ('absent' in reading) bucket.absent += 1;
  else if ('samples' in reading) {
    for (const sample of reading.samples) {
      if (sample === null) bucket.absent += 1;
      else bucket.values.push(sample);
    }
  } else bucket.repeats += 1;
}

function summaryOf({ first, last, values, absent, repeats }: Bucket): Summary {
  const code = saidOf(first);
  return {
    device: first.device,
    metric: first.metric,
    since: first.effective.at,
    until: last.effective.at,
    count: values.length + repeats,
    absent,
    ...(first.unit !== undefined && { unit: first.unit }),
    ...(values.length > 0 && extremes(values)),
    ...(code !== undefined && { code }),
  };
}

function extremes(values: readonly Decimal[]): Pick<Summary, 'min' | 'max' | 'mean'> {
  let [min, max] = [values[0], values[0]];
  let decimals = 0;
  for (const value of values) {
    if (min === undefined || toNumber(value) < toNumber(min)) min = value;
    if (max === undefined || toNumber(value) > toNumber(max)) max = value;
    decimals = Math.max(decimals, decimalsOf(value));
  }
  const sum = values.reduce((total, value) => total + Math.round(toNumber(value) * 10 ** decimals), 0);
  const mean = scaled(Math.round((sum * 10) / values.length), -decimals - 1);
  return { mean, ...(min !== undefined && { min }), ...(max !== undefined && { max }) };
}

function decimalsOf(value: string): number {
  const point = isDecimal(value) ? value.indexOf('.') : -1;
  return point < 0 ? 0 : value.length - point - 1;
}
