/** A place without radio and tty: one central and one line end in memory, obeying the same seams, moved by the test alone. */
import type { Measurement } from '../../agent/reading/measurement.ts';
import type { World } from '../../agent/world.ts';
import type { Ledger, Place, SerialEnd } from '../../simulators/devices/contract.ts';
import type { GattCharacteristic, Peripheral, PeripheralOptions } from '../../simulators/radio/gatt.ts';

/** The hub's side of the air. */
export interface Central {
  readonly advertising: boolean;
  readonly connected: boolean;
  /** Whether the host confirms indications as they come; switched off, they wait for `lose`. */
  confirms: boolean;
  readonly received: readonly { readonly channel: string; readonly bytes: Uint8Array }[];
  connect(): void;
  subscribe(...channels: readonly string[]): void;
  /** The ATT error the device refuses it with, or undefined. */
  write(channel: string, bytes: Uint8Array): number | undefined;
  read(channel: string): Uint8Array;
  /** Ends the link, as walking away does. */
  lose(): void;
}

export interface Wire {
  send(bytes: Uint8Array): void;
  readonly received: readonly Uint8Array[];
}

export interface MemoryPlace extends Place {
  readonly central: Central;
  readonly wire: Wire;
}

export function memoryPlace(world: World): MemoryPlace {
  const air = memoryAir();
  const line = memoryLine();
  return {
    world,
    addPeripheral: air.addPeripheral,
    openPort: async () => line.end,
    cardFolder: (device) => `/nowhere/${device}`,
    central: air.central,
    wire: line.wire,
  };
}

export function memoryAir() {
  let options: PeripheralOptions | undefined;
  let [wanted, connected] = [false, false];
  const subscriptions = new Set<string>();
  const received: { channel: string; bytes: Uint8Array }[] = [];
  const waiting = new Set<(confirmed: boolean) => void>();
  const plain = { connected: [] as (() => void)[], disconnected: [] as (() => void)[] };
  const named = { subscribed: [] as ((c: string) => void)[], unsubscribed: [] as ((c: string) => void)[] };

  function characteristic(uuid: string): GattCharacteristic {
    const all = options?.services.flatMap((service) => service.characteristics) ?? [];
    const found = all.find((candidate) => candidate.uuid === uuid);
    if (!found) throw new Error(`the device has no characteristic ${uuid}`);
    return found;
  }
  function end(): void {
    connected = false;
    subscriptions.clear();
    for (const settle of waiting) settle(false);
    waiting.clear();
    for (const listener of plain.disconnected) listener();
  }
  function on(event: string, listener: (characteristic: string) => void): void {
    if (event === 'connected' || event === 'disconnected') plain[event].push(() => listener(''));
    else if (event === 'subscribed' || event === 'unsubscribed') named[event].push(listener);
  }

  const central: Central = {
    get advertising() {
      return wanted && !connected;
    },
    get connected() {
      return connected;
    },
    confirms: true,
    received,
    connect: () => {
      if (!central.advertising) throw new Error('nobody is advertising');
      connected = true;
      for (const listener of plain.connected) listener();
    },
    subscribe: (...channels) => {
      for (const channel of channels) {
        characteristic(channel);
        subscriptions.add(channel);
        for (const listener of named.subscribed) listener(channel);
      }
    },
    write: (channel, bytes) => characteristic(channel).write?.(bytes),
    read: (channel) => characteristic(channel).read?.() ?? new Uint8Array(),
    lose: end,
  };

  function addPeripheral(offered: PeripheralOptions): Peripheral {
    options = offered;
    return {
      address: offered.address,
      advertise: (on) => {
        wanted = on;
      },
      get connected() {
        return connected;
      },
      subscribed: (channel) => subscriptions.has(channel),
      notify: async (channel, bytes) => {
        if (!subscriptions.has(channel)) return false;
        received.push({ channel, bytes });
        return true;
      },
      indicate: (channel, bytes) => {
        if (!subscriptions.has(channel)) return Promise.resolve(false);
        received.push({ channel, bytes });
        if (central.confirms) return Promise.resolve(true);
        return new Promise((resolve) => waiting.add(resolve));
      },
      disconnect: end,
      on,
      close: () => {
        wanted = false;
      },
    };
  }
  return { central, addPeripheral };
}

function memoryLine(): { readonly end: SerialEnd; readonly wire: Wire } {
  let listener: (bytes: Uint8Array) => void = () => undefined;
  const received: Uint8Array[] = [];
  return {
    end: {
      path: '/dev/memory',
      onBytes: (heard) => {
        listener = heard;
      },
      write: (bytes) => void received.push(bytes),
      close: () => undefined,
    },
    wire: { received, send: (bytes) => listener(bytes) },
  };
}

/** What a device told its ledger. */
export interface Book extends Ledger {
  readonly sentValues: readonly string[];
  readonly acknowledgedValues: readonly string[];
}

export function book(): Book {
  const [sentValues, acknowledgedValues]: [string[], string[]] = [[], []];
  return {
    sentValues,
    acknowledgedValues,
    sent: (measurements) => void sentValues.push(...measurements.map(inShort)),
    acknowledged: (measurements) => void acknowledgedValues.push(...measurements.map(inShort)),
    doing: () => undefined,
  };
}

function inShort(measurement: Measurement): string {
  if ('value' in measurement) return measurement.value;
  if ('absent' in measurement) return measurement.absent;
  if ('code' in measurement) return measurement.code;
  return 'text' in measurement ? measurement.text : 'bits' in measurement ? `bits ${measurement.raw}` : 'samples';
}

/** Whether the script is played, without waiting for it. */
export async function isDone(done: Promise<void>): Promise<boolean> {
  const pending = new Promise<false>((resolve) => setImmediate(() => resolve(false)));
  return Promise.race([done.then(() => true), pending]);
}
