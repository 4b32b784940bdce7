/** The simulated hospital: a real subscriber that accounts for every entry of every hub, confirms it, and asks for what is missing. */
import type { Entry } from '../../agent/reading/entry.ts';
import type { World } from '../../agent/world.ts';
import { type Account, openAccount, type Statement } from './account.ts';
import { type Desk, type DeskOptions, openDesk } from './desk.ts';
import { isEntryKind, isRecord, jsonOf } from './entry-check.ts';
import { type MqttWire, openMqtt } from './mqtt.ts';

export interface HospitalOptions {
  readonly world: World;
  /** URL of the broker. */
  readonly broker: string;
  /** Only this hub; left out, all of them. */
  readonly hub?: string;
  /** Entries remembered per device (default 100); all are counted. */
  readonly keepPerDevice?: number;
  /** How long a hole may stay before its resend is asked for, milliseconds (default 2000). Doubles while it stays. */
  readonly resendAfterMs?: number;
  /** A hospital that stores nothing sends no receipts (default true). */
  readonly receipts?: boolean;
  /** Called for each entry, also for copies. */
  onEntry?(entry: Entry, taken: 'new' | 'again'): void;
}

/** A JSON object as the hub published it. */
type Told = Readonly<Record<string, unknown>>;

/** The account of a hub, and what it last said outside its journal. */
export interface HubAccount extends Statement {
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

interface Hub {
  readonly account: Account;
  readonly desk: Desk;
  readonly told: { state?: Told; health?: Told; readonly devices: Record<string, Told>; readonly replies: Told[] };
}

const ROOT = 'hjemmebro/v1';
const MOST_REPLIES = 100;
const MOST_DEVICES = 100;
const MOST_HUBS = 10_000;

/** Rejects when the broker cannot be reached; later losses are waited out. */
export async function startHospital(options: HospitalOptions): Promise<Hospital> {
  const { world, broker: url } = options;
  const hubs = new Map<string, Hub>();
  let wire: MqttWire | undefined;

  function say(hub: string, topic: string, json: string, retain = false): Promise<void> {
    if (wire === undefined) return Promise.reject(new Error('the hospital is not connected yet'));
    return wire.publish(`${ROOT}/${hub}/down/${topic}`, json, retain);
  }

  /** Undefined past the bound of hubs: such a hub gets no receipts and so keeps what it has. */
  function hubOf(name: string): Hub | undefined {
    const found = hubs.get(name);
    if (found !== undefined || hubs.size >= MOST_HUBS) return found;
    const hub = openHub(options, name, (topic, json) => say(name, topic, json));
    hubs.set(name, hub);
    return hub;
  }

  function onMessage(topic: string, payload: Uint8Array): void {
    const [name = '', , what = '', ...rest] = topic.slice(ROOT.length + 1).split('/');
    const hub = hubOf(name);
    if (hub === undefined) return;
    const text = new TextDecoder().decode(payload);
    if (!isEntryKind(what)) {
      note(hub.told, what, rest.join('/'), text);
      return;
    }
    const taken = hub.account.take(what, text);
    if (taken.taken === 'refused') return;
    hub.desk.heard();
    options.onEntry?.(taken.entry, taken.taken);
  }

  const reconcile = (): void => {
    for (const hub of hubs.values()) hub.desk.up();
  };

  wire = await openMqtt({
    world,
    url,
    clientId: `hospital-${Math.floor(world.random() * 2 ** 32).toString(16)}`,
    topics: [`${ROOT}/${options.hub ?? '+'}/up/#`],
    onMessage,
    onUp: reconcile,
  });
  reconcile(); // entries may have come before the wire could be answered on

  return {
    hubs: () => [...hubs.keys()],
    account: (name) => accountOf(hubs.get(name)),
    lastOf: (name, device) => hubs.get(name)?.account.lastOf(device) ?? [],
    sendPlan: (name, plan) => say(name, 'plan', plan, true),
    command: async (name, command, args = {}) => {
      const hub = hubOf(name);
      if (hub === undefined) throw new Error(`more than ${MOST_HUBS} hubs`);
      return await hub.desk.command(command, args);
    },
    close: async () => {
      for (const hub of hubs.values()) hub.desk.close();
      await wire.close();
    },
  };
}

function openHub(options: HospitalOptions, name: string, say: DeskOptions['say']): Hub {
  const { world, keepPerDevice = 100, receipts = true, resendAfterMs = 2_000 } = options;
  const account = openAccount(name, keepPerDevice);
  return {
    account,
    desk: openDesk({ world, account, receipts, resendAfterMs, say }),
    told: { devices: {}, replies: [] },
  };
}

/** What a hub says outside its journal; anything that is not a JSON object, or under another topic, is left aside. */
function note(told: Hub['told'], what: string, name: string, text: string): void {
  const value = jsonOf(text);
  if (!isRecord(value)) return;
  if (what === 'state') told.state = value;
  if (what === 'health') told.health = value;
  if (what === 'device' && (name in told.devices || Object.keys(told.devices).length < MOST_DEVICES)) {
    told.devices[name] = value;
  }
  if (what === 'reply') {
    told.replies.push(value);
    if (told.replies.length > MOST_REPLIES) told.replies.shift();
  }
}

function accountOf(hub: Hub | undefined): HubAccount | undefined {
  if (hub === undefined) return undefined;
  const { account, desk, told } = hub;
  const { receipts, resends } = desk.sent();
  return {
    ...account.statement(),
    receiptsSent: receipts,
    resendsAsked: resends,
    state: told.state,
    health: told.health,
    devices: { ...told.devices },
    replies: [...told.replies],
  };
}
