/** Finds a broker that answers: the listed ones in turn, MQTT 5 first and 3.1.1 where there is no 5. */
import type { HubEvent } from '../reading/entry.ts';
import type { UplinkSettings } from '../settings/settings.ts';
import type { World } from '../world.ts';
import {
  type Broker,
  BrokerError,
  type Dial,
  type Incoming,
  type Message,
  type Pems,
  type Protocol,
  ProtocolRefused,
} from './mqtt-client.ts';

export interface DialerOptions {
  readonly world: World;
  readonly settings: UplinkSettings;
  readonly hub: string;
  /** Read anew for each attempt, so that a renewed certificate is used; what it throws is told like a broker's refusal. */
  readonly tls?: () => Pems | undefined;
  /** Published by the broker when this hub is gone without a word. */
  readonly will: () => Message & { readonly payload: string };
  readonly onMessage: (incoming: Incoming) => void;
  readonly onEvent: (event: HubEvent) => void;
  readonly signal: AbortSignal;
  readonly dial: (options: Dial) => Promise<Broker>;
}

export interface Dialer {
  /** One attempt. After a failure the next attempt goes to the next broker. */
  next(): Promise<Broker | undefined>;
  /** The broker that was connected does not want us now: the next attempt goes to the next one. */
  leave(): void;
}

const DEFAULT_KEEP_ALIVE_SECONDS = 30;

export function openDialer(options: DialerOptions): Dialer {
  const { world, settings, hub, tls, will, onMessage, onEvent, signal, dial } = options;
  const { brokers, keepAliveSeconds = DEFAULT_KEEP_ALIVE_SECONDS } = settings;
  /** Brokers that said they have no MQTT 5. */
  const older = new Set<string>();
  let at = 0;
  let isToldUnreachable = false;

  async function dialAs(url: string, protocol: Protocol): Promise<Broker> {
    const pems = pemsNow();
    return dial({
      world,
      url,
      clientId: hub,
      protocol,
      keepAliveSeconds,
      will: will(),
      onMessage,
      signal,
      ...(pems ? { tls: pems } : {}),
    });
  }

  function pemsNow(): Pems | undefined {
    try {
      return tls?.();
    } catch (error) {
      throw new BrokerError(error instanceof Error ? error.message : String(error));
    }
  }

  async function reach(url: string): Promise<Broker> {
    if (older.has(url)) return dialAs(url, 4);
    try {
      return await dialAs(url, 5);
    } catch (error) {
      if (!(error instanceof ProtocolRefused) || signal.aborted) throw error;
      const broker = await dialAs(url, 4);
      // A broker that merely hung up may have been stopping: it is asked for 5 again next time.
      if (error.isCertain) older.add(url);
      onEvent({ name: 'broker-speaks-3.1.1', cause: hostOf(url) });
      return broker;
    }
  }

  return {
    leave: () => {
      at += 1;
    },
    next: async () => {
      const url = brokers[at % brokers.length] ?? '';
      try {
        const broker = await reach(url);
        isToldUnreachable = false;
        onEvent({ name: 'broker-connected', cause: hostOf(url) });
        return broker;
      } catch (error) {
        if (!(error instanceof BrokerError)) throw error;
        at += 1;
        if (signal.aborted || isToldUnreachable) return undefined;
        isToldUnreachable = true;
        onEvent({
          name: 'broker-not-reachable',
          cause: `broker ${hostOf(url)} not reachable: ${error.message}; the hub keeps buffering`,
        });
        return undefined;
      }
    },
  };
}

/** Without the password that may stand in the address. */
function hostOf(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}`;
}
