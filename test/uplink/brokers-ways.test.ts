/** What brokers do that a hub cannot change, and what the hub makes of it. */
import { Socket } from 'node:net';
import { describe, expect, it, vi } from 'vitest';
import { dial, ProtocolRefused } from '../../agent/uplink/mqtt-client.ts';
import { freePort } from '../../simulators/hospital/free-port.ts';
import { alerted } from '../journal/entries.ts';
import { drafts } from '../journal/support.ts';
import { certificates, hasMosquitto, hasOpenssl, hospital, mosquitto } from './broker.ts';
import { aJournal, HUB, patiently, started } from './hub.ts';
import { scriptedBroker } from './scripted-broker.ts';

describe.skipIf(!hasMosquitto)('a publish that the access list forbids', () => {
  const FORBIDDEN = 'topic read hjemmebro/#\npattern readwrite hjemmebro/v1/nobody/#\n';

  it('is refused by MQTT 5, and the hub counts it', async () => {
    const broker = await mosquitto([], FORBIDDEN);
    await broker.start();
    const journal = await aJournal();
    await journal.append(drafts('a', 3));
    const { uplink } = started(journal, [broker.url]);
    await expect.poll(() => uplink.status().refused, patiently).toBeGreaterThan(0);
    expect(uplink.status().acked).toBe(0);
  });

  it('is acknowledged by MQTT 3.1.1 and thrown away: no receipt comes, so all of it stays and the alerts are owed', async () => {
    const broker = await mosquitto([], FORBIDDEN);
    await broker.start();
    const there = await hospital(broker.url, HUB, 4);
    const journal = await aJournal();
    await journal.append([...drafts('a', 3), alerted({ at: 3 }, 'start', 'a')]);
    const { uplink } = started(journal, [broker.url], {
      dial: (options) =>
        options.protocol === 5 ? Promise.reject(new ProtocolRefused('it has none', true)) : dial(options),
    });
    await expect.poll(() => uplink.status().acked, patiently).toBe(4);
    expect(there.seqs()).toEqual([]);
    expect(uplink.status()).toMatchObject({ refused: 0, receiptedUpTo: 0, alertsOwed: { count: 1 } });
  });
});

describe.skipIf(!hasMosquitto || !hasOpenssl)('a certificate that was taken back', () => {
  it('opens the door until mosquitto is told to read its list again, and the hub says why it is out', async () => {
    const { client, lines, revoke } = certificates(HUB);
    const port = await freePort();
    const broker = await mosquitto([`listener ${port} 127.0.0.1`, ...lines, 'require_certificate true']);
    await broker.start();
    const url = `mqtts://127.0.0.1:${port}`;
    const reaches = async (): Promise<string> => {
      const { uplink, events } = started(await aJournal(), [url], { tls: () => client });
      await expect.poll(() => events.length, patiently).toBeGreaterThan(0);
      await uplink.close();
      return events.map(({ name, cause }) => `${name}: ${cause}`).join('\n');
    };
    expect(await reaches()).toMatch(/^broker-connected/);
    revoke();
    expect(await reaches()).toMatch(/^broker-connected/);
    broker.reload();
    await expect.poll(reaches, patiently).toMatch(/certificate revoked/);
  });
});

describe('a small packet', () => {
  it('does not wait for the acknowledgement of the one before', async () => {
    const noDelay = vi.spyOn(Socket.prototype, 'setNoDelay');
    const broker = await scriptedBroker();
    const journal = await aJournal();
    await journal.append(drafts('a', 2));
    const { uplink } = started(journal, [broker.url]);
    await expect.poll(() => uplink.status().acked, patiently).toBe(2);
    expect(noDelay).toHaveBeenCalledWith(true);
    expect(noDelay).toHaveBeenCalledTimes(1);
    noDelay.mockRestore();
  });
});
