/** One life of the Bluetooth adapter: from the controller coming up to its loss; scans and connects when told. */
import type { Sighting } from '../../drivers/contract/driver.ts';
import type { Timer, World } from '../world.ts';
import { type Contact, type ContactOptions, contact, uuidOf } from './ble-contact.ts';
import type { Controller } from './ble-h4.ts';
import { attach } from './ble-noble.ts';
import type { NoblePeripheral } from './ble-noble-shape.ts';
import { LinkError } from './link.ts';
import { causeOf, within } from './patience.ts';

export type BleSighting = Extract<Sighting, { link: 'ble' }>;

/** A connectable device that advertised just now. */
export interface Seen {
  readonly id: string;
  /** aa:bb:cc:dd:ee:ff, lower case. */
  readonly address: string;
  readonly sighting: BleSighting;
  /** Received signal strength, dBm. */
  readonly rssi: number;
}

export interface Adapter {
  /** Aborts when the adapter is of no more use, also after close(); its reason is the cause. */
  readonly gone: AbortSignal;
  /** Resolves when the controller has begun or stopped scanning. */
  scan(on: boolean): Promise<void>;
  /** Never while scanning, and one at a time. Rejects with a LinkError. */
  connect(seen: Seen): Promise<Contact>;
  close(): Promise<void>;
}

export interface AdapterOptions {
  readonly world: World;
  readonly controller: Controller;
  /** The start is given up when this aborts. */
  readonly closing: AbortSignal;
  readonly onSeen: (seen: Seen) => void;
  readonly onRefused: (how: string) => void;
}

const SCAN_LIMIT_MS = 5_000;
const CONNECT_LIMIT_MS = 20_000;
const CANCEL_LIMIT_MS = 5_000;
/** With no advertisement from anyone for so long, the controller only believes that it scans (seen on Raspberry Pi 3 and 4). */
const DEAF_AFTER_MS = 600_000;

/**
 * Intervals in 1.25 ms: 30 to 50 ms spares the device's battery. Time-out in 10 ms: noble's 420 ms would lose the device
 * whenever somebody walks between it and the hub; 4 s does not.
 */
const CONNECTION = { minInterval: 24, maxInterval: 40, latency: 0, timeout: 400 } as const;

/** Rejects with a LinkError when the controller does not come up. */
export async function openAdapter(options: AdapterOptions): Promise<Adapter> {
  const { world, closing } = options;
  const loss = new AbortController();
  const gone = loss.signal;
  const lose = (cause: string): void => loss.abort(cause);
  const attachment = await attach({ ...options, gone: AbortSignal.any([gone, closing]), onLost: lose });
  const contacts = new Set<Contact>();
  const { noble } = attachment;
  let heardAtMs = world.monotonicMs();
  let scanning = false;
  let ears: Timer | undefined;

  noble.on('discover', (peripheral: NoblePeripheral) => {
    heardAtMs = world.monotonicMs();
    if (peripheral.connectable) options.onSeen(seen(peripheral));
  });

  function watchEars(): void {
    ears = world.after(DEAF_AFTER_MS / 2, () => {
      if (scanning && world.monotonicMs() - heardAtMs >= DEAF_AFTER_MS) {
        lose(`the Bluetooth adapter heard no device at all for ${DEAF_AFTER_MS / 60_000} minutes`);
      } else watchEars();
    });
  }

  async function told(event: 'scanStart' | 'scanStop', tell: () => void): Promise<void> {
    if (gone.aborted) return;
    const done = new Promise<void>((resolve) => noble.once(event, () => resolve()));
    tell();
    const limits = { world, limitMs: SCAN_LIMIT_MS, what: `${event} of the Bluetooth adapter`, gone };
    await within(limits, done).catch((error: unknown) => lose(causeOf(error)));
  }

  watchEars();
  gone.addEventListener('abort', () => {
    ears?.cancel();
    attachment.detach();
  });
  return {
    gone,
    async scan(on) {
      if (on === scanning) return;
      scanning = on;
      heardAtMs = world.monotonicMs();
      if (on) await told('scanStart', () => noble.startScanning([], true));
      else await told('scanStop', () => noble.stopScanning());
    },
    async connect({ id }) {
      const peripheral = attachment.peripheral(id);
      if (!peripheral) throw new LinkError('the device is no longer in sight');
      const options = { world, attachment, peripheral, gone, onStuck: lose };
      await establish(options);
      if (peripheral.state !== 'connected') throw new LinkError('the connection was lost as soon as it was made');
      const made = contact(options);
      contacts.add(made);
      made.ended.then(() => contacts.delete(made));
      return made;
    },
    async close() {
      await Promise.all([...contacts].map((made) => made.hangUp('the hub closed the radio')));
      if (scanning) await told('scanStop', () => noble.stopScanning());
      lose('the radio was closed');
    },
  };
}

function seen(peripheral: NoblePeripheral): Seen {
  const { localName, serviceUuids } = peripheral.advertisement;
  const services = (serviceUuids ?? []).map(uuidOf);
  return {
    id: peripheral.id,
    address: peripheral.address.toLowerCase(),
    rssi: peripheral.rssi,
    sighting: localName === undefined ? { link: 'ble', services } : { link: 'ble', services, name: localName },
  };
}

async function establish({ world, peripheral, gone, onStuck }: ContactOptions): Promise<void> {
  const outcome = (): Promise<void> =>
    new Promise((resolve, reject) => {
      peripheral.once('connect', (error?: Error) => {
        if (error) reject(new LinkError(`the device did not let us connect: ${error.message}`));
        else resolve();
      });
    });
  const connected = outcome();
  peripheral.connect(CONNECTION);
  try {
    await within({ world, limitMs: CONNECT_LIMIT_MS, what: 'connecting to the device', gone }, connected);
  } catch (error) {
    if (peripheral.state === 'connecting' && !gone.aborted) {
      peripheral.cancelConnect(); // answered twice: at once by noble, and in time by the controller
      await within({ world, limitMs: CANCEL_LIMIT_MS, what: 'giving up a connection', gone }, outcome()).then(
        () => peripheral.disconnect(), // it came through at the last moment
        (failure) => {
          if (peripheral.state === 'connecting') onStuck(causeOf(failure));
        },
      );
    }
    throw error;
  }
}
