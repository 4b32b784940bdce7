/** A hub that starts on a disk it cannot use: it watches from memory, says so, and when the disk is there nothing of it is lost. */
import { rmSync } from 'node:fs';
import { afterAll, afterEach, expect, test } from 'vitest';
import type { Entry } from '../../agent/reading/entry.ts';
import { realWorld } from '../../agent/world.ts';
import { alarisGhSerialSimulator } from '../../simulators/devices/alaris-gh-serial.ts';
import type { Ledger, Place } from '../../simulators/devices/contract.ts';
import { startBroker } from '../../simulators/hospital/broker.ts';
import { startHospital } from '../../simulators/hospital/hospital.ts';
import { openPty } from '../../simulators/serial/pty.ts';
import { closeHomes, HUB, openHome } from './home.ts';
import { endAll, start, within } from './program.ts';

const world = realWorld();
const DISCARD: Ledger = { sent: () => undefined, acknowledged: () => undefined, doing: () => undefined };
const OCCLUSION = {
  id: 'pump-occlusion',
  kind: 'fault',
  metric: 'MDCX_PUMP_ALARM',
  codes: ['AL_OCCL'],
  clear: ['AL_NOALM'],
  zone: 'red',
  priority: 'high',
  text: 'The line of the pump is blocked.',
};

const open: { close(): Promise<void> | void }[] = [];
afterEach(async () => {
  await endAll();
  for (const one of open.splice(0).reverse()) await one.close();
});
afterAll(closeHomes);

/** Resolves when it holds; nothing tells us when to look. */
function until(what: string, holds: () => boolean): Promise<void> {
  const look = async (): Promise<void> => {
    while (!holds()) await world.sleep(50);
  };
  return within(30_000, () => `${what}: never`, look());
}

test('alerts are told from memory, and readings, alerts and acknowledgements follow when there is a disk', {
  timeout: 90_000,
}, async () => {
  const broker = await startBroker();
  const entries: Entry[] = [];
  const onEntry = (entry: Entry, taken: 'new' | 'again'): void => {
    if (taken === 'new') entries.push(entry);
  };
  const hospital = await startHospital({ world, broker: broker.url, hub: HUB, onEntry });
  open.push({ close: broker.stop }, hospital);
  const end = await openPty();
  const place: Place = {
    world,
    openPort: async () => end,
    addPeripheral: () => {
      throw new Error('there is no radio here');
    },
    cardFolder: (device) => `/nowhere/${device}`,
  };
  const pump = await alarisGhSerialSimulator.play(place, 'pump', alarisGhSerialSimulator.scenarios.occlusion, DISCARD);
  open.push(end, { close: pump.stop });
  const home = openHome({
    broker: broker.url,
    devices: [{ id: 'pump', driver: 'alaris-gh-serial', port: end.path, pollSeconds: 0.5 }],
    rules: [OCCLUSION],
  });
  // A file where the folder of the journal should be: nothing can be made in it.
  home.write('state', 'not a folder');

  const agent = start('run', ...home.config);
  await agent.line('err', /cannot open the journal .*Until then the hub runs from memory/);
  await agent.line('err', /is up with 1 device; from memory, without a journal/);
  const state = (): Readonly<Record<string, unknown>> => hospital.account(HUB)?.state ?? {};
  await until('the alert in up/state', () => JSON.stringify(state()['unsavedAlerts'] ?? '').includes('pump-occlusion'));
  expect(state()).toMatchObject({ level: 'local-only', cause: 'journal-not-writable' });
  await until('the condition', () => JSON.stringify(state()['conditions'] ?? '').includes('hub-journal-not-writable'));
  expect(entries).toEqual([]);

  rmSync(home.path('state'));
  await agent.line('err', /is up with 1 device; journal at \d+/);
  await until('all phases of the alert', () => phases(entries, 'pump-occlusion').length >= 2);
  await until('the end of the condition', () => phases(entries, 'hub-journal-not-writable').length >= 2);
  expect(phases(entries, 'pump-occlusion')).toEqual(['start', 'end']);
  expect(phases(entries, 'hub-journal-not-writable')).toEqual(['start', 'end']);
  // What was measured before there was a disk has come, in the order it was measured.
  const codes = entries.flatMap(({ kind, body }) => (kind === 'reading' && 'code' in body ? [body.code] : []));
  expect(codes.filter((code) => code === 'AL_OCCL').length).toBeGreaterThan(0);
  expect(hospital.account(HUB)).toMatchObject({ missing: 0, refusals: [] });
  await until('a level that is well', () => state()['cause'] !== 'journal-not-writable');
  expect(state()).not.toHaveProperty('unsavedAlerts');
  expect((await agent.end()).code).toBe(0);
});

function phases(entries: readonly Entry[], rule: string): readonly string[] {
  return entries.flatMap(({ kind, body }) => (kind === 'alert' && body.rule === rule ? [body.phase] : []));
}
