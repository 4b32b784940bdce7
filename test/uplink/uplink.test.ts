/** The uplink against real brokers: nothing the journal holds is missing at the hospital, alerts come first, and each failure heals. */
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { CommandHandlers } from '../../agent/downlink/commands.ts';
import { freePort } from '../../simulators/hospital/free-port.ts';
import { draft, drafts, opened, place } from '../journal/support.ts';
import {
  aedes,
  afterwards,
  certificates,
  hasMosquitto,
  hasOpenssl,
  hospital,
  hurriedWorld,
  mosquitto,
  proxy,
} from './broker.ts';
import { aJournal, distinct, HUB, patiently, started, upTo } from './hub.ts';

describe.skipIf(!hasMosquitto)('with an MQTT 5 broker', () => {
  it('is born with state and devices, then sends entries in order with their properties', async () => {
    const broker = await mosquitto();
    await broker.start();
    const journal = await aJournal();
    await journal.append(drafts('a', 300));
    const there = await hospital(broker.url, HUB);
    const { uplink, events } = started(journal, [broker.url]);
    await expect.poll(() => there.seqs(), patiently).toEqual(upTo(300));
    expect(
      there.heard
        .slice(0, 3)
        .map(({ topic, text }) => [topic.split('/up/')[1], JSON.parse(text).level ?? JSON.parse(text).model]),
    ).toEqual([
      ['state', 'monitored'],
      ['device/oximeter-1', 'Nonin 3230'],
      ['device/scale-1', 'UC-352'],
    ]);
    const [first] = there.on('event');
    const [line] = await journal.scan(1, 1);
    expect(first?.text).toBe(line?.bytes.toString());
    expect(first?.packet.properties).toMatchObject({
      contentType: 'application/json',
      payloadFormatIndicator: true,
      userProperties: { seq: '1', id: 'a0', kind: 'event' },
    });
    await journal.append([draft('live')]);
    await expect.poll(() => there.seqs().at(-1), patiently).toBe(301);
    await expect
      .poll(() => uplink.status(), patiently)
      .toMatchObject({ connected: true, protocol: 5, acked: 301, receiptedUpTo: 0, inFlight: 0 });
    expect(events.map(({ name }) => name)).toEqual(['broker-connected']);

    const late = await hospital(broker.url, HUB, 5, 'ward');
    await expect
      .poll(
        () =>
          late.heard
            .filter(({ retained }) => retained)
            .map(({ topic }) => topic)
            .sort(),
        patiently,
      )
      .toEqual([
        'hjemmebro/v1/hub-1/up/device/oximeter-1',
        'hjemmebro/v1/hub-1/up/device/scale-1',
        'hjemmebro/v1/hub-1/up/state',
      ]);
  });

  it('keeps buffering while there is no broker, says so once, and drains when it comes', async () => {
    const broker = await mosquitto();
    const journal = await aJournal();
    const { uplink, events } = started(journal, [broker.url]);
    await journal.append(drafts('a', 2000));
    await expect.poll(() => events.length, patiently).toBeGreaterThan(0);
    expect(events[0]).toEqual({
      name: 'broker-not-reachable',
      cause: `broker mqtt://127.0.0.1:${broker.port} not reachable: connect ECONNREFUSED 127.0.0.1:${broker.port}; the hub keeps buffering`,
    });
    expect(uplink.status()).toMatchObject({ connected: false, acked: 0 });
    await broker.start();
    const there = await hospital(broker.url, HUB);
    await expect.poll(() => distinct(there.seqs()), patiently).toEqual(upTo(2000));
    expect(events.filter(({ name }) => name === 'broker-not-reachable')).toHaveLength(1);
  });

  it('goes to the next broker on its list', async () => {
    const broker = await mosquitto();
    await broker.start();
    const { uplink } = started(await aJournal(), [`mqtt://127.0.0.1:${await freePort()}`, broker.url]);
    await expect.poll(() => uplink.status().connected, patiently).toBe(true);
  });

  it('delivers everything through a broker that dies in the middle and forgets all', async () => {
    const broker = await mosquitto();
    await broker.start();
    const journal = await aJournal();
    const there = await hospital(broker.url, HUB);
    const { events } = started(journal, [broker.url]);
    let sent = 0;
    for (let round = 0; round < 3; round++) {
      await journal.append(drafts(`${round}.`, 1500));
      sent += 1500;
      await expect.poll(() => there.seqs().length, patiently).toBeGreaterThan(sent - 1500);
      await broker.stop();
      await journal.append(drafts(`${round}+`, 500));
      sent += 500;
      await broker.start();
    }
    await expect.poll(() => distinct(there.seqs()).length, patiently).toBe(sent);
    expect(distinct(there.seqs())).toEqual(upTo(sent));
    expect(events.map(({ name }) => name)).toContain('broker-lost');
  });

  it('sends again what only a broker had that has forgotten it', async () => {
    const broker = await mosquitto();
    await broker.start();
    const journal = await aJournal();
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { uplink } = started(journal, [broker.url], { world: { ...hurriedWorld(), sleep: () => gate } });
    const away = await hospital(broker.url, HUB);
    await away.client.endAsync();
    await journal.append(drafts('a', 100));
    await expect.poll(() => uplink.status(), patiently).toMatchObject({ acked: 100, unheard: 0 });
    await broker.stop();
    await broker.start();
    const there = await hospital(broker.url, HUB);
    release();
    await expect.poll(() => there.seqs(), patiently).toEqual(upTo(100));
  });

  it('does not send again what a broker still has', async () => {
    const broker = await mosquitto();
    await broker.start();
    const wire = await proxy(broker.port);
    const journal = await aJournal();
    await journal.append(drafts('a', 100));
    const there = await hospital(broker.url, HUB);
    const { uplink } = started(journal, [wire.url]);
    await expect.poll(() => uplink.status().acked, patiently).toBe(100);
    wire.cut();
    await expect.poll(() => there.on('state').length, patiently).toBe(3);
    await journal.append([draft('next')]);
    await expect.poll(() => there.seqs(), patiently).toEqual(upTo(101));
  });

  it('lets an alert overtake a backlog of thousands', async () => {
    const broker = await mosquitto(['max_inflight_messages 5']);
    await broker.start();
    const journal = await aJournal();
    await journal.append([...drafts('a', 2500), draft('old alert', 'alert'), ...drafts('b', 2500)]);
    const there = await hospital(broker.url, HUB);
    started(journal, [broker.url]);
    await expect.poll(() => there.seqs().length, patiently).toBeGreaterThan(50);
    const [appended] = await journal.append([draft('red alert', 'alert')]);
    await expect.poll(() => distinct(there.seqs()).length, patiently).toBe(5002);
    const seqs = there.seqs();
    expect(appended?.seq).toBe(5002);
    expect(seqs[0]).toBe(2501);
    expect(seqs.indexOf(5002)).toBeLessThan(3000);
    expect(seqs).toHaveLength(5002);
    const backlog = seqs.filter((seq) => seq !== 2501 && seq !== 5002);
    expect(backlog).toEqual([...backlog].sort((a, b) => a - b));
  });

  it('never has more under way than the broker takes', async () => {
    const broker = await mosquitto(['max_inflight_messages 3']);
    await broker.start();
    const journal = await aJournal();
    await journal.append(drafts('a', 1000));
    const there = await hospital(broker.url, HUB);
    const { uplink } = started(journal, [broker.url]);
    let most = 0;
    await expect
      .poll(
        () => {
          most = Math.max(most, uplink.status().inFlight);
          return there.seqs().length;
        },
        { ...patiently, interval: 1 },
      )
      .toBe(1000);
    expect(most).toBeLessThanOrEqual(3);
  });

  it('leaves a will that says what is no longer so', async () => {
    const broker = await mosquitto();
    await broker.start();
    const wire = await proxy(broker.port);
    const there = await hospital(broker.url, HUB);
    const { uplink, state } = started(await aJournal(), [wire.url]);
    await expect.poll(() => there.on('state').length, patiently).toBe(1);
    state.level = 'delayed';
    uplink.publishState();
    await expect.poll(() => there.on('state').length, patiently).toBe(2);
    wire.cut();
    await expect.poll(() => there.on('state').length, patiently).toBeGreaterThanOrEqual(4);
    expect(
      there
        .on('state')
        .map(({ text }) => JSON.parse(text))
        .slice(0, 4),
    ).toEqual([
      { v: 1, hub: HUB, level: 'monitored', since: state.since },
      { v: 1, hub: HUB, level: 'delayed', since: state.since },
      { v: 1, hub: HUB, level: 'not-monitored', cause: 'connection-lost' },
      { v: 1, hub: HUB, level: 'delayed', since: state.since },
    ]);
  });

  it('says goodbye: what it has, then a last state, and no will', async () => {
    const broker = await mosquitto();
    await broker.start();
    const journal = await aJournal();
    const there = await hospital(broker.url, HUB);
    const { uplink } = started(journal, [broker.url]);
    await expect.poll(() => uplink.status().connected, patiently).toBe(true);
    await journal.append(drafts('a', 20));
    await uplink.close();
    await expect.poll(() => there.on('state').length, patiently).toBe(2);
    expect(there.seqs()).toEqual(upTo(20));
    expect(JSON.parse(there.heard.at(-1)?.text ?? '')).toEqual({
      v: 1,
      hub: HUB,
      level: 'not-monitored',
      cause: 'stopped',
    });
    await uplink.close();
  });

  it('counts what nobody listens to', async () => {
    const broker = await mosquitto();
    await broker.start();
    const journal = await aJournal();
    await journal.append(drafts('a', 30));
    const { uplink } = started(journal, [broker.url]);
    await expect.poll(() => uplink.status(), patiently).toMatchObject({ acked: 30, unheard: 30, receiptedUpTo: 0 });
  });

  it('sends no state of yesterday after the one of birth', async () => {
    const broker = await mosquitto();
    await broker.start();
    const wire = await proxy(broker.port);
    const there = await hospital(broker.url, HUB);
    const { uplink, state } = started(await aJournal(), [wire.url]);
    await expect.poll(() => there.on('state').length, patiently).toBe(1);
    wire.cut();
    for (let i = 0; i < 50; i++) {
      state.level = `level ${i}`;
      uplink.publishState(); // the uplink has not noticed yet
    }
    state.level = 'local-only';
    await expect.poll(() => JSON.parse(there.on('state').at(-1)?.text ?? '').level, patiently).toBe('local-only');
    await uplink.close();
    const levels = there.on('state').map(({ text }) => JSON.parse(text).level);
    expect(levels).toEqual(['monitored', 'not-monitored', 'local-only', 'not-monitored']);
  });

  it('publishes devices and counters on request', async () => {
    const broker = await mosquitto();
    await broker.start();
    const there = await hospital(broker.url, HUB);
    const { uplink } = started(await aJournal(), [broker.url]);
    await expect.poll(() => there.on('device/scale-1').length, patiently).toBe(1);
    uplink.publishDevice('scale-1');
    uplink.publishHealth({ heap: 1 });
    await expect.poll(() => [there.on('device/scale-1').length, there.on('health').length], patiently).toEqual([2, 1]);
  });
});

