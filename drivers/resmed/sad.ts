/** SAD and SA2 files: an oximeter attached to the machine, once a second. */
import type { Outcome } from '../contract/driver.ts';
import type { Recording } from './edf.ts';
import { sampleArrays, type Track } from './samples.ts';
import { PER_MIN, PERCENT } from './units.ts';

export type SadMetric = 'MDC_PULS_OXIM_PULS_RATE' | 'MDC_PULS_OXIM_SAT_O2';

const TRACKS: readonly Track<SadMetric>[] = [
  { name: 'Pulse', metric: 'MDC_PULS_OXIM_PULS_RATE', conversions: PER_MIN },
  { name: 'SpO2', metric: 'MDC_PULS_OXIM_SAT_O2', conversions: PERCENT },
];

export function isSadSignal(name: string): boolean {
  return TRACKS.some((track) => track.name === name);
}

/** The machine writes this file every night, and -1 throughout when nothing is attached. */
export function readSad(recording: Recording): Outcome<SadMetric> {
  return sampleArrays(recording, TRACKS, 'no oximeter attached');
}
