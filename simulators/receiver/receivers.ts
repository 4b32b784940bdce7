/** Many hubs on one connection: each message goes to the receiver of its hub. */
import { openReceiver, type Receiver, type ReceiverOptions, type UserProperties } from './hub-receiver.ts';
import type { Fate } from './intake.ts';
import { isHub, readTopic } from './topic.ts';

export interface ReceiversOptions extends Omit<ReceiverOptions, 'onEntry'> {
  /** Hubs at a time (default 10 000). Messages of one more are dropped: without a receipt it keeps what it has, and says so. */
  readonly hubsMost?: number;
  onEntry?(hub: string, ...told: Parameters<NonNullable<ReceiverOptions['onEntry']>>): void;
}

export interface Receivers {
  take(topic: string, payload: Uint8Array, properties?: UserProperties): Promise<Fate | 'not-an-entry'>;
  up(): void;
  /** The receiver of a hub, opened where there was none; undefined past the bound, and for what is no hub's name. */
  of(hub: string): Receiver | undefined;
  /** Those that were heard or asked for. */
  hubs(): readonly string[];
  /** Hubs that found no room, as often as they were heard. */
  readonly turnedAway: number;
  close(): Promise<void>;
}

const HUBS_MOST = 10_000;

export function openReceivers(options: ReceiversOptions): Receivers {
  const { hubsMost = HUBS_MOST, onEntry, ...rest } = options;
  const receivers = new Map<string, Receiver>();
  let turnedAway = 0;

  function of(hub: string): Receiver | undefined {
    const found = receivers.get(hub);
    if (found !== undefined || !isHub(hub)) return found;
    if (receivers.size >= hubsMost) {
      turnedAway += 1;
      return undefined;
    }
    const receiver = openReceiver(hub, { ...rest, ...(onEntry && { onEntry: (...told) => onEntry(hub, ...told) }) });
    receivers.set(hub, receiver);
    return receiver;
  }

  return {
    take: async (topic, payload, properties) => {
      const heard = readTopic(topic);
      if (heard === undefined) return 'not-an-entry';
      return (await of(heard.hub)?.take(topic, payload, properties)) ?? 'dropped';
    },
    up: () => {
      for (const receiver of receivers.values()) receiver.up();
    },
    of,
    hubs: () => [...receivers.keys()],
    get turnedAway() {
      return turnedAway;
    },
    close: async () => {
      await Promise.all([...receivers.values()].map((receiver) => receiver.close()));
    },
  };
}
