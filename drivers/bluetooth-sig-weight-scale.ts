/** Any scale of the Bluetooth Weight Scale profile, and A&D's UC-350/352 family, which wants its clock set before it speaks. */
import { type Decimal, scaled } from '../agent/reading/decimal.ts';
import type { Measurement, MeasurementFacts } from '../agent/reading/measurement.ts';
import { bit, byteReader } from './contract/bytes.ts';
import { defineDriver, type Outcome } from './contract/driver.ts';
import { encodeDateTime, isSettableDateTime, readDateTime } from './contract/gatt-date-time.ts';

const WEIGHT = '2a9d';
const FEATURES = '2a9e';
const DATE_TIME = '2a08';

/** "Measurement unsuccessful": the scale gave up before it was steady (WSS 1.0, 3.2.1.2). */
const UNSUCCESSFUL = 0xffff;
/** The scale did not recognise who stood on it (WSS 1.0, 3.2.1.4). */
const UNKNOWN_USER = 0xff;
/** An A&D scale sends what it stored and then ends the connection itself. */
const STORED_WAIT_MS = 30_000;

type Metric = 'MDC_MASS_BODY_ACTUAL' | 'MDC_LEN_BODY_ACTUAL' | 'MDC_RATIO_MASS_BODY_LEN_SQ';

export const bluetoothSigWeightScale = defineDriver<Metric>({
  id: 'bluetooth-sig-weight-scale',
  title: 'Weight scale, Bluetooth profile (also A&D UC-350/352)',
  kind: 'weight-scale',
  sources: [
    'Bluetooth Weight Scale Service 1.0',
    'byte vectors of the bluetooth-sig-python test suite (MIT)',
    'capture of a Beurer BF788 published by the ble-scale-sync project',
    'A&D UC-352BLE integration notes',
  ],
  verified: 'published vectors',

  recognise: [{ rank: 'profile', link: 'ble', service: '181d' }],

  link: { kind: 'ble', service: '181d', subscribe: [{ channel: WEIGHT }] },

  observes: {
    MDC_MASS_BODY_ACTUAL: { cadence: 'spot', stored: true },
    MDC_LEN_BODY_ACTUAL: { cadence: 'spot', stored: true },
    MDC_RATIO_MASS_BODY_LEN_SQ: { cadence: 'spot', stored: true },
  },

  decode({ channel, bytes }) {
    if (channel === WEIGHT) return decodeWeight(bytes);
    if (channel === FEATURES) return decodeFeatures(bytes);
    if (channel === DATE_TIME) return decodeClock(bytes);
    return { outcome: 'ignored', why: `channel ${channel} is not of this profile` };
  },

  mayWrite: (channel, bytes) => channel === DATE_TIME && isSettableDateTime(bytes),

  *dialogue({ channels, localTime }) {
    if (channels.has(DATE_TIME)) {
      // What it stored was stamped by this clock: it is read before it is set, and again after.
      yield { say: 'read', channel: DATE_TIME };
      if (localTime) {
        // An A&D scale waits for this about 100 ms after discovery, then sends and hangs up.
        yield { say: 'write', channel: DATE_TIME, bytes: encodeDateTime(localTime), sets: 'clock' };
        yield { say: 'read', channel: DATE_TIME };
        yield { say: 'listen', forMs: STORED_WAIT_MS };
      }
    }
    if (channels.has(FEATURES)) yield { say: 'read', channel: FEATURES };
  },
});

function decodeWeight(bytes: Uint8Array): Outcome<Metric> {
  const read = byteReader(bytes);
  const flags = read.u8('flags');
  const imperial = bit(flags, 0);
  const weight = read.u16('weight');
  const time = bit(flags, 1) ? readDateTime(read) : {};
  const user = bit(flags, 2) ? read.u8('user') : UNKNOWN_USER;
  const bmi = bit(flags, 3) ? read.u16('BMI') : undefined;
  const height = bit(flags, 3) ? read.u16('height') : undefined;
  const how = read.fault();
  if (how) return { outcome: 'malformed', how };
  const told = user === UNKNOWN_USER ? time : { ...time, user };
  if (weight === UNSUCCESSFUL) {
    // Whatever stands in the other fields was not computed from a weight (WSS 1.0, 3.2.1.2).
    return { outcome: 'measured', measurements: [{ metric: 'MDC_MASS_BODY_ACTUAL', ...told, absent: 'unsuccessful' }] };
  }
  const measurements: Measurement<Metric>[] = [
    { metric: 'MDC_MASS_BODY_ACTUAL', ...told, ...(imperial ? pounds(weight) : { value: scaled(weight * 5, -3) }) },
  ];
  if (bmi !== undefined) measurements.push({ metric: 'MDC_RATIO_MASS_BODY_LEN_SQ', ...told, value: scaled(bmi, -1) });
  if (height !== undefined) {
    measurements.push({ metric: 'MDC_LEN_BODY_ACTUAL', ...told, ...(imperial ? inches(height) : metres(height)) });
  }
  return { outcome: 'measured', measurements };
}

type Converted = { readonly value: Decimal } & Pick<MeasurementFacts, 'asTold'>;

/*
 * The steps are fixed, 0.005 kg and 0.01 lb, 0.001 m and 0.1 in. The resolution a scale announces in 2A9E is about its
 * accuracy: multiplying by it gives weights that no captured frame with BMI and height agrees with.
 */

/** Hundredths of a pound; 1 lb is 0.45359237 kg exactly. Rounded to the gram, halves up: finer than half a step of the scale. */
function pounds(hundredths: number): Converted {
  const grams = Math.floor((hundredths * 45_359_237 + 5_000_000) / 10_000_000);
  return { value: scaled(grams, -3), asTold: { value: scaled(hundredths, -2), unit: '[lb_av]' } };
}

/** Tenths of an inch; 1 in is 2.54 cm exactly, so nothing is rounded. */
function inches(tenths: number): Converted {
  return { value: scaled(tenths * 254, -3), asTold: { value: scaled(tenths, -1), unit: '[in_i]' } };
}

/** Thousandths of a metre, which are tenths of a centimetre. */
function metres(thousandths: number): Converted {
  return { value: scaled(thousandths, -1), asTold: { value: scaled(thousandths, -3), unit: 'm' } };
}

function decodeFeatures(bytes: Uint8Array): Outcome<Metric> {
  const read = byteReader(bytes);
  const features = read.u32('features');
  const how = read.fault();
  return how ? { outcome: 'malformed', how } : { outcome: 'measured', measurements: [], facts: { features } };
}

function decodeClock(bytes: Uint8Array): Outcome<Metric> {
  const read = byteReader(bytes);
  const { deviceTime: shows } = readDateTime(read);
  const how = read.fault();
  return how ? { outcome: 'malformed', how } : { outcome: 'clock', ...(shows !== undefined && { shows }) };
}
