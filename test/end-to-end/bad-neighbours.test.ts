/** Devices that say nothing, or never stop: they are counted and missed, and nobody else is troubled by them. */
import { afterAll, afterEach, expect, test } from 'vitest';
import { randomFrom, realWorld } from '../../agent/world.ts';
import { alarisGhSerialSimulator } from '../../simulators/devices/alaris-gh-serial.ts';
import type { Ledger, Place, SerialEnd } from '../../simulators/devices/contract.ts';
import { startBroker } from '../../simulators/hospital/broker.ts';
import { type Hospital, startHospital } from '../../simulators/hospital/hospital.ts';
import { startRadio } from '../../simulators/radio/radio.ts';
import { openPty } from '../../simulators/serial/pty.ts';
import { closeHomes, HUB, openFolder, openHome } from './home.ts';
import { endAll, start, within } from './program.ts';

const world = realWorld();
const LIMIT_MS = 60_000;
const DISCARD: Ledger = { sent: () => undefined, acknowledged: () => undefined, doing: () => undefined };
const PUMP = { driver: 'alaris-gh-serial', pollSeconds: 0.5 } as const;

const open: { close(): Promise<void> | void }[] = [];
afterEach(async () => {
  await endAll();
  for (const one of open.splice(0).reverse()) await one.close();
});
afterAll(closeHomes);

interface Ward {
  readonly broker: string;
  readonly hospital: Hospital;
  /** Resolves when an entry came that fits, also one that came before. */
  entry(what: string, fits: (text: string) => boolean): Promise<string>;
  /** Counters of each device, asked of the hub. */
  counters(): Promise<Readonly<Record<string, Counters>>>;
}

interface Counters {
  readonly measured: number;
  readonly ignored: number;
  readonly malformed: number;
  readonly noiseBytes: number;
}

async function openWard(): Promise<Ward> {
  const broker = await startBroker();
  const texts: string[] = [];
  const waiters = new Set<() => void>();
  const hospital = await startHospital({
    world,
    broker: broker.url,
    hub: HUB,
    onEntry: (entry) => {
      texts.push(JSON.stringify(entry));
      for (const look of waiters) look();
    },
  });
  open.push({ close: broker.stop }, hospital);

  function entry(what: string, fits: (text: string) => boolean): Promise<string> {
    const found = new Promise<string>((resolve) => {
      const look = (): void => {
        const match = texts.find(fits);
        if (match === undefined) return;
        waiters.delete(look);
        resolve(match);
      };
      waiters.add(look);
      look();
    });
    return within(20_000, () => `${what} never came to the hospital`, found);
  }

  async function counters(): Promise<Readonly<Record<string, Counters>>> {
    const id = await hospital.command(HUB, 'diagnose');
    for (let looks = 0; looks < 200; looks++) {
      const reply = hospital.account(HUB)?.replies.find(({ command }) => command === id);
      if (reply) return (reply['detail'] as { devices: Readonly<Record<string, Counters>> }).devices;
      await world.sleep(50); // replies have no event of their own
    }
    throw new Error('the hub did not answer "diagnose"');
  }
  return { broker: broker.url, hospital, entry, counters };
}

async function port(): Promise<SerialEnd> {
  const end = await openPty();
  open.push(end);
  return end;
}

/** A pump that does what it should, on a line of its own. */
async function goodPump(): Promise<string> {
  const end = await port();
  const place: Place = {
    world,
    openPort: () => Promise.resolve(end),
    addPeripheral: () => {
      throw new Error('no radio here');
    },
    cardFolder: () => '/nowhere',
  };
  const pump = await alarisGhSerialSimulator.play(place, 'pump', alarisGhSerialSimulator.scenarios.steady, DISCARD);
  open.push({ close: pump.stop });
  return end.path;
}

const reading = (device: string) => (text: string) =>
  text.includes('"kind":"reading"') && text.includes(`"device":"${device}"`);

