/** Shares one adapter among the links: scans while one of them lacks its device, connects one at a time, gives no device twice. */
import type { World } from '../world.ts';
import type { Adapter, BleSighting, Seen } from './ble-adapter.ts';
import type { Contact } from './ble-contact.ts';

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

/** The radio's side of the air. */
export interface Shared {
  readonly air: Air;
  onSeen(seen: Seen): void;
  /** Lets the links use the adapter; resolves with the cause once it is gone. */
  lend(adapter: Adapter): Promise<string>;
  /** Scans, whether or not a link wants it. Returns the way to stop. */
  survey(onSeen: (seen: Seen) => void): () => void;
  radioDown(cause: string): void;
}

export function shareAir(world: World): Shared {
  const wants = new Set<Want>();
  const waiters = new Set<Waiter>();
  const surveys = new Set<(seen: Seen) => void>();
  /** Devices that are seen, being connected or connected on behalf of one link. */
  const taken = new Set<string>();
  let connecting: Waiter | undefined;
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

  /** Gives the air to one thing at a time: a connection if a wanted device was seen, else scanning if anybody wants it. */
  async function lend(adapter: Adapter): Promise<string> {
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
        if (signal.aborted) return resolve(undefined);
        signal.addEventListener('abort', stop, { once: true });
        waiters.add(waiter);
        wake();
      });
    },
  };

  return {
    air,
    onSeen,
    lend,
    survey(tell) {
      surveys.add(tell);
      wake();
      return () => {
        surveys.delete(tell);
        wake();
      };
    },
    radioDown(cause) {
      for (const want of wants) want.onRadioDown(cause);
    },
  };
}
