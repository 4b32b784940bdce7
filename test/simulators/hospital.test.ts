/** The simulated hospital behind real brokers: the embedded one, and mosquitto where the machine has it. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { realWorld } from '../../agent/world.ts';
import { type Broker, startBroker } from '../../simulators/hospital/broker.ts';
import { type HospitalOptions, startHospital } from '../../simulators/hospital/hospital.ts';
import { findMosquitto, startMosquitto } from '../../simulators/hospital/mosquitto.ts';
import { type MqttWire, openMqtt } from '../../simulators/hospital/mqtt.ts';

const world = realWorld();
const hasMosquitto = findMosquitto() !== undefined;
const { CI } = process.env;
const inCi = CI === 'true';

const folders: string[] = [];
async function newFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'hjemmebro-mosquitto-'));
  folders.push(dir);
  return dir;
}
afterAll(async () => {
  for (const dir of folders) await rm(dir, { recursive: true });
});

describe.each([
  ['aedes', '3.1.1', () => startBroker()],
  ['mosquitto', '5.0', async () => startMosquitto({ world, dir: await newFolder() })],
] as const)('%s', (name, version, start) => {
  if (name === 'mosquitto' && !hasMosquitto && !inCi) {
    process.stdout.write('mosquitto is not installed: its tests are skipped (apt-get install mosquitto)\n');
    test.skip('mosquitto is not installed', () => undefined);
    return;
  }
  let broker: Broker;
  const open: { close(): Promise<void> }[] = [];
  let hubNumber = 0;
  beforeAll(async () => {
    broker = await start();
  });
  afterEach(async () => {
    for (const each of open.splice(0)) await each.close();
  });
  afterAll(async () => {
    await broker.stop();
  });

  /** A hub written by hand: says what the test tells it, and remembers what came down. */
  async function startHub() {
    hubNumber += 1;
    const hub = `hub-${name}-${hubNumber}`;
    const mail = mailbox();
    const root = `hjemmebro/v1/${hub}`;
    const wire: MqttWire = await openMqtt({
      world,
      url: broker.url,
      clientId: hub,
      topics: [`${root}/down/#`],
      onMessage: (topic, payload) =>
        mail.put({ topic: topic.slice(root.length + 1), text: new TextDecoder().decode(payload) }),
      onUp: () => mail.put({ topic: 'connected', text: '' }),
      onDown: () => mail.put({ topic: 'lost', text: '' }),
    });
    open.push(wire);
    const say = (seq: number, kind = 'reading', body: object = { device: 'scale-1', value: '80.1' }): Promise<void> => {
      const entry = { v: 1, hub, seq, id: `${hub}-${seq}`, kind, at: '2026-03-02T08:00:00.000Z', body };
      return wire.publish(`${root}/up/${kind}`, JSON.stringify(entry));
    };
    const tell = (what: string, value: object): Promise<void> =>
      wire.publish(`${root}/up/${what}`, JSON.stringify(value), true);
    return { hub, say, tell, mail };
  }

  async function openHospital(options: Partial<HospitalOptions> = {}) {
    const hospital = await startHospital({ world, broker: broker.url, resendAfterMs: 100, ...options });
    open.push(hospital);
    return hospital;
  }

  test(`speaks MQTT ${version}`, () => {
    expect(broker.mqtt).toBe(version);
    expect(broker.url).toMatch(/^mqtt:\/\/127\.0\.0\.1:\d+$/);
  });

  test('entries are confirmed up to the last of a contiguous sequence', async () => {
    const hospital = await openHospital();
    const { hub, say, mail } = await startHub();
    for (let seq = 1; seq <= 250; seq++) await say(seq);
    await mail.next(({ topic, text }) => topic === 'down/receipt' && text === '{"upTo":250}');
    const account = hospital.account(hub);
    expect(account).toMatchObject({
      received: 250,
      contiguous: 250,
      missing: 0,
      duplicates: 0,
      refused: 0,
      resendsAsked: 0,
    });
    expect(account?.byDevice).toEqual({ 'scale-1': { reading: 250 } });
    expect(account?.receiptsSent).toBeLessThanOrEqual(250);
    expect(hospital.lastOf(hub, 'scale-1').at(-1)).toMatchObject({ seq: 250 });
  });

  test('a hole is found, asked for and filled', async () => {
    const hospital = await openHospital();
    const { hub, say, mail } = await startHub();
    for (const seq of [1, 2, 5]) await say(seq);
    await mail.next(({ text }) => text === '{"ranges":[[5,5]]}');
    const asked = await mail.next(({ topic }) => topic === 'down/command');
    expect(JSON.parse(asked.text)).toMatchObject({ name: 'resend', args: { ranges: [[3, 4]] } });
    for (const seq of [3, 4, 5]) await say(seq);
    await mail.next(({ text }) => text === '{"upTo":5}');
    expect(hospital.account(hub)).toMatchObject({ received: 5, contiguous: 5, holes: [], duplicates: 1 });
  });

  test('state, devices, health and replies are kept as told; alerts are all kept', async () => {
    const hospital = await openHospital();
    const { hub, say, tell, mail } = await startHub();
    await tell('state', { care: 'monitored' });
    await tell('device/scale-1', { model: 'A' });
    await tell('health', { frames: 1 });
    const id = await hospital.command(hub, 'identify');
    const command = await mail.next(({ topic }) => topic === 'down/command');
    expect(JSON.parse(command.text)).toMatchObject({ id, name: 'identify', args: {} });
    await tell('reply', { id, ok: true });
    await say(1, 'alert', { alert: 'a1', device: 'scale-1', phase: 'start' });
    await mail.next(({ text }) => text === '{"upTo":1}');
    expect(hospital.account(hub)).toMatchObject({
      state: { care: 'monitored' },
      devices: { 'scale-1': { model: 'A' } },
      health: { frames: 1 },
      replies: [{ id, ok: true }],
      alerts: [{ seq: 1, body: { alert: 'a1' } }],
    });
    expect(hospital.hubs()).toContain(hub);
    expect(hospital.account('never-heard')).toBeUndefined();
  });

  test('a plan waits for its hub, retained', async () => {
    const hospital = await openHospital();
    const { hub } = await startHub();
    await hospital.sendPlan(hub, '{"plan":1}');
    const late = mailbox();
    const topics = [`hjemmebro/v1/${hub}/down/plan`];
    open.push(
      await openMqtt({
        world,
        url: broker.url,
        clientId: `${hub}-late`,
        topics,
        onMessage: (topic, payload) => late.put({ topic, text: new TextDecoder().decode(payload) }),
      }),
    );
    expect((await late.next(() => true)).text).toBe('{"plan":1}');
  });

  test('one hub alone, and no receipts, where so asked', async () => {
    const { hub, say } = await startHub();
    const other = await startHub();
    const came = mailbox();
    const hospital = await openHospital({
      hub,
      receipts: false,
      onEntry: ({ seq }, taken) => came.put({ topic: taken, text: String(seq) }),
    });
    await other.say(1);
    await say(1);
    await say(1);
    await came.next(({ topic }) => topic === 'again');
    expect(hospital.hubs()).toEqual([hub]);
    expect(hospital.account(hub)).toMatchObject({ received: 1, duplicates: 1, receiptsSent: 0 });
  });

  test('when the broker was gone, both ends come back and go on', async () => {
    const hospital = await openHospital();
    const { hub, say, mail } = await startHub();
    await say(1);
    await mail.next(({ text }) => text === '{"upTo":1}');
    await broker.goAway();
    await mail.next(({ topic }) => topic === 'lost');
    await expect(say(2)).rejects.toThrow(/away/);
    await broker.comeBack();
    await mail.next(({ topic }) => topic === 'connected');
    let came = false;
    const confirmed = mail
      .next(({ text }) => text === '{"upTo":2}')
      .then(() => {
        came = true;
      });
    // A broker that forgot its sessions drops what is said before the hospital has subscribed again: say it until it is confirmed.
    while (!came) {
      await say(2);
      await world.sleep(50);
    }
    await confirmed;
    expect(hospital.account(hub)).toMatchObject({ received: 2, contiguous: 2, refused: 0 });
  });
});

