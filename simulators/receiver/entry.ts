/** What a hub publishes under `up/`, as docs/contract.md of hjemmebro has it; nothing here knows the hub's own code. */

/** `v` is the version of this shape, `seq` is contiguous per hub, `id` is identity for ever. */
export type Entry = {
  readonly [K in EntryKind]: {
    readonly v: 1;
    readonly hub: string;
    readonly seq: number;
    readonly id: string;
    readonly kind: K;
    /** When the hub wrote it, by its own clock. */
    readonly at: string;
    readonly body: Bodies[K];
  };
}[EntryKind];

export const ENTRY_KINDS = ['reading', 'waveform', 'alert', 'gap', 'event'] as const;
export type EntryKind = (typeof ENTRY_KINDS)[number];

export interface Bodies {
  readonly reading: Reading;
  readonly waveform: Reading;
  readonly alert: Alert;
  readonly gap: Gap;
  readonly event: HubEvent;
}

/** One of `value`, `absent`, `code`, `bits`, `text` and `samples` is there. */
export interface Reading {
  readonly device: string;
  readonly driver: string;
  readonly metric: string;
  readonly mdc: number;
  readonly unit?: string;
  /** Decimal string; every digit is the device's. */
  readonly value?: string;
  /** Why there is no number. */
  readonly absent?: string;
  readonly code?: string;
  readonly bits?: readonly string[];
  readonly raw?: number;
  readonly text?: string;
  readonly samples?: readonly (string | null)[];
  readonly periodMs?: number;
  readonly deviceTime?: string;
  readonly clock?: string;
  readonly sequence?: number;
  readonly durationMs?: number;
  readonly user?: number;
  readonly flags?: readonly string[];
  readonly effective: Effective;
  readonly received: Received;
}

/** When it was true of the patient. */
export interface Effective {
  readonly at: string;
  readonly from: 'device' | 'hub';
  readonly uncertaintyMs: number;
}

/** When the hub took it. */
export interface Received {
  readonly wall: string;
  readonly monotonicMs: number;
  readonly boot: string;
  readonly clock: 'synced' | 'holdover' | 'unsynced';
  readonly uncertaintyMs: number;
}

export interface Alert {
  /** One id through all phases. */
  readonly alert: string;
  /** `start` first, `end` last. */
  readonly phase: string;
  readonly rule: string;
  readonly plan: string;
  readonly type: 'physiological' | 'technical';
  readonly priority: 'low' | 'medium' | 'high';
  readonly zone: 'green' | 'yellow' | 'red';
  readonly event: number;
  readonly device?: string;
  readonly metric?: string;
  readonly value?: string;
  readonly limit?: string;
  readonly text: string;
  readonly because?: string;
}

/** With `to`: numbers that will never arrive. With `until`: a stretch of time in which nothing came from `device`. */
export interface Gap {
  /** An open list: a receiver must live with causes it does not know. */
  readonly cause: string;
  readonly device?: string;
  readonly from?: number;
  readonly to?: number;
  readonly since?: string;
  readonly until?: string;
  readonly count?: number;
  readonly detail?: string;
  readonly summaries?: readonly unknown[];
}

export interface HubEvent {
  readonly name: string;
  readonly device?: string;
  readonly cause?: string;
  readonly count?: number;
  /** With `clock-corrected`. */
  readonly correction?: ClockCorrection;
  /** With `device-clock`. */
  readonly deviceClock?: unknown;
}

export interface ClockCorrection {
  readonly boot: string;
  readonly from: number;
  readonly to: number;
  /** Received later, on the monotonic clock of that boot, it was written under a clock that was right. */
  readonly untilMonotonicMs: number;
  readonly addMs: number;
  readonly uncertaintyMs: number;
}
