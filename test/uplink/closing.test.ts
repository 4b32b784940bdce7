/** The end of an uplink whose connection ends at the same moment. */
import { expect, it } from 'vitest';
import type { Broker, Ending } from '../../agent/uplink/mqtt-client.ts';
import { drafts } from '../journal/support.ts';
import { aJournal, patiently, started } from './hub.ts';

/** Acknowledges nothing, and ends when it is told to. */
function silentBroker(): { readonly broker: Broker; end(): void } {
  let end: (ending: Ending) => void = () => undefined;
  const closed = new Promise<Ending>((resolve) => {
    end = resolve;
  });
  const broker: Broker = {
    protocol: 5,
    sessionPresent: false,
    receiveMaximum: 100,
    publish: () => undefined,
    subscribe: async () => undefined,
    closed,
    close: async () => undefined,
    hangUp: () => undefined,
  };
  return { broker, end: () => end({ words: 'the connection broke' }) };
}

it('comes to an end although the connection is lost while it waits for the last answers', async () => {
  const journal = await aJournal();
  await journal.append(drafts('a', 5));
  const { broker, end } = silentBroker();
  const { uplink } = started(journal, ['mqtt://127.0.0.1:1'], { dial: async () => broker });
  await expect.poll(() => uplink.status().inFlight, patiently).toBeGreaterThan(0);
  const closing = uplink.close();
  end();
  await closing;
  expect(uplink.status().connected).toBe(false);
});
