/** The simulated hospital: a real subscriber around the reference receiver, which remembers what every hub said. */
import type { Entry } from '../../agent/reading/entry.ts';
import type { World } from '../../agent/world.ts';
import {
  type ByDevice,
  downOf,
  memoryStore,
  openReceivers,
  type Entry as ReceivedEntry,
  type Receiver,
  readTopic,
  type Statement,
  type Store,
  upOf,
} from '../receiver/receiver.ts';
import { type MqttWire, openMqtt } from './mqtt.ts';
import { type NoteBook, openNoteBook, type Told } from './note-book.ts';

export interface HospitalOptions {
  readonly world: World;
  /** URL of the broker. */
  readonly broker: string;
  /** Only this hub; left out, all of them. */
  readonly hub?: string;
  /** Where entries are kept (default: in memory). */
  readonly store?: Store;
  /** Entries remembered per device (default 100); all are counted. */
  readonly keepPerDevice?: number;
  /** How long a hole may stay before its resend is asked for, milliseconds (default 2000). Doubles while it stays. */
  readonly resendAfterMs?: number;
  /** A hospital that stores nothing sends no receipts (default true). */
  readonly receipts?: boolean;
  /** Why an entry can never be stored. */
  reject?(entry: Entry): string | undefined;
  /** Called for each entry, also for copies. */
  onEntry?(entry: Entry, taken: 'new' | 'again'): void;
}

/** The account of a hub, and what it last said outside its journal. */
export interface HubAccount {
  /** All that the receiver can say. */
  readonly statement: Statement;
  /** Different entries. */
  readonly received: number;
  /** Up to here every entry came or was explained by a gap. */
  readonly contiguous: number;
  readonly highest: number;
  /** Sequence numbers neither received nor explained, oldest first; at most 100 ranges. */
  readonly holes: readonly (readonly [from: number, to: number])[];
  readonly missing: number;
  /** Sequence numbers that a gap entry said would never come. */
  readonly explained: number;
  readonly duplicates: number;
  /** Turned away, whether the hub could be told or not. */
  readonly refused: number;
  readonly refusals: readonly string[];
  readonly byDevice: ByDevice;
  /** Every alert entry in the order received; at most 10 000, the oldest go first. */
  readonly alerts: readonly Entry[];
  readonly receiptsSent: number;
  readonly resendsAsked: number;
  /** `up/state`: the care level with its cause, or the will. */
  readonly state: Told | undefined;
  readonly health: Told | undefined;
  /** `up/device/<device>`, by device. */
  readonly devices: Readonly<Record<string, Told>>;
  /** The last 100 answers to commands. */
  readonly replies: readonly Told[];
}

export interface Hospital {
  hubs(): readonly string[];
  /** Undefined for a hub that was never heard. */
  account(hub: string): HubAccount | undefined;
  /** The last entries of a device, oldest first; '' stands for the hub itself. */
  lastOf(hub: string, device: string): readonly Entry[];
  /** Puts a plan in force: retained, the text as it was signed. */
  sendPlan(hub: string, plan: string): Promise<void>;
  /** Returns the command's id, which the reply carries. */
  command(hub: string, name: string, args?: Told): Promise<string>;
  close(): Promise<void>;
}

/** Somebody is watching a demonstration: receipts and requests are prompt. */
const RECEIPT_AFTER_MS = 50;
const RESEND_AFTER_MS = 2_000;

/** Rejects when the broker cannot be reached; later losses are waited out. */
export async function startHospital(options: HospitalOptions): Promise<Hospital> {
  const { world, broker: url, keepPerDevice = 100, reject, onEntry } = options;
  const books = new Map<string, NoteBook>();
  let wire: MqttWire | undefined;

  async function publish(topic: string, text: string, retain = false): Promise<void> {
    if (wire === undefined) throw new Error('the hospital is not connected yet');
    await wire.publish(topic, text, retain);
  }

  const receivers = openReceivers({
    now: world.wallMs,
    after: world.after,
    newId: () => word(world) + word(world),
    say: publish,
    store: options.store ?? memoryStore(),
    receipts: options.receipts ?? true,
    receiptAfterMs: RECEIPT_AFTER_MS,
    resendAfterMs: options.resendAfterMs ?? RESEND_AFTER_MS,
    ...(reject && { reject: (entry) => reject(believed(entry)) }),
    onEntry: (hub, entry, was) => {
      if (was === 'new') bookOf(hub).enter(believed(entry));
      onEntry?.(believed(entry), was);
    },
  });

  /** As many as there are receivers, and those are bounded. */
  function bookOf(hub: string): NoteBook {
    const book = books.get(hub) ?? openNoteBook(keepPerDevice);
    books.set(hub, book);
    return book;
  }

  wire = await openMqtt({
    world,
    url,
    clientId: `hospital-${word(world)}`,
    topics: [upOf(options.hub)],
    onMessage: (topic, payload, properties) => {
      void receivers.take(topic, payload, properties);
      const heard = readTopic(topic);
      if (heard?.what === 'told' && receivers.of(heard.hub)) bookOf(heard.hub).note(heard.topic, heard.name, payload);
    },
    onUp: receivers.up,
  });
  receivers.up(); // entries may have come before the wire could be answered on

  function receiverOf(hub: string): Receiver {
    const receiver = receivers.of(hub);
    if (receiver === undefined) throw new Error('there is no room for one more hub, or this is not the name of one');
    return receiver;
  }

  return {
    hubs: receivers.hubs,
    account: (hub) =>
      receivers.hubs().includes(hub) ? accountOf(receiverOf(hub).statement(), bookOf(hub)) : undefined,
    lastOf: (hub, device) => books.get(hub)?.lastOf(device) ?? [],
    sendPlan: (hub, plan) => publish(downOf(hub, 'plan'), plan, true),
    command: async (hub, name, args = {}) => await receiverOf(hub).command(name, args),
    close: async () => {
      await receivers.close();
      await wire.close();
    },
  };
}

function accountOf(statement: Statement, book: NoteBook): HubAccount {
  const { contiguous, highest, holes, missing, explained, byDevice, counts, refusals } = statement;
  return {
    statement,
    received: counts.entries,
    contiguous,
    highest,
    holes: holes.list.map(({ from, to }) => [from, to]),
    missing,
    explained,
    duplicates: counts.duplicates,
    refused: counts.refused + counts.rejected,
    refusals,
    byDevice,
    receiptsSent: counts.receiptsSent,
    resendsAsked: counts.resendsAsked,
    ...book.told(),
  };
}

/** The receiver knows the contract only; within this repository the names of metrics are known too, and the hub is believed. */
function believed(entry: ReceivedEntry): Entry {
  return entry as Entry;
}

function word(world: World): string {
  return Math.floor(world.random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
}
