/** What the journal holds. The JSON of an entry is stored as it is published: one text from disk to hospital. */
import type { MetricName } from '../vocabulary/metrics.ts';
import type { Measurement } from './measurement.ts';

/** How far the hub's wall clock can be trusted (invariant 10). */
export type ClockState = 'synced' | 'holdover' | 'unsynced';

/** When the hub took a frame. */
export interface Received {
  /** Hub wall clock, RFC 3339 with milliseconds, UTC. */
  readonly wall: string;
  /** Milliseconds since boot, monotonic. */
  readonly monotonicMs: number;
  /** Identifies the boot that `monotonicMs` counts from. */
  readonly boot: string;
  readonly clock: ClockState;
  readonly uncertaintyMs: number;
}

/** When it was true of the patient: device time mapped to the hub's timeline, or the time of reception. */
export interface Effective {
  /** RFC 3339, UTC. */
  readonly at: string;
  readonly from: 'device' | 'hub';
  readonly uncertaintyMs: number;
}

/** A measurement plus device and times. */
export type Reading<M extends MetricName = MetricName> = Measurement<M> & {
  readonly device: string;
  readonly driver: string;
  /** MDC code, partition x 65536 + term. */
  readonly mdc: number;
  /** UCUM. Absent for metrics that are not numbers. */
  readonly unit?: string;
  readonly effective: Effective;
  readonly received: Received;
};

/** Why something is missing, as far as the hub knows. */
export type GapCause =
  /** The device ended the contact itself, or does not answer. */
  | 'device-off'
  | 'out-of-range'
  /** The hub's radio or port failed, or the security of the connection. */
  | 'link-fault'
  /** The hub was without power, or its agent did not run. */
  | 'hub-down'
  /** The sensor was not on the patient. */
  | 'sensor-off'
  /** There are readings, and nobody will ever know when exactly they were taken. */
  | 'clock-unknown'
  /** Removed to make room, by the written policy (docs/durability.md). */
  | 'evicted'
  | 'store-corrupt'
  /** More came than could be kept. */
  | 'overrun'
  /** The broker or the hospital will not take it; it lies in the journal and can be asked for. */
  | 'undeliverable'
  | 'planned-pause';

export interface Gap {
  readonly cause: GapCause;
  /** The device whose readings are missing; without it, the hub's own entries. */
  readonly device?: string;
  /** Sequence numbers that will never arrive, inclusive. `from` is absent where the hub no longer knows it: everything the hospital lacks up to `to`. */
  readonly from?: number;
  readonly to?: number;
  /** The stretch of time in which readings are missing, RFC 3339 by the hub's clock; `since` is absent where it is not known. */
  readonly since?: string;
  readonly until?: string;
  readonly count?: number;
  readonly detail?: string;
  /** What is left of evicted readings. */
  readonly summaries?: readonly Summary[];
}

/** What many readings of one device and metric came to: numbers as min, max and mean, repetitions of a code as that code. */
export interface Summary {
  readonly device: string;
  readonly metric: MetricName;
  /** Effective times of the first and the last. */
  readonly since: string;
  readonly until: string;
  /** Readings (or samples) with a value, and without. */
  readonly count: number;
  readonly absent: number;
  readonly unit?: string;
  /** Smallest and largest with their digits as told; the mean has one decimal more than any of them. */
  readonly min?: string;
  readonly max?: string;
  readonly mean?: string;
  /** What all of them said. */
  readonly code?: string;
}

export type Zone = 'green' | 'yellow' | 'red';
/** IEC 60601-1-8 priorities. */
export type Priority = 'low' | 'medium' | 'high';
/** IHE ACM phases (PCD-04, MDC_ATTR_EVENT_PHASE 68481). */
export type AlertPhase = 'start' | 'update' | 'escalate' | 'deescalate' | 'continue' | 'end';

export interface Alert {
  /** Constant through all phases of one alert condition. */
  readonly alert: string;
  readonly phase: AlertPhase;
  readonly rule: string;
  readonly plan: string;
  readonly type: 'physiological' | 'technical';
  readonly priority: Priority;
  readonly zone: Zone;
  /** MDC event code (partition 3). */
  readonly event: number;
  readonly device?: string;
  readonly metric?: MetricName;
  /** The value that decided, digits kept; the limit it was held against. */
  readonly value?: string;
  readonly limit?: string;
  /** In plain words, without patient data beyond the value. */
  readonly text: string;
  /** Journal entry that decided. */
  readonly because?: string;
}

/** Something that happened on the hub and that somebody may have to act on; never clinical. */
export interface HubEvent {
  readonly name: string;
  readonly device?: string;
  readonly cause?: string;
  readonly count?: number;
  /** With 'clock-corrected'. */
  readonly correction?: ClockCorrection;
  /** With 'device-clock'. */
  readonly deviceClock?: DeviceClock;
}

/** The hub has learned what time it really was when it wrote these entries. They stay as they are, ids too (invariant 10). */
export interface ClockCorrection {
  /** The boot they were written in. */
  readonly boot: string;
  /** Sequence numbers, inclusive. */
  readonly from: number;
  readonly to: number;
  /** Entries with a later `received.monotonicMs` were dated by the new setting already. */
  readonly untilMonotonicMs: number;
  /** Milliseconds to add to `at` and `received.wall`, and to `effective.at` where `effective.from` is 'hub'. */
  readonly addMs: number;
  /** Error bound of the times so corrected. */
  readonly uncertaintyMs: number;
}

/** What a device's clock showed when the hub looked. */
export interface DeviceClock {
  /** As the device told it: local, without zone. Absent when it says that it was never set. */
  readonly shows?: string;
  /** Hub minus device, milliseconds: what is added to the times this device tells. */
  readonly offsetMs?: number;
  readonly uncertaintyMs?: number;
  /** What the hub did about it, judged by reading the clock again. */
  readonly action: 'none' | 'set' | 'set-refused' | 'set-without-effect';
}

export interface Bodies {
  readonly reading: Reading;
  readonly waveform: Reading;
  readonly alert: Alert;
  readonly gap: Gap;
  readonly event: HubEvent;
}
export type EntryKind = keyof Bodies;

/** What is written, without what the journal adds. */
export type Content = {
  [K in EntryKind]: { readonly id: string; readonly kind: K; readonly at: string; readonly body: Bodies[K] };
}[EntryKind];

/** What is handed to the journal; it adds `v`, `hub` and `seq`. */
export type Draft = Content & {
  /** Its id was made from this very moment and cannot have been written before: the journal need not look. */
  readonly fresh?: true;
  /** One of a continuous series: the first to be thinned when room runs out (docs/durability.md). */
  readonly series?: true;
};

/** `v` is the version of this shape; `seq` is contiguous per hub; `id` is stable for ever. */
export type Entry = Content & { readonly v: 1; readonly hub: string; readonly seq: number };