describe.skipIf(!hasMosquitto || !hasOpenssl)('with certificates', () => {
  it("is who its certificate says, and may write under no other hub's topics", async () => {
    const { server, client, lines } = certificates(HUB);
    const port = await freePort();
    const tls = [`listener ${port} 127.0.0.1`, ...lines, 'require_certificate true', 'use_identity_as_username true'];
    const broker = await mosquitto(tls, 'topic read hjemmebro/#\npattern readwrite hjemmebro/v1/%u/#\n');
    await broker.start();
    const journal = await aJournal();
    await journal.append(drafts('a', 10));
    const there = await hospital(broker.url, HUB);
    const url = `mqtts://127.0.0.1:${port}`;
    const { uplink } = started(journal, [url], { tls: () => client });
    await expect.poll(() => there.seqs(), patiently).toEqual(upTo(10));
    const impostor = started(await aJournal(), [url], { tls: () => client, hub: 'hub-2' });
    await expect.poll(() => impostor.uplink.status().refused, patiently).toBeGreaterThan(0);
    const stranger = started(await aJournal(), [url], { tls: () => ({ ...client, ca: server.ca }) });
    await expect.poll(() => stranger.events[0]?.cause, patiently).toMatch(/not reachable: .*certificate/);
    const unprovisioned = started(await aJournal(), [url], {
      tls: () => {
        throw new Error('uplink.tls.ca: no such file');
      },
    });
    const cause = /not reachable: uplink.tls.ca: no such file; the hub keeps buffering/;
    await expect.poll(() => unprovisioned.events[0]?.cause, patiently).toMatch(cause);
    expect(uplink.status().connected).toBe(true);
  });
});

