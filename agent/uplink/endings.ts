/** What the end of a connection says: that the broker does not want us now, or that somebody else has our name. */
import type { HubEvent } from '../reading/entry.ts';
import type { World } from '../world.ts';
import type { Ending } from './mqtt-client.ts';

/** MQTT 5.0, 3.14.2.1: another client connected with this identifier. */
const SESSION_TAKEN_OVER = 0x8e;
/** The broker itself, not this connection: unavailable, busy, shutting down, quota, administrative action, use another, moved, rate, connect time. */
const ELSEWHERE: ReadonlySet<number> = new Set([0x88, 0x89, 0x8b, 0x97, 0x98, 0x9c, 0x9d, 0x9f, 0xa0]);
/** A name that was taken counts as taken for so long: the other will be back. */
const NAME_TAKEN_FOR_MS = 600_000;

export interface Endings {
  heard(ending: Ending): { readonly triesElsewhere: boolean; readonly isTakeover: boolean };
  /** Another client has lately connected under this hub's name. */
  isNameTaken(): boolean;
}

export function openEndings(world: World, hub: string, onEvent: (event: HubEvent) => void): Endings {
  let takenMs = Number.NEGATIVE_INFINITY;
  return {
    heard: ({ words, code }) => {
      onEvent({ name: 'broker-lost', cause: `${words}; the hub keeps buffering` });
      const isTakeover = code === SESSION_TAKEN_OVER;
      if (isTakeover) {
        takenMs = world.monotonicMs();
        const cause = `another client connected as ${hub}: is there a second hub with this name, or a copy of its card?`;
        onEvent({ name: 'name-taken', cause });
      }
      return { triesElsewhere: code !== undefined && ELSEWHERE.has(code), isTakeover };
    },
    isNameTaken: () => world.monotonicMs() - takenMs < NAME_TAKEN_FOR_MS,
  };
}
