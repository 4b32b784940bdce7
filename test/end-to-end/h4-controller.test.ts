/** The agent reads devices that another H4 controller serves, over a Unix socket and over TCP (design.md, Bluetooth attachment). */
import { afterAll, afterEach, expect, test } from 'vitest';
import { realWorld } from '../../agent/world.ts';
import { bluetoothSigPulseOximeterSimulator } from '../../simulators/devices/bluetooth-sig-pulse-oximeter.ts';
import { type Broker, startBroker } from '../../simulators/hospital/broker.ts';
import { type Radio, startRadio } from '../../simulators/radio/radio.ts';
import { type BlenoDevice, blenoDevice } from '../radio/bleno-device.ts';
import { closeHomes, HUB, openHome } from './home.ts';
import { observe } from './observer.ts';
import { endAll, hjemmebro, jsonLines, start, within } from './program.ts';

const world = realWorld();
const LIMIT_MS = 60_000;
const OXIMETER = 'bluetooth-sig-pulse-oximeter';

const open: { close(): Promise<void> | void }[] = [];
afterEach(async () => {
  await endAll();
  for (const one of open.splice(0).reverse()) await one.close();
});
afterAll(closeHomes);

async function broker(): Promise<Broker> {
  const started = await startBroker();
  open.push({ close: started.stop });
  return started;
}

async function tcpRadio(): Promise<Radio> {
  const radio = await startRadio({ world, listen: 'tcp:127.0.0.1:0' });
  open.push(radio);
  return radio;
}

test('three processes: a device behind h4:unix, the agent, and whoever reads its journal', {
  timeout: LIMIT_MS,
}, async () => {
  const hospital = await broker();
  const home = openHome({ devices: [], broker: hospital.url });
  const device = start('simulate', OXIMETER, '--port', home.path('radio.sock'));
  const how = await device.line('out', /^reach it with/);
  const [, hci = '', address = ''] = /"hci": "([^"]+)".*"address": "([^"]+)"/.exec(how) ?? [];
  expect(hci).toBe(`h4:unix:${home.path('radio.sock')}`);

  const bed = openHome({ devices: [{ id: 'finger', driver: OXIMETER, address }], broker: hospital.url, hci });
  const observer = await observe(world, hospital.url, HUB);
  open.push(observer);
  const agent = start('run', ...bed.config);
  await agent.line('err', /hub hub-test-1 is up with 1 device;/);

  const follower = start('journal', ...bed.config, '--json', '--follow');
  const [saturation, pulse] = [
    await follower.line('out', /"kind":"reading".*"metric":"MDC_PULS_OXIM_SAT_O2".*"value":"96\.0"/),
    await follower.line('out', /"kind":"reading".*"metric":"MDC_PULS_OXIM_PULS_RATE".*"value":"70\.0"/),
  ];
  expect(JSON.parse(saturation)).toMatchObject({
    v: 1,
    hub: HUB,
    body: { device: 'finger', driver: OXIMETER, mdc: 150456, unit: '%', effective: { from: 'hub' } },
  });
  expect(JSON.parse(pulse)).toMatchObject({ body: { device: 'finger', mdc: 149530, unit: '/min' } });
  // New entries come while it follows.
  const { seq } = JSON.parse(saturation) as { seq: number };
  await follower.line('out', new RegExp(`"seq":${seq + 8},`));
  expect((await follower.end()).code).toBe(0);

  const { code, out, err } = await hjemmebro('journal', ...bed.config, '--json', '--from', String(seq));
  expect({ code, err }).toEqual({ code: 0, err: '' });
  const lines = jsonLines(out);
  expect(lines[0]).toEqual(JSON.parse(saturation));
  expect(lines.map((line) => line['seq'])).toEqual(lines.map((_, at) => seq + at));

  expect((await agent.end()).code).toBe(0);
  // What was in the journal went to the hospital as it lay there, to the byte.
  for (const line of out.trimEnd().split('\n')) {
    expect(observer.texts.get((JSON.parse(line) as { seq: number }).seq)).toBe(line);
  }
});

test('h4:tcp, and a device that is found by what it advertises', { timeout: LIMIT_MS }, async () => {
  const radio = await tcpRadio();
  expect(radio.address).toMatch(/^h4:tcp:127\.0\.0\.1:\d+$/);
  const place = {
    world,
    addPeripheral: radio.addPeripheral,
    openPort: () => Promise.reject(new Error('no port here')),
    cardFolder: () => '/nowhere',
  };
  const confirmed: string[] = [];
  const script = bluetoothSigPulseOximeterSimulator.scenarios['memory'];
  if (!script) throw new Error('the oximeter has no scenario "memory"');
  const oximeter = await bluetoothSigPulseOximeterSimulator.play(place, 'oximeter', script, {
    sent: () => undefined,
    acknowledged: (measurements) => confirmed.push(...measurements.map(({ metric }) => metric)),
    doing: () => undefined,
  });
  open.push({ close: oximeter.stop });
  const home = openHome({ devices: [{ id: 'finger', driver: OXIMETER }], hci: radio.address });
  const agent = start('run', ...home.config);
  await within(20_000, () => `the stored spot-check was not fetched: ${agent.err}`, oximeter.done);
  // The device was told that its record is safe; it must be, with the plug pulled this moment.
  await agent.end('SIGKILL');
  const { out } = await hjemmebro('journal', ...home.config, '--json');
  const readings = jsonLines(out).filter((line) => line['kind'] === 'reading');
  expect(confirmed.length).toBeGreaterThan(1);
  expect(readings.map((line) => (line['body'] as { metric: string }).metric)).toEqual(confirmed);
  expect(readings[0]).toMatchObject({ body: { value: '94.0', deviceTime: '2026-03-01T06:30:00' } });
});

test('a peripheral no one here wrote: bleno, as a pulse oximeter', { timeout: LIMIT_MS }, async () => {
  const radio = await tcpRadio();
  const device: BlenoDevice = await blenoDevice(radio.address);
  open.push({ close: () => void device.stream.destroy() });
  // The vector of the driver: SpO2 100.0, pulse 90.0.
  const value = Buffer.from('00E8F384F3', 'hex');
  await device.offer('Bleno', '1822', [
    { uuid: '2a5f', properties: ['notify'], onSubscribe: (_, push) => push(value) },
    { uuid: '2a60', properties: ['read'], onReadRequest: (_, reply) => reply(0, Buffer.from([0, 0])) },
  ]);
  const devices = [{ id: 'bleno', driver: OXIMETER, address: device.bleno.address }];
  const home = openHome({ devices, hci: radio.address });
  const agent = start('run', ...home.config);
  await agent.line('err', /is up with 1 device;/);
  const follower = start('journal', ...home.config, '--json', '--follow');
  await follower.line('out', /"device":"bleno".*"metric":"MDC_PULS_OXIM_SAT_O2".*"value":"100\.0"/);
  await follower.line('out', /"device":"bleno".*"metric":"MDC_PULS_OXIM_PULS_RATE".*"value":"90\.0"/);
  await follower.end();
  // Invariant 13: whose address it is, nobody reads in a log or at the hospital.
  const { out } = await hjemmebro('journal', ...home.config, '--json');
  expect(agent.err + out).not.toMatch(/([0-9a-f]{2}:){5}[0-9a-f]{2}/i);
  expect((await agent.end()).code).toBe(0);
});
