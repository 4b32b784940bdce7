/** A settings folder that is not right: everything wrong with it is said at once, and a last good copy keeps the hub running. */
import { afterAll, expect, test } from 'vitest';
import { closeHomes, HUB, NOBODY, openHome } from './home.ts';
import { endAll, hjemmebro, start } from './program.ts';

afterAll(async () => {
  await endAll();
  closeHomes();
});

test.concurrent('no folder at all', async () => {
  for (const command of [['run'], ['journal'], ['import', '/tmp']]) {
    const { code, out, err } = await hjemmebro(...command, '--config', '/nowhere');
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toMatch(/there is no \/nowhere\/hub\.json; copy config\/example\/hub\.json/);
    expect(err).not.toMatch(/^ +at /m);
  }
});

/** Path, what was found, what was expected. */
const COMPLAINTS: readonly RegExp[] = [
  /^hub\.json: hub: .*; expected a handle/m,
  /^hub\.json: timezone: unknown key; did you mean "timeZone"\?/m,
  /^hub\.json: timeZone: missing; add "timeZone"/m,
  /^hub\.json: journal\.path: missing; add "path"/m,
  /^hub\.json: journal\.pth: unknown key; did you mean "path"\?/m,
  /^hub\.json: ble\.hci: found "usb"; expected "native"/m,
  /^hub\.json: uplink\.brokers\[0\]: found "http:\/\/broker"; expected "mqtts/m,
  /^hub\.json: uplink\.inflight: found 5000; expected .*1 to 1000/m,
  /^hub\.json: devices\[0\]\.driver: no driver "bluetooth-sig-pulse-oximter"; did you mean "bluetooth-sig-pulse-oximeter"\?/m,
  /^hub\.json: devices\[0\]\.adress: unknown key; did you mean "address"\?/m,
  /^hub\.json: devices\[1\]\.port: missing; add "port"/m,
  /^hub\.json: devices\[1\]\.pollSeconds: found "5"; expected .*0\.5 to 3600/m,
  /^hub\.json: devices\[1\]\.folder: of no use to alaris-gh-serial/m,
  /^hub\.json: devices\[2\]\.id: the id of devices\[1\] as well/m,
  /^hub\.json: log\.level: found "loud"; expected debug, info, warn or error/m,
];

test.concurrent('many typos: each is named with its path and what was expected', async () => {
  const home = openHome({ devices: [] });
  home.write('hub.json', {
    hub: 'Ola Nordmann',
    timezone: 'Europe/Oslo',
    journal: { pth: 'state/journal' },
    ble: { hci: 'usb' },
    uplink: { brokers: ['http://broker'], inflight: 5000 },
    devices: [
      { id: 'ox', driver: 'bluetooth-sig-pulse-oximter', adress: 'aa:bb:cc:dd:ee:ff' },
      { id: 'pump', driver: 'alaris-gh-serial', pollSeconds: '5', folder: '/media' },
      { id: 'pump', driver: 'resmed-card', folder: '/media' },
    ],
    log: { level: 'loud' },
  });
  const { code, out, err } = await hjemmebro('run', ...home.config);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  for (const complaint of COMPLAINTS) expect(err).toMatch(complaint);
  expect(err.trimEnd().split('\n')).toHaveLength(COMPLAINTS.length + 1);
  expect(err).toMatch(/nothing to run with: mend .* and start again\n$/);
});

test.concurrent('not JSON: the place is named', async () => {
  const home = openHome({ devices: [] });
  home.write('hub.json', `{\n  "hub": "${HUB}",\n  "timeZone": "Europe/Oslo"\n  "devices": []\n}`);
  const { code, err } = await hjemmebro('run', ...home.config);
  expect(code).toBe(1);
  expect(err).toMatch(/^hub\.json: line 4, column 3: not JSON; a comma or } was expected/);
});

test.concurrent('a bad edit of settings and plan does not stop the hub: the last good ones stay in force, and the hospital is told', async () => {
  const home = openHome({ devices: [{ id: 'cpap', driver: 'resmed-card', folder: 'reader' }] });
  const first = start('run', ...home.config);
  await first.line('err', /plan-in-force: test@1/);
  expect((await first.end()).code).toBe(0);

  home.write('hub.json', { hub: HUB, timeZone: 'Europe/Osl', journal: { path: 'state/journal' } });
  home.write('care-plan.json', { id: 'test', version: 2, language: 'en', rules: [{ id: 'low', kind: 'limt' }] });
  const second = start('run', ...home.config);
  await second.line('err', /hub hub-test-1 is up with 1 device;/);
  const { code, err } = await second.end();
  expect(code).toBe(0);
  expect(err).toMatch(/^hub\.json: timeZone: found "Europe\/Osl"; expected IANA/m);
  expect(err).toMatch(/^hub\.json: uplink: missing; add "uplink"/m);
  expect(err).toMatch(/^care-plan\.json: rules\[0\]\.kind: found "limt"; expected/m);
  expect(err).toMatch(/hub\.json was refused; the last good settings stay in force/);
  expect(err).toMatch(/care-plan\.json was refused; the last good plan stays in force/);

  const { out } = await hjemmebro('journal', ...home.config, '--json');
  expect(out).toMatch(/"name":"settings-refused","cause":"hub\.json: timeZone: found/);
  expect(out).toMatch(/"name":"settings-refused","cause":"care-plan\.json: rules\[0\]\.kind/);
  expect(out).toMatch(new RegExp(`"broker-not-reachable".*${new URL(NOBODY).host}`));
});
