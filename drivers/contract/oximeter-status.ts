/** The two status words of Bluetooth oximeters, bit by bit, in the words of the vocabulary. */
import type { Flag } from '../../agent/reading/measurement.ts';
import { bit } from './bytes.ts';

/** Measurement Status bits 5..15 (PLXS 1.0, 3.1.1.5); bits 0..4 are reserved. */
const FLAGS: readonly Flag[] = [
  'ongoing',
  'early-estimate',
  'validated',
  'fully-qualified',
  'from-storage',
  'demonstration',
  'test',
  'calibrating',
  'unavailable',
  'questionable',
  'invalid',
];

/** Device and Sensor Status bits 0..15 (PLXS 1.0, 3.1.1.6) by their names in IEEE 11073-10404, which counts them from the other end. */
const DEVICE_STATUS: readonly string[] = [
  'device-extended-update',
  'device-equipment-malfunction',
  'signal-processing-irregularity',
  'signal-inadequate',
  'signal-poor',
  'signal-low-perfusion',
  'signal-erratic',
  'signal-non-pulsatile',
  'signal-pulse-questionable',
  'signal-searching',
  'sensor-interference',
  'sensor-off',
  'sensor-unsupported',
  'sensor-displaced',
  'sensor-malfunction',
  'sensor-disconnected',
];

/** The flags a Measurement Status word (16 bits) sets; reserved bits are ignored. */
export function statusFlags(word: number): readonly Flag[] {
  return FLAGS.filter((_, i) => bit(word, i + 5));
}

/** The names of the bits set in a Device and Sensor Status word (24 bits); reserved bits have none. */
export function deviceStatusNames(word: number): readonly string[] {
  return DEVICE_STATUS.filter((_, i) => bit(word, i));
}
