/** The uplink over networks and brokers that misbehave: alerts first, nothing lost, nothing stuck, and the reason told. */

import { describe, expect, it } from 'vitest';
import { realWorld } from '../../agent/world.ts';
import { alerted, stream, streamed } from '../journal/entries.ts';
import { draft, drafts } from '../journal/support.ts';
import { aedes, hasMosquitto, hospital, hurriedWorld, mosquitto, proxy } from './broker.ts';
import { aJournal, distinct, HUB, patiently, started, upTo } from './hub.ts';
import { scriptedBroker } from './scripted-broker.ts';

const reasons = (events: readonly { readonly name: string; readonly cause?: string }[]): string =>
  events.map(({ name, cause }) => `${name}: ${cause}`).join('\n');

describe.skipIf(!hasMosquitto)('a narrow link', () => {
  it('carries a live alert ahead of any backlog, within what it carries in a second', async () => {
    const broker = await mosquitto(['max_inflight_messages 1000']);
    await broker.start();
    const network = await proxy(broker.port);
    // About sixty readings a second.
    await network.set({ is: 'narrow', bytesPerSecond: 40_000 });
    const there = await hospital(broker.url, HUB);
    const journal = await aJournal();
    await journal.append(stream(0, 1_000));
    await journal.append(stream(1_000, 1_000));
    started(journal, [network.url], { world: realWorld(), settings: { brokers: [network.url] } });
    await expect.poll(() => there.seqs().length, patiently).toBeGreaterThan(150);
    const before = there.seqs().length;
    const raisedMs = performance.now();
    await journal.append([alerted({ at: 2_000 }, 'start')]);
    await expect.poll(() => there.seqs().includes(2_001), { timeout: 20_000, interval: 5 }).toBe(true);
    const tookMs = performance.now() - raisedMs;
    const overtaken = there.seqs().indexOf(2_001) - before;
    process.stdout.write(
      `an alert on a link of 60 readings a second: ${tookMs.toFixed(0)} ms, ${overtaken} before it\n`,
    );
    expect(overtaken).toBeLessThanOrEqual(60);
  });

  it('carries what is new before what waited, and forgets neither; what waited is marked', async () => {
    const broker = await mosquitto();
    await broker.start();
    const network = await proxy(broker.port);
    await network.set({ is: 'narrow', bytesPerSecond: 40_000 });
    const there = await hospital(broker.url, HUB);
    const journal = await aJournal();
    await journal.append(stream(0, 600));
    started(journal, [network.url], { world: realWorld(), settings: { brokers: [network.url] } });
    await expect.poll(() => there.seqs().length, patiently).toBeGreaterThan(100);
    for (let at = 0; at < 20; at++) {
      const before = there.seqs().length;
      await journal.append([streamed({ at: 600 + at }, '97')]);
      await expect.poll(() => there.seqs().includes(601 + at), patiently).toBe(true);
      expect(there.seqs().indexOf(601 + at) - before).toBeLessThanOrEqual(60);
    }
    await network.set({ is: 'clear' });
    await expect.poll(() => distinct(there.seqs()), patiently).toEqual(upTo(620));
    const historical = there.on('reading').filter(({ packet }) => {
      const { historical: mark } = (packet.properties?.userProperties ?? {}) as { readonly historical?: string };
      return mark === 'true';
    });
    expect(distinct(historical.map(({ text }) => JSON.parse(text).seq))).toEqual(upTo(600));
  });
});

describe.skipIf(!hasMosquitto)('a link of 50 ms', () => {
  it('is filled: the window grows with it', async () => {
    const broker = await mosquitto(['max_inflight_messages 1000']);
    await broker.start();
    const network = await proxy(broker.port);
    await network.set({ is: 'slow', delayMs: 25, jitterMs: 0 });
    const there = await hospital(broker.url, HUB);
    const journal = await aJournal();
    for (let i = 0; i < 6; i++) await journal.append(stream(i * 1_000, 1_000));
    const { uplink } = started(journal, [network.url], { world: realWorld(), settings: { brokers: [network.url] } });
    let widest = 0;
    await expect
      .poll(() => {
        widest = Math.max(widest, uplink.status().window);
        return there.seqs().length;
      }, patiently)
      .toBe(6_000);
    expect(widest).toBeGreaterThan(100);
  });
});