describe.skipIf(!hasMosquitto)('receipts', () => {
  it('move the cursor, in any order, and survive a restart: only the rest is sent again', async () => {
    const broker = await mosquitto();
    await broker.start();
    const path = place();
    const first = await opened(path);
    await first.journal.append(drafts('a', 100));
    const there = await hospital(broker.url, HUB);
    const before = started(first.journal, [broker.url]);
    await expect.poll(() => there.seqs().length, patiently).toBe(100);
    await there.say('receipt', {
      ranges: [
        [31, 40],
        [61, 61],
      ],
    });
    await there.say('receipt', { upTo: 30 });
    await expect.poll(() => before.uplink.status().receiptedUpTo, patiently).toBe(40);
    await there.say('receipt', { upTo: 12 });
    await there.say('receipt', { ranges: [[41, 50]] });
    await expect.poll(() => before.uplink.status().receiptedUpTo, patiently).toBe(50);
    expect(before.uplink.status().lastReceiptAt).toMatch(/^\d{4}-/);
    await before.uplink.close();
    await first.journal.close();

    there.heard.length = 0;
    const journal = await aJournal(path);
    const { uplink } = started(journal, [broker.url]);
    expect(uplink.status()).toMatchObject({ receiptedUpTo: 50, acked: 50 });
    const rest = upTo(100).filter((seq) => seq > 50 && seq !== 61);
    await expect.poll(() => there.seqs(), patiently).toEqual(rest);
    await expect.poll(() => uplink.status().acked, patiently).toBe(100);
    expect(there.seqs()).toEqual(rest);
  });

  it('lost to the hospital come again on resend, and only those', async () => {
    const broker = await mosquitto();
    await broker.start();
    const journal = await aJournal();
    await journal.append([...drafts('a', 600), draft('alert', 'alert'), ...drafts('b', 600)]);
    const there = await hospital(broker.url, HUB);
    started(journal, [broker.url]);
    await expect.poll(() => there.seqs().length, patiently).toBe(1201);
    await there.say('receipt', { upTo: 1201 });
    there.heard.length = 0;
    await there.say('command', {
      id: 'c1',
      name: 'resend',
      args: {
        ranges: [
          [3, 4],
          [600, 1150],
          [1200, 5000],
        ],
      },
    });
    const wanted = upTo(1201).filter((seq) => seq === 3 || seq === 4 || (seq >= 600 && seq <= 1150) || seq >= 1200);
    await expect.poll(() => there.seqs(), patiently).toEqual(wanted);
    expect(JSON.parse(there.on('reply')[0]?.text ?? '')).toEqual({
      v: 1,
      hub: HUB,
      command: 'c1',
      name: 'resend',
      status: 'done',
      detail: { entries: wanted.length, tail: 1, head: 1201, gone: [] },
    });
    await there.say('command', { id: 'c2', name: 'resend', args: { ranges: [[4, 3]] } });
    await expect.poll(() => JSON.parse(there.on('reply')[1]?.text ?? '{}').status, patiently).toBe('refused');
  });
});

