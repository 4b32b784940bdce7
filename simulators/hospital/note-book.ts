/** What the simulated hospital remembers of one hub beside the receiver's account: the last entries, alerts, and what was said outside the journal. */
import type { Entry } from '../../agent/reading/entry.ts';

/** A JSON object as the hub published it. */
export type Told = Readonly<Record<string, unknown>>;

export interface NoteBook {
  /** An entry that was not here before. */
  enter(entry: Entry): void;
  /** A message under `up/` that is no entry; what is not a JSON object is left aside. */
  note(topic: string, name: string, payload: Uint8Array): void;
  lastOf(device: string): readonly Entry[];
  told(): {
    readonly alerts: readonly Entry[];
    readonly state: Told | undefined;
    readonly health: Told | undefined;
    readonly devices: Readonly<Record<string, Told>>;
    readonly replies: readonly Told[];
  };
}

const MOST_ALERTS = 10_000;
const MOST_REPLIES = 100;
/** Devices remembered; what others say is counted by the receiver only. */
const MOST_DEVICES = 100;

export function openNoteBook(keepPerDevice: number): NoteBook {
  const kept = new Map<string, Entry[]>();
  const alerts: Entry[] = [];
  const replies: Told[] = [];
  const devices = new Map<string, Told>();
  let state: Told | undefined;
  let health: Told | undefined;

  return {
    enter: (entry) => {
      const device = entry.body.device ?? '';
      const list = kept.get(device) ?? [];
      if (kept.has(device) || kept.size < MOST_DEVICES) kept.set(device, list);
      keepLast(list, entry, keepPerDevice);
      if (entry.kind === 'alert') keepLast(alerts, entry, MOST_ALERTS);
    },
    note: (topic, name, payload) => {
      const value = objectIn(payload);
      if (value === undefined) return;
      if (topic === 'state') state = value;
      if (topic === 'health') health = value;
      if (topic === 'device' && (devices.has(name) || devices.size < MOST_DEVICES)) devices.set(name, value);
      if (topic === 'reply') keepLast(replies, value, MOST_REPLIES);
    },
    lastOf: (device) => [...(kept.get(device) ?? [])],
    told: () => ({
      alerts: [...alerts],
      state,
      health,
      devices: Object.fromEntries(devices),
      replies: [...replies],
    }),
  };
}

function objectIn(payload: Uint8Array): Told | undefined {
  try {
    const value: unknown = JSON.parse(new TextDecoder().decode(payload));
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Told) : undefined;
  } catch {
    return undefined;
  }
}

function keepLast<T>(list: T[], item: T, most: number): void {
  list.push(item);
  if (list.length > most) list.shift();
}
