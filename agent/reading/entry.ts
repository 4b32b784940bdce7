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
  | 'device-off'
  | 'out-of-range'
  | 'hub-down'
  | 'sensor-off'
  | 'clock-unknown'
  | 'evicted'
  | 'store-corrupt'
  | 'overrun'
  | 'planned-pause';

export interface Gap {
  readonly cause: GapCause;
  /** The device whose readings are missing; without it, the hub's own entries. */
  readonly device?: string;
  /** Sequence numbers that will never arrive, inclusive. `from` is absent where the hub no longer knows it: everything the hospital lacks up to `to`. */
  readonly from?: number;
  readonly to?: number;
  readonly count?: number;
  readonly detail?: string;
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
}

export interface Bodies {
  readonly reading: Reading;
  readonly waveform: Reading;
  readonly alert: Alert;
  readonly gap: Gap;
  readonly event: HubEvent;
}
export type EntryKind = keyof Bodies;

/** What is handed to the journal; it adds `v`, `hub` and `seq`. */
export type Draft = {
  [K in EntryKind]: { readonly id: string; readonly kind: K; readonly at: string; readonly body: Bodies[K] };
}[EntryKind];

/** `v` is the version of this shape; `seq` is contiguous per hub; `id` is stable for ever. */
export type Entry = Draft & { readonly v: 1; readonly hub: string; readonly seq: number };
