/** Any pulse oximeter of the Bluetooth Pulse Oximeter profile (PLX): spot checks, continuous readings, stored spot checks. */
import type { AbsentReason, Flag, Measurement, MeasurementFacts } from '../agent/reading/measurement.ts';
import { type ByteReader, bit, byteReader, sameBytes } from './contract/bytes.ts';
import { defineDriver, type Frame, type Outcome } from './contract/driver.ts';
import { readDateTime } from './contract/gatt-date-time.ts';
import { type DeviceNumber, sfloat } from './contract/ieee-11073-float.ts';
import { deviceStatusNames, statusFlags } from './contract/oximeter-status.ts';
import { RECORD_ACCESS, recordAccessOutcome, reportAllRecords } from './contract/record-access.ts';

const SPOT = '2a5e';
const CONTINUOUS = '2a5f';
const FEATURES = '2a60';

/** A transfer that outgrows this is no longer waited for; its records are kept all the same. */
const MOST_FRAMES = 10_000;
/** Longest silence between records: the ATT transaction time-out (Core 5.4, Vol 3, Part F, 3.3.3). */
const RECORD_WAIT_MS = 30_000;

type Metric =
  | 'MDC_PULS_OXIM_SAT_O2'
  | 'MDC_PULS_OXIM_PULS_RATE'
  | 'MDC_PULS_OXIM_DEV_STATUS'
  | 'MDC_PULS_OXIM_PERF_REL';

export const bluetoothSigPulseOximeter = defineDriver<Metric>({
  id: 'bluetooth-sig-pulse-oximeter',
  title: 'Pulse oximeter, Bluetooth PLX profile',
  kind: 'pulse-oximeter',
  sources: ['Bluetooth Pulse Oximeter Service 1.0', 'published byte vectors of the SpeziBluetooth test suite (MIT)'],
  verified: 'published vectors',

  recognise: [{ rank: 'profile', link: 'ble', service: '1822' }],

  link: {
    kind: 'ble',
    service: '1822',
    // A device has spot checks, continuous readings or both; stored spot checks come through 2A52 (PLXS 1.0, 3).
    subscribe: [SPOT, CONTINUOUS, RECORD_ACCESS].map((channel) => ({ channel, optional: true })),
  },

  observes: {
    // Many models send continuously while worn, but the profile does not promise it, so silence cannot be judged in seconds.
    MDC_PULS_OXIM_SAT_O2: { cadence: 'spot', stored: true },
    MDC_PULS_OXIM_PULS_RATE: { cadence: 'spot', stored: true },
    MDC_PULS_OXIM_DEV_STATUS: { cadence: 'spot', stored: true },
    MDC_PULS_OXIM_PERF_REL: { cadence: 'spot', stored: true },
  },

  decode({ channel, bytes }) {
    if (channel === SPOT) return decodeSpot(bytes);
    if (channel === CONTINUOUS) return decodeContinuous(bytes);
    if (channel === FEATURES) return decodeFeatures(bytes);
    if (channel === RECORD_ACCESS) return recordAccessOutcome(bytes);
    return { outcome: 'ignored', why: `channel ${channel} is not of this profile` };
  },

  mayWrite: (channel, bytes) => channel === RECORD_ACCESS && sameBytes(bytes, reportAllRecords()),

  *dialogue({ channels }) {
    if (!channels.has(FEATURES)) return;
    const answer = yield { say: 'read', channel: FEATURES };
    if (answer.heard !== 'frame' || !storesReadings(answer.frame) || !channels.has(RECORD_ACCESS)) return;
    // All of them each time, and none is ever deleted: an entry's identity makes sending twice harmless (invariant 8).
    yield { say: 'write', channel: RECORD_ACCESS, bytes: reportAllRecords() };
    for (let frames = 0; frames < MOST_FRAMES; frames++) {
      const heard = yield { say: 'listen', forMs: RECORD_WAIT_MS };
      if (heard.heard !== 'frame' || heard.frame.channel === RECORD_ACCESS) return;
    }
  },
});

function storesReadings({ channel, bytes }: Frame): boolean {
  return channel === FEATURES && bit(byteReader(bytes).u16('features'), 2);
}

