/** Settings and plans as people write them: what is good loads, and what is not is told all at once, with path and remedy. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Complaint, complaintText } from '../../agent/settings/complaint.ts';
import { checkPlan, loadPlan, type PlanContext } from '../../agent/settings/load-plan.ts';
import { checkSettings, type KnownDriver, loadSettings } from '../../agent/settings/load-settings.ts';
import { packageRoot } from '../../agent/settings/package-root.ts';
import { METRICS, type MetricName } from '../../agent/vocabulary/metrics.ts';

/** Four drivers with what the settings look at; the real ones are held by their own tests. */
function driver(id: string, kind: KnownDriver['link']['kind'], ...metrics: readonly MetricName[]): KnownDriver {
  const observes = Object.fromEntries(metrics.map((name) => [name, { cadence: 'spot' }]));
  return { id, link: { kind }, observes: observes as KnownDriver['observes'] };
}

const DRIVERS: readonly KnownDriver[] = [
  driver('bluetooth-sig-pulse-oximeter', 'ble', 'MDC_PULS_OXIM_SAT_O2', 'MDC_PULS_OXIM_PULS_RATE'),
  driver('bluetooth-sig-weight-scale', 'ble', 'MDC_MASS_BODY_ACTUAL'),
  driver('alaris-gh-serial', 'serial', 'MDCX_PUMP_ALARM', 'MDC_FLOW_FLUID_PUMP'),
  driver('resmed-card', 'card', 'MDC_SABTE_VOL_LEAK_P95'),
];

const GOOD = {
  hub: 'hub-1',
  timeZone: 'Europe/Oslo',
  journal: { path: 'journal' },
  ble: { hci: 'native' },
  uplink: { brokers: ['mqtt://127.0.0.1:1883'] },
  devices: [
    { id: 'oximeter', driver: 'bluetooth-sig-pulse-oximeter' },
    { id: 'pump', driver: 'alaris-gh-serial', port: '/dev/ttyUSB0' },
  ],
};
const [OXIMETER, PUMP] = GOOD.devices;
const CONTEXT: PlanContext = { devices: GOOD.devices, drivers: DRIVERS };

const LIMIT = {
  id: 'low',
  kind: 'limit',
  metric: 'MDC_PULS_OXIM_SAT_O2',
  low: '88.0',
  zone: 'red',
  priority: 'high',
  text: 'low',
};
const FAULT = {
  id: 'occl',
  kind: 'fault',
  metric: 'MDCX_PUMP_ALARM',
  codes: ['AL_OCCL*'],
  zone: 'red',
  priority: 'high',
  text: 'blocked',
};
const SILENCE = {
  id: 'quiet',
  kind: 'silence',
  device: 'pump',
  withinSeconds: 60,
  zone: 'yellow',
  priority: 'low',
  text: 'silent',
};
const plan = (...rules: readonly object[]) => ({ id: 'plan', version: 1, language: 'en', rules });

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hjemmebro-settings-'));
  folders.push(folder);
  return folder;
}

function texts(loaded: object): readonly string[] {
  return 'complaints' in loaded ? (loaded.complaints as readonly Complaint[]).map(complaintText) : [];
}
const settingsFaults = (value: unknown) => texts(checkSettings(JSON.stringify(value), '/etc/hjemmebro', DRIVERS));
const planFaults = (value: unknown) => texts(checkPlan(JSON.stringify(value), CONTEXT));

describe('the files in config/', () => {
  it.each(['example', 'demo'])('%s: the plan is good for devices of the example', (name) => {
    const loaded = loadSettings(join(packageRoot(), 'config', 'example'), DRIVERS);
    expect(texts(loaded)).toEqual([]);
    if (!('settings' in loaded)) return;
    const context = { devices: loaded.settings.devices, drivers: DRIVERS };
    expect(texts(loadPlan(join(packageRoot(), 'config', name), context))).toEqual([]);
  });
});

