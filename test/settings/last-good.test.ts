/** A bad edit never stops monitoring: the last good settings and plan stay in force, and the refusal is told (invariant 12). */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NO_PLAN } from '../../agent/rules/plan.ts';
import { complaintText } from '../../agent/settings/complaint.ts';
import { planInForce, rememberPlan, settingsInForce } from '../../agent/settings/last-good.ts';
import type { KnownDriver } from '../../agent/settings/load-settings.ts';
import type { Settings } from '../../agent/settings/settings.ts';

const DRIVERS: readonly KnownDriver[] = [
  { id: 'pump-driver', link: { kind: 'serial' }, observes: {} as KnownDriver['observes'] },
];
const hubJson = (hub: string) =>
  JSON.stringify(
    {
      hub,
      timeZone: 'Europe/Oslo',
      journal: { path: '../state/journal' },
      uplink: { brokers: ['mqtt://127.0.0.1'] },
      devices: [{ id: 'pump', driver: 'pump-driver', port: '/dev/x' }],
    },
    undefined,
    2,
  );
const planJson = (version: number) => JSON.stringify({ id: 'plan', version, language: 'en', rules: [] });

let place: string;
let config: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), 'hjemmebro-good-'));
  config = join(place, 'config');
  mkdirSync(config);
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const write = (file: string, text: string) => writeFileSync(join(config, file), text);

function inForce(): Settings {
  const found = settingsInForce(config, DRIVERS);
  if (!('value' in found)) throw new Error(found.complaints.map(complaintText).join('\n'));
  return found.value;
}

describe('settings', () => {
  it('are taken from the file, and a copy is kept beside the journal', () => {
    write('hub.json', hubJson('one'));
    expect(settingsInForce(config, DRIVERS)).toMatchObject({ value: { hub: 'one' }, from: 'file', complaints: [] });
    expect(readFileSync(join(place, 'state/last-good/hub.json'), 'utf8')).toBe(hubJson('one'));
    expect(existsSync(join(place, 'state/last-good/hub.json.tmp'))).toBe(false);
  });

  it.each([
    ['a typo', hubJson('two').replace('Europe/Oslo', 'Europe/Olso'), 'hub.json: timeZone'],
    ['a missing comma', hubJson('two').replace('},', '}'), 'hub.json: line '],
    ['half of it gone', hubJson('two').slice(0, hubJson('two').indexOf('"uplink"')), 'hub.json: line '],
  ])('after %s the last good ones stay in force', (_, text, fault) => {
    write('hub.json', hubJson('one'));
    settingsInForce(config, DRIVERS);
    write('hub.json', text);
    const found = settingsInForce(config, DRIVERS);
    expect(found).toMatchObject({ value: { hub: 'one' }, from: 'last-good' });
    expect(found.complaints.map(complaintText)).toEqual([expect.stringContaining(fault)]);
    write('hub.json', hubJson('three'));
    expect(inForce().hub).toBe('three');
  });

  it('are refused when there is no good copy, or the copy is of no use to this version', () => {
    write('hub.json', hubJson('one').replace('Europe/Oslo', 'Europe/Olso'));
    expect(settingsInForce(config, DRIVERS)).not.toHaveProperty('value');
    mkdirSync(join(place, 'state/last-good'), { recursive: true });
    writeFileSync(join(place, 'state/last-good/hub.json'), '{}');
    const found = settingsInForce(config, DRIVERS);
    expect(found).not.toHaveProperty('value');
    expect(found.complaints.map(complaintText)).toEqual([expect.stringContaining('Europe/Olso')]);
  });

  it('are in force even when no copy can be kept', () => {
    mkdirSync(join(place, 'state'));
    writeFileSync(join(place, 'state/last-good'), 'in the way');
    write('hub.json', hubJson('one'));
    const found = settingsInForce(config, DRIVERS);
    expect(found).toMatchObject({ value: { hub: 'one' }, from: 'file' });
    expect(found.complaints.map(complaintText)).toEqual([expect.stringContaining('no copy could be kept')]);
  });

  it('are written once, not at every start', () => {
    write('hub.json', hubJson('one'));
    settingsInForce(config, DRIVERS);
    chmodSync(join(place, 'state/last-good'), 0o500);
    expect(settingsInForce(config, DRIVERS).complaints).toEqual([]);
    chmodSync(join(place, 'state/last-good'), 0o700);
  });
});

describe('a plan', () => {
  beforeEach(() => write('hub.json', hubJson('one')));

  it('that is refused leaves the last good one in force', () => {
    const settings = inForce();
    write('care-plan.json', planJson(1));
    expect(planInForce(config, settings, DRIVERS)).toMatchObject({
      value: { version: 1 },
      from: 'file',
      complaints: [],
    });
    write('care-plan.json', planJson(0));
    const found = planInForce(config, settings, DRIVERS);
    expect(found).toMatchObject({ value: { version: 1 }, from: 'last-good' });
    expect(found.complaints.map(complaintText)).toEqual([expect.stringContaining('care-plan.json: version: found 0')]);
  });

  it('that never was leaves the house rules', () => {
    const found = planInForce(config, inForce(), DRIVERS);
    expect(found).toMatchObject({ value: NO_PLAN, from: 'nothing' });
    expect(found.complaints.map(complaintText)).toEqual([
      expect.stringContaining('copy config/example/care-plan.json'),
    ]);
  });

  it('that came as a text is kept as well', () => {
    const settings = inForce();
    expect(rememberPlan(settings, planJson(7))).toEqual([]);
    expect(planInForce(config, settings, DRIVERS)).toMatchObject({ value: { version: 7 }, from: 'last-good' });
  });
});