test('a broker that is not there is an error that says what to do', async () => {
  const broker = await startBroker();
  await broker.stop();
  await expect(startHospital({ world, broker: broker.url })).rejects.toThrow(/is it running, and is the port right/);
});

test('a mosquitto that cannot start says why', async () => {
  const dir = await newFolder();
  await writeFile(join(dir, 'mosquitto'), '#!/bin/sh\necho no such option >&2\nexit 3\n', { mode: 0o755 });
  vi.stubEnv('PATH', dir);
  await expect(startMosquitto({ world, dir })).rejects.toThrow(/ended at once: no such option/);
  vi.unstubAllEnvs();
});

interface Mail {
  readonly topic: string;
  readonly text: string;
}

/** Keeps what came; `next` gives the first that fits and was not given before, as soon as it is there. */
function mailbox() {
  const kept: Mail[] = [];
  const waiting: { fits: (mail: Mail) => boolean; give: (mail: Mail) => void }[] = [];
  return {
    put: (mail: Mail): void => {
      const index = waiting.findIndex(({ fits }) => fits(mail));
      const [taker] = index < 0 ? [] : waiting.splice(index, 1);
      if (taker) taker.give(mail);
      else kept.push(mail);
    },
    next: (fits: (mail: Mail) => boolean): Promise<Mail> => {
      const index = kept.findIndex(fits);
      const [found] = index < 0 ? [] : kept.splice(index, 1);
      return found ? Promise.resolve(found) : new Promise((give) => waiting.push({ fits, give }));
    },
  };
}