describe('settings', () => {
  it('takes relative paths from the settings folder', () => {
    const tls = { ca: 'tls/ca.pem', cert: '/abs/hub.pem', key: 'hub.key' };
    const value = {
      ...GOOD,
      uplink: { ...GOOD.uplink, tls },
      devices: [{ id: 'cpap', driver: 'resmed-card', folder: 'card' }],
    };
    const loaded = checkSettings(JSON.stringify(value), '/etc/hjemmebro', DRIVERS);
    expect(loaded).toMatchObject({
      settings: {
        journal: { path: '/etc/hjemmebro/journal' },
        uplink: { tls: { ca: '/etc/hjemmebro/tls/ca.pem', cert: '/abs/hub.pem', key: '/etc/hjemmebro/hub.key' } },
        devices: [{ folder: '/etc/hjemmebro/card' }],
      },
    });
  });

  it('tells everything that is wrong at once', () => {
    const faults = settingsFaults({
      hub: 5,
      timezone: 'Europe/Oslo',
      journal: { path: '' },
      uplink: { brokers: [], inflight: 0 },
      devices: [{ id: 'a', drver: 'x' }, { id: 'a', driver: 'alaris-gh-seral' }, 7],
      extra: 1,
    });
    expect(faults.map((fault) => fault.split(': ').slice(0, 3).join(': '))).toEqual([
      'hub.json: timeZone: missing; add "timeZone"',
      'hub.json: timezone: unknown key; did you mean "timeZone"?',
      'hub.json: extra: unknown key; known here',
      'hub.json: hub: found 5; expected a handle of 1 to 32 letters, digits and hyphens; never a name, MAC address or identity number',
      'hub.json: journal.path: found ""; expected folder of the journal, absolute or relative to the settings folder',
      'hub.json: uplink.brokers: found []; expected a list of 1 to 8 MQTT brokers, tried in order',
      'hub.json: uplink.inflight: found 0; expected unacknowledged publishes at a time, a whole number from 1 to 1000',
      'hub.json: devices[0].driver: missing; add "driver"',
      'hub.json: devices[0].drver: unknown key; did you mean "driver"?',
      'hub.json: devices[2]: found 7; expected a device, as { "id"',
      'hub.json: devices[1].id: the id of devices[0] as well; give each device its own id',
      'hub.json: devices[1].driver: no driver "alaris-gh-seral"; did you mean "alaris-gh-serial"? known',
    ]);
  });

  const device = (...devices: readonly object[]) => ({ devices });
  it.each<[string, object, string]>([
    ['zone', { timeZone: 'Europe/Olso' }, 'timeZone: found "Europe/Olso"'],
    ['an offset is no home', { timeZone: '+01:00' }, 'timeZone: found "+01:00"'],
    ['hci', { ble: { hci: 'h4:tcp:host' } }, 'ble.hci: found "h4:tcp:host"'],
    ['hci without path', { ble: { hci: 'h4:unix:' } }, 'ble.hci: found "h4:unix:"'],
    ['broker scheme', { uplink: { brokers: ['http://a'] } }, 'uplink.brokers[0]: found "http://a"'],
    ['broker nonsense', { uplink: { brokers: ['mqtt://'] } }, 'uplink.brokers[0]: found "mqtt://"'],
    ['broker port', { uplink: { brokers: ['mqtt://a:99999'] } }, 'uplink.brokers[0]: found "mqtt://a:99999"'],
    ['log level', { log: { level: 'loud' } }, 'log.level: found "loud"; expected debug, info, warn or error'],
    [
      'no ble',
      { ble: undefined },
      'ble: missing; add "ble": { "hci": "native" }, since devices[0] is a Bluetooth device',
    ],
    ['serial without port', device({ ...PUMP, port: undefined }), 'devices[0].port: missing; add "port"'],
    [
      'serial with address',
      device({ ...PUMP, address: '00:00:00:00:00:00' }),
      'devices[0].address: of no use to alaris-gh-serial',
    ],
    ['port form', device({ ...PUMP, port: 'tcp:host' }), 'devices[0].port: found "tcp:host"'],
    ['card without folder', device({ id: 'c', driver: 'resmed-card' }), 'devices[0].folder: missing; add "folder"'],
    ['ble with port', device({ ...OXIMETER, port: '/dev/x' }), 'devices[0].port: of no use to'],
    ['poll', device({ ...PUMP, pollSeconds: 0.1 }), 'devices[0].pollSeconds: found 0.1'],
    ['clock zone', device({ ...PUMP, clockZone: '+25:00' }), 'devices[0].clockZone: found "+25:00"'],
    ['swapped letters', device({ ...PUMP, prot: 1 }), 'devices[0].prot: unknown key; did you mean "port"?'],
    ['id with blanks', device({ ...PUMP, id: 'my pump' }), 'devices[0].id: found "my pump"'],
  ])('%s', (_, change, expected) => {
    const faults = settingsFaults({ ...GOOD, ...change });
    expect(faults).toEqual([expect.stringContaining(expected)]);
  });

  it.each<[string, object]>([
    ['no devices yet', device()],
    ['unix controller', { ble: { hci: 'h4:unix:/run/radio' } }],
    ['tcp controller', { ble: { hci: 'h4:tcp:[::1]:9000' } }],
    ['serial device server', device({ ...PUMP, port: 'tcp:10.0.0.7:4001' })],
    ['fixed clock offset', device({ ...PUMP, clockZone: '+01:00' })],
    ['BLE without address', device({ ...OXIMETER })],
    ['TLS default port', { uplink: { brokers: ['mqtts://broker.example'] } }],
  ])('lets pass: %s', (_, change) => {
    expect(settingsFaults({ ...GOOD, ...change })).toEqual([]);
  });

  it.each(['aabbccddeeff', 'AA-BB-CC-DD-EE-FF', '00000000000', 'p000000-00000'])(
    'refuses an id that could give somebody away, without repeating it: %s (invariant 13)',
    (id) => {
      const faults = [...settingsFaults({ ...GOOD, hub: id }), ...planFaults(plan({ ...LIMIT, id }))];
      expect(faults).toHaveLength(2);
      for (const fault of faults) expect(fault).not.toContain(id);
    },
  );

  it('does not repeat passwords or addresses', () => {
    const devices = [{ ...OXIMETER, address: '12:34:56:78:9a' }];
    const faults = settingsFaults({ ...GOOD, devices, uplink: { brokers: ['mqtt://me:secret@host'] } }).join('\n');
    expect(faults).toContain('uplink.brokers[0]');
    expect(faults).toContain('devices[0].address');
    expect(faults).not.toMatch(/secret|12:34/);
  });

  it.each([null, [], 5, 'text', { devices: 5 }, { devices: [null] }, { devices: {}, uplink: [] }])(
    'says something about %j and does not throw',
    (value) => {
      expect(settingsFaults(value).length).toBeGreaterThan(0);
      expect(planFaults(value).length).toBeGreaterThan(0);
      expect(planFaults({ rules: value }).length).toBeGreaterThan(0);
    },
  );
});

