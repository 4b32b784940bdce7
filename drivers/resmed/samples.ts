/** Sample arrays out of a recording with equal records, in pieces of at most 15 minutes. */
import type { Decimal } from '../../agent/reading/decimal.ts';
import type { Measurement } from '../../agent/reading/measurement.ts';
import type { MetricName } from '../../agent/vocabulary/metrics.ts';
import type { Outcome } from '../contract/driver.ts';
import { type Recording, type Signal, sampleAt } from './edf.ts';
import { localText, MS_PER_MINUTE } from './local-time.ts';
import { type Conversion, conversionFor, physical, type Scale, scaleOf } from './scale.ts';

/** A signal worth forwarding. */
export interface Track<M extends MetricName> {
  /** Label without its period: 'Leak' for 'Leak.2s'. */
  readonly name: string;
  readonly metric: M;
  readonly conversions: readonly Conversion[];
}

/** A piece of a night that fits a message and a retry. */
const MAX_PIECE_MS = 15 * MS_PER_MINUTE;
/** A session never spans more than the day between two noons; twice that is not a recording. */
const MAX_RECORDING_MS = 48 * 60 * MS_PER_MINUTE;

type Sampled<M extends MetricName> = {
  readonly metric: M;
  readonly periodMs: number;
  readonly signal: Signal;
  readonly toDecimal: (digital: number) => Decimal | null;
};

export function nameOf(signal: Signal): string {
  return signal.label.replace(/\.\d+m?s$/, '');
}

/**
 * One measurement per known signal and piece, in order of time; a sample of -1, or any other outside the range its header
 * declares, is null. The unit told is not repeated (`asTold` is for one number): it is the card's L/s times 60 for leak.
 * Unknown signals are counted in the facts. With nothing but nulls: ignored, because of `whyEmpty`.
 */
export function sampleArrays<M extends MetricName>(
  recording: Recording,
  tracks: readonly Track<M>[],
  whyEmpty: string,
): Outcome<M> {
  const { recordMs, records } = recording;
  if (recordMs === 0 || recordMs > MAX_PIECE_MS) return malformed(`records of ${recordMs} ms`);
  if (records * recordMs > MAX_RECORDING_MS)
    return malformed(`${records} records of ${recordMs} ms are more than two days`);
  const chosen = choose(recording, tracks);
  if (typeof chosen === 'string') return malformed(chosen);

  const perPiece = Math.floor(MAX_PIECE_MS / recordMs);
  const measurements: Measurement<M>[] = [];
  let anything = false;
  for (let first = 0; first < records; first += perPiece) {
    const deviceTime = localText(recording.startMs + first * recordMs);
    const last = Math.min(first + perPiece, records);
    for (const { metric, periodMs, signal, toDecimal } of chosen) {
      const samples: (Decimal | null)[] = [];
      for (let record = first; record < last; record++) {
        for (let index = 0; index < signal.perRecord; index++) {
          samples.push(toDecimal(sampleAt(recording, signal, record, index)));
        }
      }
      anything ||= samples.some((sample) => sample !== null);
      measurements.push({ metric, deviceTime, samples, periodMs });
    }
  }
  if (!anything) return { outcome: 'ignored', why: whyEmpty };
  const left = recording.signals.length - chosen.length;
  return { outcome: 'measured', measurements, ...(left > 0 && { facts: { signalsNotForwarded: left } }) };
}

/** Known signals in the order of the tracks; of two tracks for one metric the first that the file has. Text: what is wrong. */
function choose<M extends MetricName>(
  recording: Recording,
  tracks: readonly Track<M>[],
): readonly Sampled<M>[] | string {
  const chosen = new Map<M, Sampled<M>>();
  for (const { name, metric, conversions } of tracks) {
    const signal = recording.signals.find((candidate) => nameOf(candidate) === name);
    const conversion = signal && conversionFor(conversions, signal.unit);
    if (!signal || !conversion || chosen.has(metric)) continue;
    const periodMs = recording.recordMs / signal.perRecord;
    if (!Number.isInteger(periodMs)) return `${signal.label}: ${signal.perRecord} samples in ${recording.recordMs} ms`;
    const scale = scaleOf(signal, conversion.times);
    if (!scale) return `${signal.label}: its range gives no decimal gain`;

    chosen.set(metric, { metric, periodMs, signal, toDecimal: decimals(scale) });
  }
  return [...chosen.values()];
}

/** A night has some ten thousand samples of a few hundred different values: each value becomes text once. */
function decimals(scale: Scale): Sampled<MetricName>['toDecimal'] {
  const known = new Map<number, Decimal>();
  return (digital) => {
    if (digital < scale.low || digital > scale.high) return null;
    const value = known.get(digital) ?? physical(scale, digital);
    known.set(digital, value);
    return value;
  };
}

function malformed(how: string): { readonly outcome: 'malformed'; readonly how: string } {
  return { outcome: 'malformed', how };
}
