/** A second pair of eyes at the broker: every entry of the hub as it passed by, kept by the hospital's own rules of account. */
import type { Entry } from '../../agent/reading/entry.ts';
import type { World } from '../../agent/world.ts';
import { openAccount, type Statement } from '../../simulators/hospital/account.ts';
import { isEntryKind } from '../../simulators/hospital/entry-check.ts';
import { openMqtt } from '../../simulators/hospital/mqtt.ts';

export interface Observer {
  statement(): Statement;
  /** JSON text of each entry by sequence number. */
  readonly texts: ReadonlyMap<number, string>;
  /** Ascending by sequence number. */
  entries(): readonly Entry[];
  close(): Promise<void>;
}

/** Sends nothing, neither receipts nor requests. */
export async function observe(world: World, broker: string, hub: string): Promise<Observer> {
  const account = openAccount(hub, 1);
  const texts = new Map<number, string>();
  const entries = new Map<number, Entry>();
  const wire = await openMqtt({
    world,
    url: broker,
    clientId: 'observer',
    topics: [`hjemmebro/v1/${hub}/up/#`],
    onMessage: (topic, payload) => {
      const kind = topic.split('/')[4] ?? '';
      if (!isEntryKind(kind)) return;
      const text = new TextDecoder().decode(payload);
      const taken = account.take(kind, text);
      if (taken.taken !== 'new') return;
      texts.set(taken.entry.seq, text);
      entries.set(taken.entry.seq, taken.entry);
    },
  });
  return {
    statement: account.statement,
    texts,
    entries: () => [...entries.values()].sort((a, b) => a.seq - b.seq),
    close: wire.close,
  };
}
