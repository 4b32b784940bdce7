/** A second pair of eyes at the broker: every entry of the hub as it passed by, accounted for by a receiver of its own. */
import type { Entry } from '../../agent/reading/entry.ts';
import type { World } from '../../agent/world.ts';
import { openMqtt } from '../../simulators/hospital/mqtt.ts';
import { memoryStore, openReceiver, readTopic, type Statement, upOf } from '../../simulators/receiver/receiver.ts';

export interface Observer {
  statement(): Statement;
  /** JSON text of each entry by sequence number. */
  readonly texts: ReadonlyMap<number, string>;
  /** Numbers that came a second time with other bytes. */
  readonly changed: readonly number[];
  /** Ascending by sequence number. */
  entries(): readonly Entry[];
  close(): Promise<void>;
}

/** Sends nothing, neither receipts nor requests. */
export async function observe(world: World, broker: string, hub: string): Promise<Observer> {
  const receiver = openReceiver(hub, {
    now: world.wallMs,
    after: world.after,
    newId: () => 'never sent',
    say: async () => undefined,
    store: memoryStore(),
    receipts: false,
  });
  const texts = new Map<number, string>();
  const entries = new Map<number, Entry>();
  const changed: number[] = [];
  const wire = await openMqtt({
    world,
    url: broker,
    clientId: 'observer',
    topics: [upOf(hub)],
    onMessage: (topic, payload) => {
      void receiver.take(topic, payload);
      if (readTopic(topic)?.what !== 'entry') return;
      const text = new TextDecoder().decode(payload);
      const entry = JSON.parse(text) as Entry;
      if ((texts.get(entry.seq) ?? text) !== text) changed.push(entry.seq);
      texts.set(entry.seq, text);
      entries.set(entry.seq, entry);
    },
  });
  return {
    statement: receiver.statement,
    texts,
    changed,
    entries: () => [...entries.values()].sort((a, b) => a.seq - b.seq),
    close: async () => {
      await receiver.close();
      await wire.close();
    },
  };
}