describe('text that is not JSON', () => {
  it.each([
    ['', 'line 1, column 1: not JSON; the file is empty'],
    ['{\n  "hub": "a",\n}', 'line 3, column 1: not JSON; the comma before this } is one too many'],
    ['{"a":1\n "b":2}', 'line 2, column 2: not JSON; a comma or } was expected; a comma may be missing before this'],
    ['{"a": [1, 2', 'line 1, column 12: not JSON; the text ends where ] was expected'],
    ['{\n// x\n}', 'line 2, column 1: not JSON; comments are not allowed in JSON'],
    ["{'a':1}", 'line 1, column 2: not JSON; text and names stand in "double" quotes'],
    ['{"a":tru}', 'line 1, column 6: not JSON; a value was expected'],
    ['{"a":01}', 'line 1, column 6: not JSON; a value was expected'],
    ['{"a" 1}', 'line 1, column 6: not JSON; a colon was expected after the name'],
    ['{a:1}', 'line 1, column 2: not JSON; a name in "double" quotes or } was expected'],
    [
      '{"a":"x\n"}',
      'line 1, column 6: not JSON; this text is not closed, or has a line break or a wrong backslash in it',
    ],
    ['{} {}', 'line 1, column 4: not JSON; nothing more was expected here'],
    ['[1,]', 'line 1, column 4: not JSON; the comma before this ] is one too many'],
  ])('%j', (text, expected) => {
    expect(texts(checkSettings(text, '/', DRIVERS))).toEqual([`hub.json: ${expected}`]);
  });

  it('lets a byte order mark pass', () => {
    expect(texts(checkSettings(`\uFEFF${JSON.stringify(GOOD)}`, '/', DRIVERS))).toEqual([]);
  });
});

describe('the folder', () => {
  it('is missing', () => {
    const [fault] = texts(loadSettings(join(newFolder(), 'nowhere'), DRIVERS));
    expect(fault).toMatch(/^hub\.json: there is no .*nowhere\/hub\.json; copy config\/example\/hub\.json .* --config$/);
    expect(texts(loadPlan('/nowhere', CONTEXT))[0]).toContain('copy config/example/care-plan.json');
  });

  it('holds a folder of that name, or far too much', () => {
    const folder = newFolder();
    mkdirSync(join(folder, 'hub.json'));
    expect(texts(loadSettings(folder, DRIVERS))[0]).toContain('is a folder; put the file there');
    writeFileSync(join(folder, 'care-plan.json'), ' '.repeat(1_100_000));
    expect(texts(loadPlan(folder, CONTEXT))[0]).toContain('larger than 1 MiB');
  });
});