function decodeSpot(bytes: Uint8Array): Outcome<Metric> {
  const read = byteReader(bytes);
  const flags = read.u8('flags');
  const spo2 = read.u16('SpO2');
  const pulse = read.u16('pulse rate');
  const time = bit(flags, 0) ? readDateTime(read) : {};
  return decodeRest(read, flags >>> 1, spo2, pulse, bit(flags, 4) ? { ...time, clock: 'not-set' } : time);
}

function decodeContinuous(bytes: Uint8Array): Outcome<Metric> {
  const read = byteReader(bytes);
  const flags = read.u8('flags');
  const spo2 = read.u16('SpO2');
  const pulse = read.u16('pulse rate');
  // The fast and slow pairs are the same metrics averaged otherwise. They are read past and not kept: three values of one
  // metric at one moment could not be told apart by whoever reads the journal. The normal pair is the measurement.
  if (bit(flags, 0)) read.u32('fast SpO2 and pulse rate');
  if (bit(flags, 1)) read.u32('slow SpO2 and pulse rate');
  const outcome = decodeRest(read, flags >>> 2, spo2, pulse, {});
  return outcome.outcome === 'measured' ? { ...outcome, series: true } : outcome;
}

type Told = Pick<MeasurementFacts, 'deviceTime' | 'clock' | 'flags'>;

/** The fields both characteristics end with; `present`: bit 0 measurement status, 1 device status, 2 pulse amplitude index. */
function decodeRest(read: ByteReader, present: number, spo2: number, pulse: number, time: Told): Outcome<Metric> {
  const status = bit(present, 0) ? read.u16('measurement status') : 0;
  const deviceStatus = bit(present, 1) ? read.u24('device and sensor status') : 0;
  const perfusion = bit(present, 2) ? read.u16('pulse amplitude index') : 0;
  const how = read.fault();
  if (how) return { outcome: 'malformed', how };

  const flags = statusFlags(status);
  const bits = deviceStatusNames(deviceStatus);
  const told: Told = flags.length > 0 ? { ...time, flags } : time;
  const absent = whyAbsent(flags, bits);
  const measurements: Measurement<Metric>[] = [
    { metric: 'MDC_PULS_OXIM_SAT_O2', ...told, ...(absent ?? sfloat(spo2)) },
    { metric: 'MDC_PULS_OXIM_PULS_RATE', ...told, ...(absent ?? sfloat(pulse)) },
  ];
  if (bit(present, 1)) measurements.push({ metric: 'MDC_PULS_OXIM_DEV_STATUS', ...told, bits, raw: deviceStatus });
  const amplitude = absent ?? ratio(perfusion);
  if (bit(present, 2)) measurements.push({ metric: 'MDC_PULS_OXIM_PERF_REL', ...told, ...amplitude });
  return { outcome: 'measured', measurements };
}

/** The device tells percent, the metric is a ratio: the point moves two places and every digit stays. */
function ratio(perfusion: number): DeviceNumber & Pick<MeasurementFacts, 'asTold'> {
  const percent = sfloat(perfusion);
  return 'value' in percent ? { ...sfloat(perfusion, -2), asTold: { value: percent.value, unit: '%' } } : percent;
}

/**
 * What the device says must not be taken as a measurement, the most telling reason first. A questionable value or a poor signal
 * is still a value: the flag and the status word go with it.
 */
function whyAbsent(flags: readonly Flag[], bits: readonly string[]): { readonly absent: AbsentReason } | undefined {
  if (flags.some((flag) => OF_NOBODY.has(flag))) return { absent: 'not-of-patient' };
  if (bits.includes('sensor-disconnected')) return { absent: 'sensor-fault' };
  if (bits.includes('sensor-off')) return { absent: 'sensor-off' };
  if (flags.includes('unavailable') || flags.includes('invalid')) return { absent: 'invalid' };
  return undefined;
}

const OF_NOBODY: ReadonlySet<Flag> = new Set<Flag>(['demonstration', 'test', 'calibrating']);

function decodeFeatures(bytes: Uint8Array): Outcome<Metric> {
  const read = byteReader(bytes);
  const features = read.u16('features');
  const facts = {
    features,
    ...(bit(features, 0) && { measurementStatusSupport: read.u16('measurement status support') }),
    ...(bit(features, 1) && { deviceStatusSupport: read.u24('device and sensor status support') }),
  };
  const how = read.fault();
  return how ? { outcome: 'malformed', how } : { outcome: 'measured', measurements: [], facts };
}