describe.skipIf(!hasMosquitto)('what comes down', () => {
  it('is answered where it asks to be, when that is ours, with its correlation data', async () => {
    const broker = await mosquitto();
    await broker.start();
    const there = await hospital(broker.url, HUB);
    let identified = 0;
    const commands: CommandHandlers = {
      identify: async () => {
        identified += 1;
        return { status: 'done' };
      },
    };
    const { plans } = started(await aJournal(), [broker.url], { commands });
    await there.client.publishAsync('hjemmebro/v1/hub-1/down/plan', 'signed', { qos: 1, retain: true });
    await expect.poll(() => plans, patiently).toEqual(['signed']);
    const command = { id: 'c1', name: 'identify', expires: '2999-01-01T00:00:00Z' };
    const correlationData = Buffer.from([1, 2, 3]);
    await there.say('command', command, { responseTopic: 'hjemmebro/v1/hub-1/up/reply/ward', correlationData });
    await there.say('command', command, { responseTopic: 'hjemmebro/v1/hub-2/up/reply', correlationData });
    await expect.poll(() => there.on('reply').length, patiently).toBe(1);
    expect(there.on('reply/ward').map(({ packet }) => packet.properties?.correlationData)).toEqual([correlationData]);
    expect(there.on('reply').map(({ packet }) => packet.properties?.correlationData)).toEqual([correlationData]);
    expect(JSON.parse(there.on('reply')[0]?.text ?? '')).toEqual({
      v: 1,
      hub: HUB,
      command: 'c1',
      name: 'identify',
      status: 'done',
    });
    expect(identified).toBe(1);
  });

  it('may be noise: it is counted, told once, and nothing stops', async () => {
    const broker = await mosquitto();
    await broker.start();
    const journal = await aJournal();
    const there = await hospital(broker.url, HUB);
    const { uplink, events, plans } = started(journal, [broker.url]);
    await expect.poll(() => uplink.status().connected, patiently).toBe(true);
    const noise = [
      '',
      '{',
      'null',
      '[]',
      '{"upTo":-1}',
      '{"upTo":1e99}',
      '{"ranges":[[2,1]]}',
      Buffer.alloc(70_000, 0x41),
      Buffer.from([0xff]),
    ];
    for (const bytes of noise) for (const topic of ['receipt', 'command']) await there.say(topic, bytes);
    await there.say('receipt', { upTo: 5 });
    await there.say('plan', Buffer.alloc((1 << 20) + 1));
    await expect.poll(() => uplink.status().malformed, patiently).toBe(2 * noise.length + 2);
    await journal.append(drafts('a', 5));
    await expect.poll(() => there.seqs(), patiently).toEqual(upTo(5));
    expect(uplink.status().receiptedUpTo).toBe(0);
    expect(plans).toEqual([]);
    expect(events.filter(({ name }) => name.endsWith('malformed'))).toHaveLength(1);
  });
});