describe.skipIf(!hasMosquitto)('a connection that is dead and does not say so', () => {
  it('is found by its silence, and everything arrives by the next', async () => {
    const broker = await mosquitto();
    await broker.start();
    const network = await proxy(broker.port);
    const there = await hospital(broker.url, HUB);
    const journal = await aJournal();
    const { uplink, events } = started(journal, [network.url], {
      settings: { brokers: [network.url], keepAliveSeconds: 1 },
    });
    await journal.append(drafts('a', 50));
    await expect.poll(() => there.seqs().length, patiently).toBe(50);
    await network.set({ is: 'swallowing' });
    await journal.append(drafts('b', 50));
    await expect.poll(() => events.map(({ name }) => name), patiently).toContain('broker-lost');
    await network.set({ is: 'clear' });
    await expect.poll(() => distinct(there.seqs()), patiently).toEqual(upTo(100));
    await expect.poll(() => uplink.status().connected, patiently).toBe(true);
  });

  it('is left when the broker answers pings and acknowledges nothing', async () => {
    const journal = await aJournal();
    await journal.append(drafts('a', 10));
    const silent = await scriptedBroker({ answer: ({ topic }) => (topic.endsWith('/state') ? 0 : undefined) });
    const world = hurriedWorld();
    const hurried = { ...world, monotonicMs: () => world.monotonicMs() * 20 };
    const { events } = started(journal, [silent.url], { world: hurried });
    await expect.poll(() => reasons(events), patiently).toMatch(/broker-lost: the broker has acknowledged nothing for/);
    await expect.poll(() => silent.connections, patiently).toBeGreaterThan(1);
  });
});

describe('another client with the name of this hub', () => {
  it('is told of where the broker says so, and is not fought with', async () => {
    const broker = await scriptedBroker();
    const { uplink, events } = started(await aJournal(), [broker.url]);
    await expect.poll(() => uplink.status().connected, patiently).toBe(true);
    expect(uplink.status().isNameTaken).toBe(false);
    broker.disconnect(0x8e);
    const told =
      /broker-lost: the broker ended the connection: session taken over \(0x8e\).*\nname-taken: another client connected as hub-1: is there a second hub with this name, or a copy of its card\?/;
    await expect.poll(() => reasons(events), patiently).toMatch(told);
    expect(uplink.status().isNameTaken).toBe(true);
    await expect.poll(() => uplink.status().connected, patiently).toBe(true);
  });
});

describe('a broker that says why it ends a connection', () => {
  it.each([
    ['server shutting down', 'the next', 0x8b],
    ['server moved', 'the next', 0x9d],
    ['server busy', 'the next', 0x89],
    ['keep alive timeout', 'the same', 0x8d],
  ])('%s: the hub goes to %s', async (words, where, code) => {
    const [first, second] = [await scriptedBroker(), await scriptedBroker()];
    const { uplink, events } = started(await aJournal(), [first.url, second.url]);
    await expect.poll(() => uplink.status().connected, patiently).toBe(true);
    first.disconnect(code);
    const chosen = where === 'the next' ? second : first;
    const before = where === 'the next' ? 0 : 1;
    await expect.poll(() => chosen.connections, patiently).toBeGreaterThan(before);
    expect(reasons(events)).toContain(words);
  });
});

describe('a broker that is at its limits', () => {
  it.each([
    ['quota exceeded', 0x97],
    ['implementation specific error', 0x83],
  ])('%s, is waited for: no entry is given up', async (_, code) => {
    let refused = 0;
    const broker = await scriptedBroker({
      answer: ({ topic }) => (topic.endsWith('/event') && refused++ < 40 ? code : 0),
    });
    const journal = await aJournal();
    await journal.append(drafts('a', 10));
    const { uplink, events } = started(journal, [broker.url]);
    await expect.poll(() => uplink.status().acked, patiently).toBe(10);
    expect(events.map(({ name }) => name)).toEqual(['broker-connected']);
  });

  it.each([1, 2, 5])('and takes %i at a time gets no more', async (receiveMaximum) => {
    let waiting = 0;
    let most = 0;
    const broker = await scriptedBroker({
      receiveMaximum,
      answer: () => {
        waiting += 1;
        most = Math.max(most, waiting);
        setImmediate(() => waiting--);
        return 0;
      },
    });
    const journal = await aJournal();
    await journal.append([...drafts('a', 300), draft('alert', 'alert')]);
    const { uplink } = started(journal, [broker.url]);
    await expect.poll(() => uplink.status().acked, patiently).toBe(301);
    expect(most).toBeLessThanOrEqual(receiveMaximum);
  });
});

