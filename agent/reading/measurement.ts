/** What a device said, before anybody adds when it arrived or whose it is. */
import type { MetricName } from '../vocabulary/metrics.ts';
import type { Decimal } from './decimal.ts';

/** Why there is no number. Never zero, never a magic value (invariant 3). */
export type AbsentReason =
  /** FLOAT or SFLOAT NaN: missing or invalid. */
  | 'not-a-number'
  /** NRes: cannot be expressed at this resolution. */
  | 'not-at-this-resolution'
  | 'positive-infinity'
  | 'negative-infinity'
  /** A reserved bit pattern. */
  | 'reserved-value'
  /** Finger out, electrode off, mask off: the sensor is not on the patient. */
  | 'sensor-off'
  /** The sensor or the device says it is broken or disconnected. */
  | 'sensor-fault'
  /** The device shows LO. */
  | 'below-range'
  /** The device shows HI. */
  | 'above-range'
  /** The device tried and failed. */
  | 'unsuccessful'
  /** The device marks its own value invalid or unavailable. */
  | 'invalid'
  /** Demonstration, test or calibration data: not this patient's. */
  | 'not-of-patient'
  /** The device has this field and did not fill it. */
  | 'not-recorded';

/** What the device said about the quality of a value. Source: Bluetooth PLXS 1.0 3.1.1.5, GHSS 1.0 measurement status. */
export type Flag =
  | 'ongoing'
  | 'early-estimate'
  | 'validated'
  | 'fully-qualified'
  | 'from-storage'
  | 'questionable'
  | 'demonstration'
  | 'test'
  | 'calibrating'
  | 'unavailable'
  | 'invalid'
  /** The therapy setting of a device, not something measured on the patient. */
  | 'setting';

/** Exactly one of these is what was observed; tell them apart with `'value' in m` and so on. */
export type Observed =
  /** A number in the metric's one unit. */
  | { readonly value: Decimal }
  | { readonly absent: AbsentReason }
  /** One token of an enumeration, in the field's own spelling ('AL_OCCL', 'pump-status-infusing'). */
  | { readonly code: string }
  /** Names of the bits that are set, and the raw word. */
  | { readonly bits: readonly string[]; readonly raw: number }
  | { readonly text: string }
  /** Equidistant samples in the metric's unit; null where one is absent. */
  | { readonly samples: readonly (Decimal | null)[]; readonly periodMs: number };

export interface MeasurementFacts<M extends MetricName = MetricName> {
  readonly metric: M;
  /** Local wall time as the device told it, without zone: '2024-11-29T23:08:57' (fraction where it has one). Start of `samples` and of `durationMs`. */
  readonly deviceTime?: string;
  /** The device says itself that its clock was never set; `deviceTime` is then not to be trusted. */
  readonly clock?: 'not-set';
  /** Record number in the device's own store. */
  readonly sequence?: number;
  readonly durationMs?: number;
  /** Index in the device's own list of users (0..254), where it says which of the household it took this to be. */
  readonly user?: number;
  readonly flags?: readonly Flag[];
  /** Number and UCUM unit as the device sent them, where we had to convert. */
  readonly asTold?: { readonly value: Decimal; readonly unit: string };
}

export type Measurement<M extends MetricName = MetricName> = MeasurementFacts<M> & Observed;