describe.skipIf(!hasMosquitto)('an entry that the broker refuses', () => {
  it('goes by after some tries, is reported, and does not hold up the others', async () => {
    const acl = ['topic readwrite hjemmebro/#', 'topic deny hjemmebro/v1/hub-1/up/alert', ''].join('\n');
    const broker = await mosquitto([], acl);
    await broker.start();
    const journal = await aJournal();
    await journal.append([draft('poison', 'alert'), ...drafts('a', 20)]);
    const there = await hospital(broker.url, HUB);
    const { uplink, events } = started(journal, [broker.url]);
    for (let i = 0; i < 200 && journal.head < 22 + i; i++) {
      // Others pass between its tries: that is what tells poison from a broker that refuses everything.
      await journal.append([draft(`live ${i}`)]);
      await expect.poll(() => there.seqs().length, patiently).toBeGreaterThanOrEqual(20 + i);
    }
    await expect.poll(() => events.map(({ name }) => name), patiently).toContain('entry-undeliverable');
    await expect.poll(() => uplink.status().acked, patiently).toBe(journal.head);
    const [report] = there.on('gap').map(({ text }) => JSON.parse(text).body);
    expect(report).toEqual({ cause: 'undeliverable', from: 1, to: 1, count: 1, detail: 'not authorized (0x87)' });
    expect(uplink.status().receiptedUpTo).toBe(0);
  });

  it('is kept when everything is refused, and tried again for as long as that lasts', async () => {
    const broker = await mosquitto([], 'topic read hjemmebro/#\n');
    await broker.start();
    const journal = await aJournal();
    await journal.append(drafts('a', 50));
    const { uplink, events } = started(journal, [broker.url]);
    await expect.poll(() => uplink.status().refused, patiently).toBeGreaterThan(60);
    expect(uplink.status().acked).toBe(0);
    expect(events.map(({ name }) => name)).toEqual(['broker-connected']);
    expect(journal.head).toBe(50);
  });

  it('goes by at once when it is larger than the broker takes', async () => {
    const broker = await mosquitto(['max_packet_size 2000']);
    await broker.start();
    const journal = await aJournal();
    const at = '2026-03-02T08:00:00.000Z';
    await journal.append([
      draft('a'),
      { id: 'large', kind: 'event', at, body: { name: 'x'.repeat(3000) } },
      draft('b'),
    ]);
    const there = await hospital(broker.url, HUB);
    const { uplink } = started(journal, [broker.url]);
    await expect.poll(() => there.seqs(), patiently).toEqual([1, 3, 4]);
    expect(JSON.parse(there.on('gap')[0]?.text ?? '').body).toMatchObject({
      cause: 'undeliverable',
      from: 2,
      to: 2,
      detail: expect.stringMatching(/^3\d\d\d bytes, and the broker takes 2000$/),
    });
    await expect.poll(() => uplink.status(), patiently).toMatchObject({ acked: 4, receiptedUpTo: 0 });
  });
});