describe('an entry at which the broker hangs up each time', () => {
  it('is found, told of and passed by; the others arrive', async () => {
    // As a broker does with a limit that it does not announce.
    const broker = await aedes({
      authorizePublish: (_, { payload }, done) => done(payload.includes('poison') ? new Error('too large') : null),
    });
    const journal = await aJournal();
    await journal.append([...drafts('a', 30), draft('poison'), ...drafts('b', 30)]);
    const there = await hospital(broker.url, HUB, 4);
    const { uplink, events } = started(journal, [broker.url]);
    await expect
      .poll(() => distinct(there.seqs()), { timeout: 25_000, interval: 50 })
      .toEqual([...upTo(30), ...upTo(62).slice(31)]);
    expect(reasons(events)).toMatch(
      /entry-undeliverable: entry 31 \(event\): the connection ended each time it was sent/,
    );
    const [gap] = there.on('gap').map(({ text }) => JSON.parse(text).body);
    expect(gap).toMatchObject({ cause: 'undeliverable', from: 31, to: 31 });
    await expect.poll(() => uplink.status().acked, patiently).toBe(62);
  }, 40_000);
});

describe.skipIf(!hasMosquitto)('what the hospital rejects', () => {
  it('is a dead letter: explained, never sent again by itself, and there when it is asked for', async () => {
    const broker = await mosquitto();
    await broker.start();
    const journal = await aJournal();
    await journal.append(drafts('a', 10));
    const there = await hospital(broker.url, HUB);
    started(journal, [broker.url]);
    await expect.poll(() => there.seqs(), patiently).toEqual(upTo(10));
    await there.say('receipt', {
      ranges: [
        [1, 4],
        [6, 10],
      ],
      rejected: [{ seq: 5, why: 'unknown metric' }],
    });
    await expect
      .poll(() => there.on('gap').map(({ text }) => JSON.parse(text).body), patiently)
      .toEqual([
        { cause: 'undeliverable', from: 5, to: 5, count: 1, detail: 'the hospital rejects it: unknown metric' },
      ]);
    await there.say('command', { id: 'again', name: 'resend', args: { ranges: [[5, 5]] } });
    await expect.poll(() => there.seqs(), patiently).toEqual([...upTo(11), 5]);
  });
});

describe.skipIf(!hasMosquitto)('alerts without a receipt', () => {
  it('are counted with the age of the oldest, and those that are over concern nobody at home', async () => {
    const broker = await mosquitto();
    await broker.start();
    const journal = await aJournal();
    await journal.append([alerted({ at: 0 }, 'start', 'a'), alerted({ at: 1 }, 'start', 'b')]);
    const there = await hospital(broker.url, HUB);
    const { uplink } = started(journal, [broker.url]);
    await journal.append([alerted({ at: 2 }, 'end', 'a')]);
    await expect.poll(() => there.seqs(), patiently).toHaveLength(3);
    await expect.poll(() => uplink.status().alertsOwed.count, patiently).toBe(3);
    const { alertsOwed, oldestStandingAlertMs = 0 } = uplink.status();
    expect(alertsOwed.oldestMs).toBeGreaterThan(0);
    expect(oldestStandingAlertMs).toBeGreaterThan(0);
    await there.say('receipt', { ranges: [[2, 2]] });
    await expect.poll(() => uplink.status().alertsOwed.count, patiently).toBe(2);
    expect(uplink.status().oldestStandingAlertMs).toBeUndefined();
    await there.say('receipt', { upTo: 3 });
    await expect.poll(() => uplink.status().alertsOwed, patiently).toEqual({ count: 0 });
  });
});

describe.skipIf(!hasMosquitto)('seventy thousand', () => {
  it('are more than there are packet identifiers, and all arrive', async () => {
    const broker = await mosquitto(['max_inflight_messages 1000']);
    await broker.start();
    const journal = await aJournal();
    for (let i = 0; i < 70; i++) await journal.append(stream(i * 1_000, 1_000));
    const there = await hospital(broker.url, HUB);
    started(journal, [broker.url]);
    await expect.poll(() => there.heard.length, { timeout: 50_000, interval: 200 }).toBeGreaterThanOrEqual(70_003);
    expect(distinct(there.seqs())).toEqual(upTo(70_000));
  }, 60_000);
});
