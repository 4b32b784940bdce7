/** The care level: one computed answer to "is anybody watching this patient, and how late?" (design.md, section 4). */

export type CareLevelName = 'monitored' | 'delayed' | 'local-only' | 'not-monitored';

/** Why the level is what it is; 'none' only with 'monitored'. */
export type CareCause =
  | 'none'
  /** Readings cannot be written down: the rules see them, the hospital does not, and a power cut would take them. */
  | 'journal-not-writable'
  /** There is room for alerts only; readings wait in memory. */
  | 'journal-full'
  | 'rules-stopped'
  | 'no-devices'
  /** A required device has not been heard since the hub started. */
  | 'device-not-heard'
  /** A required device is connected, and has not said anything for too long. */
  | 'device-silent'
  /** A required device is not connected, and has not said anything for too long. */
  | 'device-away'
  /** No connection to the hospital. */
  | 'uplink-down'
  /** Connected, and the hospital application has not receipted for too long. */
  | 'no-receipts'
  /** Connected, receipts come, and what is sent is older than it should be. */
  | 'backlog';

export interface DeviceFacts {
  readonly id: string;
  /** Whether the patient counts as monitored only while this device delivers. */
  readonly required: boolean;
  /** When its newest reading was taken. */
  readonly lastReadingMs?: number;
  /** Whether its link is up. Says why it is quiet; being away is no fault in itself (a scale mostly is). */
  readonly presence: 'present' | 'absent';
  /** How long a required device may be quiet (default SILENT_AFTER_MS); from the plan's silence rule where it has one. */
  readonly silentAfterMs?: number;
}

/** All moments are of one clock, in milliseconds. */
export interface CareFacts {
  readonly nowMs: number;
  readonly uplinkConnected: boolean;
  /** Since when there is no connection; absent where there never was one. */
  readonly disconnectedSinceMs?: number;
  /** When the oldest entry that the hospital has not receipted was written; absent when all are. */
  readonly oldestUnreceiptedMs?: number;
  /** When the last receipt came. */
  readonly lastReceiptMs?: number;
  readonly devices: readonly DeviceFacts[];
  /** 'none' when everything is written down. */
  readonly journalTrouble: 'none' | 'journal-not-writable' | 'journal-full';
  readonly rulesRunning: boolean;
}

export interface CareLevel {
  readonly level: CareLevelName;
  readonly cause: CareCause;
  /** The required device that is missing. */
  readonly device?: string;
  /** Age of the newest reading of any device; absent when there is none. */
  readonly newestDataAgeMs?: number;
}

/** What is published and shown: the level and since when it has been this one. */
export interface CareState extends CareLevel {
  readonly sinceMs: number;
}

/** A required device reports more often than this while in use; long enough for a patient to walk out of range and back. */
export const SILENT_AFTER_MS = 5 * 60_000;
/** A lost connection is 'delayed' this long (a router restarts within it) and 'local-only' after. */
export const UNREACHABLE_AFTER_MS = 60_000;
/** Receipts are expected within seconds; later than this, what the hospital sees is not the present. */
export const DELAYED_AFTER_MS = 30_000;
/** Connected, with something waiting and without a receipt for this long: nobody at the other end reads what arrives. */
export const UNRECEIPTED_AFTER_MS = 10 * 60_000;

/** Pure. The gravest finding decides; among equals the one a technician should look at first. */
export function careLevel(facts: CareFacts): CareLevel {
  const newest = Math.max(...facts.devices.map((device) => device.lastReadingMs ?? Number.NEGATIVE_INFINITY));
  const age = Number.isFinite(newest) ? { newestDataAgeMs: since(newest, facts.nowMs) } : {};
  return { ...(unmonitored(facts) ?? unsent(facts) ?? { level: 'monitored', cause: 'none' }), ...age };
}

/** `since` stays while the level stays, also when its cause changes. */
export function follow(previous: CareState | undefined, facts: CareFacts): CareState {
  const now = careLevel(facts);
  return { ...now, sinceMs: previous?.level === now.level ? previous.sinceMs : facts.nowMs };
}

function unmonitored({ nowMs, devices, rulesRunning }: CareFacts): CareLevel | undefined {
  const level = 'not-monitored';
  if (!rulesRunning) return { level, cause: 'rules-stopped' };
  if (devices.length === 0) return { level, cause: 'no-devices' };
  for (const { id, required, lastReadingMs, presence, silentAfterMs = SILENT_AFTER_MS } of devices) {
    if (!required) continue;
    if (lastReadingMs === undefined) return { level, cause: 'device-not-heard', device: id };
    if (since(lastReadingMs, nowMs) < silentAfterMs) continue;
    return { level, cause: presence === 'present' ? 'device-silent' : 'device-away', device: id };
  }
  return undefined;
}

function unsent(facts: CareFacts): CareLevel | undefined {
  const { nowMs, journalTrouble, uplinkConnected, disconnectedSinceMs, oldestUnreceiptedMs, lastReceiptMs } = facts;
  // The rules go on with what is in memory, but nothing leaves the hub that was not written first.
  if (journalTrouble !== 'none') return { level: 'local-only', cause: journalTrouble };
  if (!uplinkConnected) {
    const lately = disconnectedSinceMs !== undefined && since(disconnectedSinceMs, nowMs) < UNREACHABLE_AFTER_MS;
    return { level: lately ? 'delayed' : 'local-only', cause: 'uplink-down' };
  }
  if (oldestUnreceiptedMs === undefined) return undefined;
  // A backlog of hours that is being drained is late; one that nobody takes is not on its way at all.
  const unansweredMs = since(Math.max(oldestUnreceiptedMs, lastReceiptMs ?? oldestUnreceiptedMs), nowMs);
  if (unansweredMs >= UNRECEIPTED_AFTER_MS) return { level: 'local-only', cause: 'no-receipts' };
  if (since(oldestUnreceiptedMs, nowMs) >= DELAYED_AFTER_MS) return { level: 'delayed', cause: 'backlog' };
  return undefined;
}

/** A clock that was set back must not give negative ages. */
function since(thenMs: number, nowMs: number): number {
  return Math.max(0, nowMs - thenMs);
}