describe('with a 3.1.1 broker', () => {
  it('falls back, remembers it, and delivers', async () => {
    const broker = await aedes();
    const wire = await proxy(broker.port);
    const journal = await aJournal();
    await journal.append(drafts('a', 200));
    const there = await hospital(broker.url, HUB, 4);
    const { uplink, events } = started(journal, [wire.url]);
    await expect.poll(() => distinct(there.seqs()), patiently).toEqual(upTo(200));
    expect(uplink.status().protocol).toBe(4);
    await there.say('receipt', { upTo: 200 });
    await expect.poll(() => uplink.status().receiptedUpTo, patiently).toBe(200);
    wire.cut();
    await expect.poll(() => there.on('state').length, patiently).toBeGreaterThanOrEqual(3);
    expect(JSON.parse(there.on('state')[1]?.text ?? '')).toMatchObject({
      level: 'not-monitored',
      cause: 'connection-lost',
    });
    expect(events.map(({ name }) => name)).toEqual([
      'broker-speaks-3.1.1',
      'broker-connected',
      'broker-lost',
      'broker-connected',
    ]);
  });

  it('is tried as such when it hangs up on MQTT 5, and again with 5 next time', async () => {
    const versions: (number | undefined)[] = [];
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', (bytes) => {
        versions.push(bytes[bytes.indexOf('MQTT') + 4]); // MQTT 5.0, 3.1.2.2: the protocol level follows the name
        socket.destroy();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    afterwards(() => void server.close());
    const address = server.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    started(await aJournal(), [`mqtt://127.0.0.1:${port}`]);
    await expect.poll(() => versions.slice(0, 4), patiently).toEqual([5, 4, 5, 4]);
  });
});
