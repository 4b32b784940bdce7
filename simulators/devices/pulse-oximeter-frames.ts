/** The frames a PLX 1.0 pulse oximeter sends and what it means by them. Source: Bluetooth SIG, Pulse Oximeter Service 1.0. */
import { scaled } from '../../agent/reading/decimal.ts';
import type { AbsentReason, Flag, Measurement, MeasurementFacts } from '../../agent/reading/measurement.ts';
import { u16, u24 } from './bytes.ts';
import { dateTimeBytes, UNKNOWN_TIME } from './date-time.ts';
import { type SFloat, sfloatBytes, sfloatMeans } from './sfloat.ts';

/** 2A5F PLX Continuous Measurement. */
export const CONTINUOUS = '2a5f';
/** 2A5E PLX Spot-Check Measurement. */
export const SPOT_CHECK = '2a5e';

interface Saturation {
  readonly spo2: SFloat;
  readonly pulse: SFloat;
  /** Measurement Status, u16. */
  readonly status?: number;
  /** Device and Sensor Status, u24. */
  readonly deviceStatus?: number;
  /** Pulse Amplitude Index, %. */
  readonly pai?: SFloat;
}

export interface Continuous extends Saturation {
  /** SpO2 and pulse again, averaged over a shorter and a longer time; the hub has no use for them. */
  readonly fast?: readonly [SFloat, SFloat];
  readonly slow?: readonly [SFloat, SFloat];
}

export interface SpotCheck extends Saturation {
  /** Local time text, or UNKNOWN_TIME. */
  readonly at?: string;
  readonly clockNotSet?: boolean;
}

/** 3.1.1.5: Measurement Status bits 5..15; those below are reserved. */
const MEASUREMENT_STATUS: readonly (readonly [bit: number, flag: Flag])[] = [
  [5, 'ongoing'],
  [6, 'early-estimate'],
  [7, 'validated'],
  [8, 'fully-qualified'],
  [9, 'from-storage'],
  [10, 'demonstration'],
  [11, 'test'],
  [12, 'calibrating'],
  [13, 'unavailable'],
  [14, 'questionable'],
  [15, 'invalid'],
];

/** 3.1.1.6: Device and Sensor Status bits 0..15, by the names that HL7 PHD has for MDC_PULS_OXIM_DEV_STATUS; those above are reserved. */
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

export const STATUS_BITS = {
  fullyQualified: 1 << 8,
  fromStorage: 1 << 9,
  sensorUnconnectedToUser: 1 << 11,
} as const;

export function continuousBytes(frame: Continuous): Uint8Array {
  const { fast, slow, status, deviceStatus, pai } = frame;
  const flags =
    (fast ? 1 : 0) |
    (slow ? 2 : 0) |
    (status !== undefined ? 4 : 0) |
    (deviceStatus !== undefined ? 8 : 0) |
    (pai !== undefined ? 16 : 0);
  return Uint8Array.from([
    flags,
    ...[frame.spo2, frame.pulse, ...(fast ?? []), ...(slow ?? [])].flatMap(sfloatBytes),
    ...statusBytes(frame),
  ]);
}

export function spotCheckBytes(frame: SpotCheck): Uint8Array {
  const { at, status, deviceStatus, pai, clockNotSet } = frame;
  const flags =
    (at !== undefined ? 1 : 0) |
    (status !== undefined ? 2 : 0) |
    (deviceStatus !== undefined ? 4 : 0) |
    (pai !== undefined ? 8 : 0) |
    (clockNotSet ? 16 : 0);
  return Uint8Array.from([
    flags,
    ...sfloatBytes(frame.spo2),
    ...sfloatBytes(frame.pulse),
    ...(at !== undefined ? dateTimeBytes(at) : []),
    ...statusBytes(frame),
  ]);
}

function statusBytes({ status, deviceStatus, pai }: Saturation): readonly number[] {
  return [
    ...(status !== undefined ? u16(status) : []),
    ...(deviceStatus !== undefined ? u24(deviceStatus) : []),
    ...(pai !== undefined ? sfloatBytes(pai) : []),
  ];
}

/** What the device means, in the order sent. */
export function saturationMeans(frame: Continuous | SpotCheck): readonly Measurement[] {
  const facts = factsOf(frame);
  const flags = MEASUREMENT_STATUS.filter(([bit]) => isSet(frame.status, bit)).map(([, flag]) => flag);
  const told = flags.length > 0 ? { ...facts, flags } : facts;
  const reason = whyAbsent(frame);
  const means: Measurement[] = [
    { metric: 'MDC_PULS_OXIM_SAT_O2', ...told, ...(reason ? { absent: reason } : sfloatMeans(frame.spo2)) },
    { metric: 'MDC_PULS_OXIM_PULS_RATE', ...told, ...(reason ? { absent: reason } : sfloatMeans(frame.pulse)) },
  ];
  if (frame.deviceStatus !== undefined) {
    const bits = DEVICE_STATUS.filter((_, bit) => isSet(frame.deviceStatus, bit));
    means.push({ metric: 'MDC_PULS_OXIM_DEV_STATUS', ...told, bits, raw: frame.deviceStatus });
  }
  if (frame.pai !== undefined)
    means.push({ metric: 'MDC_PULS_OXIM_PERF_REL', ...told, ...perfusion(frame.pai, reason) });
  return means;
}

/** The hub's perfusion is a part of one, the device's index is a percentage: the point moves, no digit does. */
function perfusion(pai: SFloat, reason: AbsentReason | undefined) {
  if (reason) return { absent: reason };
  const observed = sfloatMeans(pai, -2);
  if (typeof pai === 'string') return observed;
  return { ...observed, asTold: { value: scaled(pai.mantissa, pai.exponent), unit: '%' } };
}

function factsOf(frame: Continuous | SpotCheck): Pick<MeasurementFacts, 'deviceTime' | 'clock'> {
  if (!('at' in frame || 'clockNotSet' in frame)) return {};
  return {
    ...(frame.at !== undefined && frame.at !== UNKNOWN_TIME && { deviceTime: frame.at }),
    ...(frame.clockNotSet && { clock: 'not-set' as const }),
  };
}

/**
 * Only a sensor that is not on the patient, or not there, leaves no number; a displaced or doubtful one still sends what it sees,
 * and its status goes with it. Somebody else's data outrank everything: they say nothing of this patient.
 */
function whyAbsent({ status, deviceStatus }: Saturation): AbsentReason | undefined {
  if ([10, 11, 12].some((bit) => isSet(status, bit))) return 'not-of-patient';
  if (isSet(deviceStatus, 15)) return 'sensor-fault';
  if (isSet(deviceStatus, 11)) return 'sensor-off';
  if ([13, 15].some((bit) => isSet(status, bit))) return 'invalid';
  return undefined;
}

function isSet(word: number | undefined, bit: number): boolean {
  return (((word ?? 0) >> bit) & 1) === 1;
}