test('a line full of random bytes, faster than any pump talks: counted, and the pump beside it is read on', {
  timeout: LIMIT_MS,
}, async () => {
  const ward = await openWard();
  const [flood, path] = [await port(), await goodPump()];
  const home = openHome({
    broker: ward.broker,
    devices: [
      { id: 'pump', port: path, ...PUMP },
      { id: 'flood', port: flood.path, ...PUMP },
    ],
  });
  const agent = start('run', ...home.config);
  await ward.entry('the first reading', reading('pump'));

  const random = randomFrom(11);
  let given = 0;
  function pour(): void {
    const bytes = Uint8Array.from({ length: 2_000 }, () => Math.floor(random() * 256));
    given += bytes.length;
    flood.write(bytes);
  }
  // 100 kB in a second: twenty times what the line's 38 400 baud could carry.
  for (let pieces = 0; pieces < 50; pieces++) {
    pour();
    await world.sleep(20);
  }
  const before = (await ward.counters())['pump']?.measured ?? 0;
  let after: Readonly<Record<string, Counters>> = {};
  for (let looks = 0; looks < 20 && (after['pump']?.measured ?? 0) < before + 14; looks++) {
    pour();
    after = await ward.counters();
    await world.sleep(250);
  }
  expect(after['pump']?.measured, 'the good pump is read all the while').toBeGreaterThanOrEqual(before + 14);
  expect(after['pump']).toMatchObject({ malformed: 0, noiseBytes: 0 });
  expect(after['flood']?.measured).toBe(0);
  expect(after['flood']?.noiseBytes).toBeGreaterThan(given / 4);
  expect(after['flood']?.malformed).toBeGreaterThan(0);

  const account = ward.hospital.account(HUB);
  expect(account).toMatchObject({ missing: 0, refused: 0 });
  // Bad frames are told a few times and then only counted: noise must not fill disk and wire.
  expect(account?.byDevice['flood']?.event ?? 0).toBeLessThan(20);
  expect((await agent.end()).code).toBe(0);
});

test('a device that says nothing: missed by the silence rule, and in the care level', {
  timeout: LIMIT_MS,
}, async () => {
  const ward = await openWard();
  const [mute, path] = [await port(), await goodPump()];
  let questions = 0;
  mute.onBytes(() => {
    questions++;
  });
  const rule = { kind: 'silence', withinSeconds: 5, zone: 'yellow', priority: 'medium' };
  const home = openHome({
    broker: ward.broker,
    devices: [
      { id: 'pump', port: path, ...PUMP },
      { id: 'mute', port: mute.path, ...PUMP },
    ],
    rules: [
      { id: 'mute-silent', device: 'mute', text: 'The pump has stopped reporting.', ...rule },
      { id: 'pump-silent', device: 'pump', text: 'The other pump has stopped reporting.', ...rule },
    ],
  });
  const agent = start('run', ...home.config);
  const alert = await ward.entry('the alert', (text) => text.includes('"kind":"alert"'));
  expect(JSON.parse(alert)).toMatchObject({
    body: { rule: 'mute-silent', phase: 'start', type: 'technical', device: 'mute', zone: 'yellow' },
  });
  expect(questions).toBeGreaterThan(3);
  expect(ward.hospital.account(HUB)?.state).toMatchObject({
    level: 'not-monitored',
    cause: 'device-not-heard',
    device: 'mute',
  });
  const devices = await ward.counters();
  expect(devices['mute']).toEqual({ measured: 0, ignored: 0, malformed: 0, noiseBytes: 0 });
  expect(devices['pump']?.measured).toBeGreaterThan(20);
  expect((await agent.end()).code).toBe(0);
});

test('a radio that speaks no HCI: told in words, tried again, and the pump is read', {
  timeout: LIMIT_MS,
}, async () => {
  const ward = await openWard();
  const path = await goodPump();
  const socket = `${openFolder()}/radio.sock`;
  const { createServer } = await import('node:net');
  let visits = 0;
  const server = createServer((visitor) => {
    visits++;
    visitor.on('error', () => undefined);
    visitor.on('data', () => visitor.write(Buffer.alloc(300, 0x5a)));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  open.push({ close: () => void server.close() });
  const home = openHome({
    broker: ward.broker,
    hci: `h4:unix:${socket}`,
    devices: [
      { id: 'pump', port: path, ...PUMP },
      { id: 'oximeter', driver: 'bluetooth-sig-pulse-oximeter' },
    ],
  });
  const agent = start('run', ...home.config);
  await agent.line('err', /radio-down: .*0x5a/);
  await ward.entry('a reading', reading('pump'));

  // The right radio takes the place of the wrong one, and is found without a restart.
  await new Promise<void>((resolve) => server.close(() => resolve()));
  expect(visits).toBeGreaterThan(0);
  open.push(await startRadio({ world, listen: `unix:${socket}` }));
  await agent.line('err', /radio-up/, 30_000);
  expect((await agent.end()).code).toBe(0);
});