describe('plans', () => {
  it('loads as written, digits and all', () => {
    const value = plan(LIMIT, FAULT, SILENCE);
    expect(checkPlan(JSON.stringify(value), CONTEXT)).toEqual({ plan: value });
  });

  it('tells everything that is wrong at once', () => {
    const value = { ...plan({ ...LIMIT, low: 88, zone: 'orange' }, { id: 'x' }, { ...FAULT, codes: [] }), version: 0 };
    expect(planFaults(value)).toHaveLength(5);
  });

  it.each<[string, object, string]>([
    ['kind', { id: 'x', kind: 'limt' }, 'rules[0].kind: found "limt"; expected limit, silence or fault'],
    ['no kind', { id: 'x' }, 'rules[0].kind: missing; add "kind": limit, silence or fault'],
    ['number without quotes', { ...LIMIT, low: 88 }, 'rules[0].low: found 88; expected a number in quotes'],
    ['words for a number', { ...LIMIT, low: '88,0' }, 'rules[0].low: found "88,0"'],
    ['no limit', { ...LIMIT, low: undefined }, 'rules[0].low: missing; add "low", "high" or both'],
    ['low above high', { ...LIMIT, high: '80' }, 'rules[0].low: "88.0" is not below high "80"; expected low < high'],
    ['low equal high', { ...LIMIT, high: '88' }, 'rules[0].low: "88.0" is not below high "88"'],
    ['deadband', { ...LIMIT, deadband: '-1' }, 'rules[0].deadband: "-1"; expected "0" or more'],
    ['limit that cannot be', { ...LIMIT, low: '101' }, 'rules[0].low: "101"; expected 0 to 100 %'],
    ['metric by its label', { ...LIMIT, metric: 'spo2' }, 'no metric "spo2"; did you mean "MDC_PULS_OXIM_SAT_O2"?'],
    ['metric mistyped', { ...LIMIT, metric: 'MDC_PULS_OXIM_SAT_02' }, 'did you mean "MDC_PULS_OXIM_SAT_O2"?'],
    ['metric unknown', { ...LIMIT, metric: 'mood' }, 'no metric "mood"; hjemmebro drivers lists'],
    [
      'limit on codes',
      { ...LIMIT, metric: 'MDCX_PUMP_ALARM' },
      'MDCX_PUMP_ALARM is not a number; a limit needs a number',
    ],
    ['fault on a number', { ...FAULT, metric: 'MDC_FLOW_FLUID_PUMP' }, 'MDC_FLOW_FLUID_PUMP is a number'],
    [
      'device mistyped',
      { ...LIMIT, device: 'oximetr' },
      'rules[0].device: no device "oximetr" in hub.json; did you mean "oximeter"?',
    ],
    [
      'device that cannot see it',
      { ...LIMIT, device: 'pump' },
      'rules[0].metric: alaris-gh-serial does not observe MDC_PULS_OXIM_SAT_O2',
    ],
    ['silence without device', { ...SILENCE, device: undefined }, 'rules[0].device: missing; add "device"'],
    [
      'silence in no time',
      { ...SILENCE, withinSeconds: 1 },
      'rules[0].withinSeconds: found 1; expected seconds from 5',
    ],
    ['event unknown', { ...FAULT, event: 'MDC_EVT_FLUID_LINE_OCL' }, 'did you mean "MDC_EVT_FLUID_LINE_OCCL"?'],
    ['event withdrawn', { ...FAULT, event: 'MDC_EVT_SYRINGE_LEVER' }, 'MDC_EVT_SYRINGE_LEVER is withdrawn'],
    ['event that is a metric', { ...FAULT, event: 'MDC_PULS_OXIM_SAT_O2' }, 'no event "MDC_PULS_OXIM_SAT_O2"'],
    ['event of the prototype', { ...FAULT, event: 'constructor' }, 'no event "constructor"'],
    ['reserved id', { ...LIMIT, id: 'impossible-value' }, 'rules[0].id: "impossible-value"; this id is reserved'],
    ['key of another kind', { ...FAULT, low: '5' }, 'rules[0].low: unknown key'],
    [
      'key mistyped',
      { ...LIMIT, onDelaySecond: 5 },
      'rules[0].onDelaySecond: unknown key; did you mean "onDelaySeconds"?',
    ],
  ])('%s', (_, rule, expected) => {
    expect(planFaults(plan(rule))).toEqual([expect.stringContaining(expected)]);
  });

  it('rules of one id', () => {
    expect(planFaults(plan(LIMIT, LIMIT))).toEqual([
      'care-plan.json: rules[1].id: the id of rules[0] as well; give each rule its own id',
    ]);
  });

  it('knows every metric it suggests', () => {
    for (const [name, { label }] of Object.entries(METRICS)) {
      const [fault] = planFaults(plan({ ...LIMIT, metric: label }));
      expect(fault, name).toContain('did you mean "MDC');
    }
  });
});
