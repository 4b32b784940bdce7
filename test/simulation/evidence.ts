/** What is known from outside the hub: what devices said and were promised, what reached the disk, what left, what was receipted. */
import type { Pair } from '../../agent/journal/medium.ts';
import { include, type Ranges } from '../../agent/journal/ranges.ts';
import type { Entry, Gap } from '../../agent/reading/entry.ts';
import type { Measurement } from '../../agent/reading/measurement.ts';
import { unreachable } from '../../agent/reading/unreachable.ts';
import type { Message } from '../../agent/uplink/mqtt-client.ts';
import type { DiskWatcher } from './disk.ts';
import type { Moment } from './radio.ts';
import { type RulesOnDisk, readRules } from './rules-on-disk.ts';
import type { DeviceWatcher, Taken } from './scale.ts';
import type { Trace } from './trace.ts';

/** An entry that was on the disk at some time. */
export interface Durable {
  readonly entry: Entry;
  readonly text: string;
  isOnDisk: boolean;
  /** The medium lost it. */
  isDestroyed: boolean;
}

/** A device was told that something is kept. */
export interface Promised {
  readonly key: string;
  /** Entries on the disk that hold it, then; and promises made for it so far. */
  readonly durable: number;
  readonly promises: number;
}

export interface Sent {
  readonly topic: string;
  readonly seq: number | undefined;
  readonly isAsWritten: boolean;
  readonly inFlight: number;
  readonly receiveMaximum: number;
}

/** The hub removed an entry from its disk. */
export interface Removed {
  readonly seq: number;
  readonly isReceipted: boolean;
  readonly isExplained: boolean;
}

/** A batch with entries, or with the state of the rules. */
export interface Landing {
  readonly entries: readonly Entry[];
  /** Newest number ever used before it. */
  readonly headBefore: number;
  readonly rules: RulesOnDisk | undefined;
}

export interface Heard {
  readonly device: string;
  readonly trueMs: number;
  /** Of the patient, and not only that there are none. */
  readonly hasValues: boolean;
}

/** What happened since the last look. */
export interface Fresh {
  readonly promised: Promised[];
  readonly sent: Sent[];
  readonly removed: Removed[];
  readonly landings: Landing[];
  readonly contradictions: string[];
}

export interface Evidence extends DiskWatcher, DeviceWatcher {
  readonly durable: ReadonlyMap<number, Durable>;
  /** Newest number ever on the disk. */
  readonly head: number;
  /** By what a reading says: how often a device measured it, and which entries hold it. */
  readonly measured: ReadonlyMap<string, { readonly taken: Taken; count: number }>;
  readonly entriesOf: ReadonlyMap<string, readonly number[]>;
  readonly promises: ReadonlyMap<string, number>;
  /** When the hub got something of a device, true time, oldest first. */
  readonly heard: readonly Heard[];
  /** Numbers that a gap entry on the disk accounts for, however it ended there. */
  explained(): Ranges;
  /** Numbers for which the hub got the hospital's receipt. */
  receipted(): Ranges;
  /** The store was lost, in part or as a whole. */
  readonly wasDestroyed: boolean;
  /** A kept value or an index was lost. */
  readonly wasForgetful: boolean;
  sent(message: Message, inFlight: number, receiveMaximum: number): void;
  receiptArrived(payload: Uint8Array): void;
  /** And begins anew. */
  takeFresh(): Fresh;
}

const SEAL_BYTES = 8;

