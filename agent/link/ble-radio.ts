/** The one radio of the hub: keeps an adapter alive, life after life, and lends it to whoever shares the air. */
import type { HubEvent } from '../reading/entry.ts';
import type { World } from '../world.ts';
import { openAdapter, type Seen } from './ble-adapter.ts';
import { shareAir } from './ble-air.ts';
import { h4Place, openH4 } from './ble-h4.ts';
import { type BleLinkOptions, bleLink } from './ble-link.ts';
import { openNative } from './ble-native.ts';
import { type Link, LinkError } from './link.ts';
import { causeOf, STABLE_MS, waits } from './patience.ts';

export type { BleLinkOptions } from './ble-link.ts';

export interface RadioOptions {
  readonly world: World;
  /** native, h4:unix:/path or h4:tcp:host:port. */
  readonly hci: string;
  /** radio-up, radio-down, radio-packet-refused. */
  readonly onEvent: (event: HubEvent) => void;
}

export interface Radio {
  link(options: BleLinkOptions): Link;
  /** Scans, whether or not a link wants it, and tells of every connectable device. Returns the way to stop. */
  survey(onSeen: (seen: Seen) => void): () => void;
  close(): Promise<void>;
}

/** Throws LinkError when `hci` is not understood. Everything later is told in events, and to the links. */
export function openRadio({ world, hci, onEvent }: RadioOptions): Radio {
  const place = hci === 'native' ? undefined : h4Place(hci);
  const closing = new AbortController();
  const { signal } = closing;
  const links = new Set<Link>();
  const shared = shareAir(world);
  const onRefused = refusals(onEvent);
  let told: string | undefined;

  async function live(): Promise<void> {
    const pause = waits(world);
    while (!signal.aborted) {
      const cause = await oneLife(pause.reset);
      if (signal.aborted) return;
      if (told !== cause) onEvent({ name: 'radio-down', cause }); // the same again is no news
      told = cause;
      shared.radioDown(cause);
      await world.sleep(pause.next(), signal);
    }
  }

  async function oneLife(good: () => void): Promise<string> {
    try {
      const controller = place ? await openH4(world, place, signal) : openNative();
      const adapter = await openAdapter({ world, controller, closing: signal, onSeen: shared.onSeen, onRefused });
      const startedMs = world.monotonicMs();
      const end = (): void => void adapter.close();
      signal.addEventListener('abort', end, { once: true });
      if (signal.aborted) end();
      told = undefined;
      onEvent({ name: 'radio-up' });
      const cause = await shared.lend(adapter);
      signal.removeEventListener('abort', end);
      if (world.monotonicMs() - startedMs >= STABLE_MS) good();
      return cause;
    } catch (error) {
      return causeOf(error);
    }
  }

  const living = live();
  return {
    link(options) {
      if (signal.aborted) throw new LinkError('the radio is closed');
      const link = bleLink(shared.air, options);
      links.add(link);
      return link;
    },
    survey: shared.survey,
    async close() {
      await Promise.all([...links].map((link) => link.close()));
      closing.abort('the radio was closed');
      await living;
    },
  };
}

/** Each doubling is worth a word; a controller that sends nothing but nonsense must not fill the log. */
function refusals(onEvent: (event: HubEvent) => void): (how: string) => void {
  let count = 0;
  return (how) => {
    count++;
    if ((count & (count - 1)) === 0) onEvent({ name: 'radio-packet-refused', cause: how, count });
  };
}
