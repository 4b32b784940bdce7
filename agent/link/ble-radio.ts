/** The one radio of the hub: keeps an adapter alive, and shares its scanning and connecting among the links that want it. */
import type { LinkSpec } from '../../drivers/contract/driver.ts';
import type { HubEvent } from '../reading/entry.ts';
import type { World } from '../world.ts';
import { type Adapter, type BleSighting, openAdapter, type Seen } from './ble-adapter.ts';
import type { Contact } from './ble-contact.ts';
import { h4Place, openH4 } from './ble-h4.ts';
import { bleLink } from './ble-link.ts';
import { openNative } from './ble-native.ts';
import { type Link, LinkError } from './link.ts';
import { causeOf, STABLE_MS, waits } from './patience.ts';

export interface RadioOptions {
  readonly world: World;
  /** native, h4:unix:/path or h4:tcp:host:port. */
  readonly hci: string;
  readonly onEvent: (event: HubEvent) => void;
}

export interface BleLinkOptions {
  readonly driverLink: Extract<LinkSpec, { kind: 'ble' }>;
  /** aa:bb:cc:dd:ee:ff. Left out, the first free device that is recognised is taken. */
  readonly address?: string;
  readonly recognises: (sighting: BleSighting) => boolean;
}

export interface Radio {
  link(options: BleLinkOptions): Link;
  /** Scans, whether or not a link wants it, and tells of every connectable device. Returns the way to stop. */
  survey(onSeen: (seen: Seen) => void): () => void;
  close(): Promise<void>;
}

/** What a link wants of the radio: the next contact with its device. */
export interface Want {
  readonly address?: string;
  readonly recognises: (sighting: BleSighting) => boolean;
  /** The radio itself is of no use at the moment. */
  onRadioDown(cause: string): void;
}

/** How links see the radio. */
export interface Air {
  readonly world: World;
  /** Counts the want, from open to close of its link. Returns the way to stop. */
  join(want: Want): () => void;
  /** The next contact with the device; undefined when the signal aborted first. Rejects with a LinkError when connecting failed. */
  meet(want: Want, signal: AbortSignal): Promise<Contact | undefined>;
}

interface Waiter {
  readonly want: Want;
  readonly settle: (contact: Contact | undefined, failure?: unknown) => void;
  /** Set once the device was seen: the next thing to connect to. */
  seen?: Seen;
}

/** Throws LinkError when `hci` is not understood. Everything later is told in events, and to the links. */
export function openRadio({ world, hci, onEvent }: RadioOptions): Radio {
  const place = hci === 'native' ? undefined : h4Place(hci);
  const closing = new AbortController();
  const wants = new Set<Want>();
  const waiters = new Set<Waiter>();
  const links = new Set<Link>();
  const surveys = new Set<(seen: Seen) => void>();
  /** Devices that are seen, being connected or connected on behalf of one link. */
  const taken = new Set<string>();
  let connecting: Waiter | undefined;
  let refusedPackets = 0;
  let wake: () => void = () => undefined;

  function mayTake({ want }: Waiter, { address, sighting }: Seen): boolean {
    if (want.address !== undefined) return want.address === address;
    const reserved = [...wants].some((other) => other.address === address);
    return !reserved && want.recognises(sighting);
  }

  function onSeen(seen: Seen): void {
    for (const tell of surveys) tell(seen);
    if (waiters.size === 0 || taken.has(seen.address)) return;
    for (const waiter of waiters) {
      if (waiter.seen || waiter === connecting || !mayTake(waiter, seen)) continue;
      waiter.seen = seen;
      taken.add(seen.address);
      wake();
      return;
    }
  }

  function onRefused(how: string): void {
    refusedPackets++;
    // Each doubling is worth a word; a controller that sends nothing else must not fill the log.
    if ((refusedPackets & (refusedPackets - 1)) === 0)
      onEvent({ name: 'radio-packet-refused', cause: how, count: refusedPackets });
  }

  /** Gives the air to one thing at a time: a connection if a wanted device was seen, else scanning if anybody wants it. */
  async function share(adapter: Adapter): Promise<string> {
    adapter.gone.addEventListener('abort', () => wake());
    while (!adapter.gone.aborted) {
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      const next = [...waiters].find(({ seen }) => seen !== undefined);
      await adapter.scan(next === undefined && waiters.size + surveys.size > 0);
      if (next?.seen) await connect(adapter, next, next.seen);
      else await woken;
    }
    for (const waiter of waiters) leave(waiter);
    return String(adapter.gone.reason);
  }

  async function connect(adapter: Adapter, waiter: Waiter, seen: Seen): Promise<void> {
    delete waiter.seen; // from here on the device is freed by whatever comes of the attempt
    connecting = waiter;
    try {
      const contact = await adapter.connect(seen);
      contact.ended.then(() => taken.delete(seen.address));
      if (waiters.has(waiter)) waiter.settle(contact);
      else await contact.hangUp('the link was closed');
    } catch (failure) {
      taken.delete(seen.address);
      waiter.settle(undefined, failure);
    } finally {
      connecting = undefined;
    }
  }

  function leave(waiter: Waiter): void {
    if (waiter.seen) taken.delete(waiter.seen.address);
    delete waiter.seen;
  }

  async function live(): Promise<void> {
    const pause = waits(world);
    while (!closing.signal.aborted) {
      const cause = await oneLife(pause.reset);
      if (closing.signal.aborted) return;
      onEvent({ name: 'radio-down', cause });
      for (const want of wants) want.onRadioDown(cause);
      await world.sleep(pause.next(), closing.signal);
    }
  }

  async function oneLife(good: () => void): Promise<string> {
    try {
      const { signal } = closing;
      const controller = place ? await openH4(world, place, signal) : openNative();
      const adapter = await openAdapter({ world, controller, closing: signal, onSeen, onRefused });
      const startedMs = world.monotonicMs();
      const end = (): void => void adapter.close();
      signal.addEventListener('abort', end, { once: true });
      if (signal.aborted) end();
      onEvent({ name: 'radio-up' });
      const cause = await share(adapter);
      signal.removeEventListener('abort', end);
      if (world.monotonicMs() - startedMs >= STABLE_MS) good();
      return cause;
    } catch (error) {
      return causeOf(error);
    }
  }

  const air: Air = {
    world,
    join(want) {
      wants.add(want);
      return () => wants.delete(want);
    },
    meet(want, signal) {
      return new Promise((resolve, reject) => {
        const waiter: Waiter = {
          want,
          settle(contact, failure) {
            waiters.delete(waiter);
            signal.removeEventListener('abort', stop);
            wake();
            if (failure === undefined) resolve(contact);
            else reject(failure);
          },
        };
        const stop = (): void => {
          leave(waiter);
          waiter.settle(undefined);
        };
        if (signal.aborted || closing.signal.aborted) return resolve(undefined);
        signal.addEventListener('abort', stop, { once: true });
        waiters.add(waiter);
        wake();
      });
    },
  };

  const living = live();
  return {
    link(options) {
      if (closing.signal.aborted) throw new LinkError('the radio is closed');
      const link = bleLink(air, options);
      links.add(link);
      return link;
    },
    survey(tell) {
      surveys.add(tell);
      wake();
      return () => {
        surveys.delete(tell);
        wake();
      };
    },
    async close() {
      await Promise.all([...links].map((link) => link.close()));
      closing.abort('the radio was closed');
      await living;
    },
  };
}