export function openEvidence(nowMs: () => number, trace: Trace): Evidence {
  const durable = new Map<number, Durable>();
  const measured = new Map<string, { readonly taken: Taken; count: number }>();
  const entriesOf = new Map<string, number[]>();
  const promises = new Map<string, number>();
  const heard: Heard[] = [];
  let explained: Ranges = [];
  let receipted: Ranges = [];
  let fresh = nothing();
  let head = 0;
  let wasDestroyed = false;
  let wasForgetful = false;

  function has(ranges: Ranges, seq: number): boolean {
    return ranges.some(([from, to]) => from <= seq && seq <= to);
  }

  function write(seq: number, text: string): Entry {
    const entry = JSON.parse(text) as Entry;
    const before = durable.get(seq);
    if (before && before.text !== text)
      fresh.contradictions.push(`number ${seq} was ${before.entry.id} and is ${entry.id}`);
    durable.set(seq, { entry, text, isOnDisk: true, isDestroyed: false });
    head = Math.max(head, seq);
    trace.tally(wordsOf(entry));
    const { body } = entry;
    if (entry.kind === 'gap') explain(entry.body);
    if ('effective' in body && !before) {
      const key = keyOf(body.device, body, body.received);
      entriesOf.set(key, [...(entriesOf.get(key) ?? []), seq]);
    }
    return entry;
  }

  function explain({ from = 1, to }: Gap): void {
    if (to !== undefined) explained = include(explained, from, to);
  }

  function remove(seq: number): void {
    const one = durable.get(seq);
    if (!one?.isOnDisk) return;
    one.isOnDisk = false;
    fresh.removed.push({ seq, isReceipted: has(receipted, seq), isExplained: has(explained, seq) });
  }

  return {
    durable,
    get head() {
      return head;
    },
    measured,
    entriesOf,
    promises,
    heard,
    explained: () => explained,
    receipted: () => receipted,
    get wasDestroyed() {
      return wasDestroyed;
    },
    get wasForgetful() {
      return wasForgetful;
    },
    landed: (pairs: readonly Pair[]) => {
      const headBefore = head;
      const entries: Entry[] = [];
      let rules: RulesOnDisk | undefined;
      const removed: number[] = [];
      for (const [key, value] of pairs) {
        if (key.startsWith('e') && value) entries.push(write(numberOf(key), contentOf(value)));
        else if (key.startsWith('e')) removed.push(numberOf(key));
        else if (key === 'krules' && value) rules = readRules(contentOf(value));
      }
      for (const seq of removed) remove(seq);
      if (entries.length > 0 || rules) fresh.landings.push({ entries, headBefore, rules });
    },
    destroyed: (keys) => {
      wasDestroyed = true;
      for (const key of keys) {
        if (!key.startsWith('e')) wasForgetful = true;
        const one = key.startsWith('e') ? durable.get(numberOf(key)) : undefined;
        if (!one) continue;
        one.isOnDisk = false;
        one.isDestroyed = true;
      }
    },
    taken: (taken) => count(measured, taken, keyOf(taken.device, taken.measurement)),
    delivered: (taken, at) => {
      const [first] = taken;
      const hasValues = taken.some(({ measurement }) => !('absent' in measurement));
      if (first) heard.push({ device: first.device, trueMs: nowMs(), hasValues });
      for (const one of taken)
        if (one.measurement.deviceTime === undefined) count(measured, one, keyOf(one.device, one.measurement, at));
    },
    kept: (taken, at) => {
      for (const { device, measurement } of taken) {
        const key = keyOf(device, measurement, at);
        const made = measurement.deviceTime === undefined ? (promises.get(key) ?? 0) + 1 : 1;
        promises.set(key, made);
        fresh.promised.push({ key, durable: entriesOf.get(key)?.length ?? 0, promises: made });
      }
    },
    sent: ({ topic, payload, userProperties = [] }, inFlight, receiveMaximum) => {
      const text = typeof payload === 'string' ? payload : Buffer.from(payload).toString();
      const at = userProperties.indexOf('seq');
      const seq = at >= 0 ? Number(userProperties[at + 1]) : undefined;
      const isAsWritten = seq === undefined || durable.get(seq)?.text === text;
      fresh.sent.push({ topic, seq, isAsWritten, inFlight, receiveMaximum });
    },
    receiptArrived: (payload) => {
      const { upTo = 0, ranges = [] } = JSON.parse(Buffer.from(payload).toString()) as {
        readonly upTo?: number;
        readonly ranges?: Ranges;
      };
      if (upTo > 0) receipted = include(receipted, 1, upTo);
      for (const [from, to] of ranges) receipted = include(receipted, from, to);
    },
    takeFresh: () => {
      const seen = fresh;
      fresh = nothing();
      return seen;
    },
  };
}

function wordsOf(entry: Entry): string {
  switch (entry.kind) {
    case 'alert':
      return `alert ${entry.body.rule} ${entry.body.phase}`;
    case 'gap':
      return `gap ${entry.body.cause}`;
    case 'event':
      return `event ${entry.body.name}`;
    case 'reading':
    case 'waveform':
      return `${entry.kind} of ${entry.body.device}`;
    default:
      return unreachable(entry);
  }
}

function nothing(): Fresh {
  return { promised: [], sent: [], removed: [], landings: [], contradictions: [] };
}

function count(map: Map<string, { readonly taken: Taken; count: number }>, taken: Taken, key: string): void {
  const known = map.get(key);
  if (known) known.count += 1;
  else map.set(key, { taken, count: 1 });
}

function numberOf(key: string): number {
  return Number(key.slice(1));
}

function contentOf(value: Buffer): string {
  return value.toString('utf8', SEAL_BYTES);
}

/** What a device said, in its own words; where it told no time, the moment at which the hub got it takes that place. */
export function keyOf(device: string, measurement: Measurement, at?: Moment): string {
  const when = measurement.deviceTime ?? (at ? `${at.boot}/${at.monotonicMs}` : '');
  return `${device} ${measurement.metric} ${when} ${said(measurement)}`;
}

function said(measurement: Measurement): string {
  if ('value' in measurement) return measurement.value;
  if ('absent' in measurement) return `no value: ${measurement.absent}`;
  if ('code' in measurement) return measurement.code;
  if ('bits' in measurement) return String(measurement.raw);
  return 'text' in measurement ? measurement.text : 'samples';
}
