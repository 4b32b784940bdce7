/** A CPAP card in somebody's hand: imported with and without a running agent, twice, and from folders that are no card. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, expect, test } from 'vitest';
import type { DeviceSettings } from '../../agent/settings/settings.ts';
import { closeHomes, type Home, openFolder, openHome, putCard } from './home.ts';
import { type Ended, endAll, hjemmebro, jsonLines, start } from './program.ts';

afterAll(async () => {
  await endAll();
  closeHomes();
});

const CPAP: DeviceSettings = { id: 'cpap', driver: 'resmed-card', folder: 'reader' };

interface Report {
  readonly device: string;
  readonly files: number;
  readonly added: number;
  readonly known: number;
  readonly refused: Readonly<Record<string, string>>;
}

function cardFolder(): string {
  const folder = openFolder();
  putCard(folder);
  return folder;
}

async function imported(home: Home, folder: string, ...words: readonly string[]): Promise<Ended & { report: Report }> {
  const ended = await hjemmebro('import', folder, ...home.config, '--json', ...words);
  return { ...ended, report: JSON.parse(ended.out) as Report };
}

async function readings(home: Home): Promise<readonly Record<string, unknown>[]> {
  const { code, out } = await hjemmebro('journal', ...home.config, '--json');
  expect(code).toBe(0);
  return jsonLines(out).filter(({ kind }) => kind === 'reading' || kind === 'waveform');
}

test.concurrent('without an agent, twice: the second time adds nothing', async () => {
  const home = openHome({ devices: [CPAP] });
  const card = cardFolder();
  expect(await readings(home)).toEqual([]);

  const first = await imported(home, card);
  expect(first).toMatchObject({ code: 0, err: '', report: { device: 'cpap', known: 0, refused: {} } });
  expect(first.report.files).toBeGreaterThan(5);
  expect(first.report.added).toBeGreaterThan(20);
  const { added, files } = first.report;
  expect((await imported(home, card)).report).toMatchObject({ files, added: 0, known: added });

  const kept = await readings(home);
  expect(kept).toHaveLength(added);
  expect(new Set(kept.map(({ id }) => id)).size).toBe(added);
  const text = (await hjemmebro('journal', ...home.config)).out;
  expect(text).toMatch(/^ +\d+ {2}\S+Z {2}reading {3}cpap: AHI \d+\.\d /m);
  expect(text).toMatch(/^ +\d+ {2}\S+Z {2}waveform {2}cpap: leak \d+ samples, one each 2 s$/m);
  expect(text).not.toMatch(/undefined|NaN|\[object/);

  const person = await hjemmebro('import', card, ...home.config);
  expect(person.out).toMatch(
    new RegExp(`^cpap: ${files} files, 0 readings added, ${added} were in the journal already$`, 'm'),
  );
});

test.concurrent('while the agent runs: it does the work, and reads the same card in the reader without adding anything', async () => {
  const home = openHome({ devices: [CPAP] });
  const agent = start('run', ...home.config);
  await agent.line('err', /is up with 1 device;/);
  const card = cardFolder();
  const { code, report } = await imported(home, card);
  expect(code).toBe(0);
  expect(report.added).toBeGreaterThan(20);
  expect((await imported(home, card)).report).toMatchObject({ added: 0, known: report.added });

  const follower = start('journal', ...home.config, '--json', '--follow');
  putCard(home.path('reader'));
  await follower.line('out', /"name":"device-connected","device":"cpap"/);
  await follower.end('SIGKILL');
  expect((await agent.end()).code).toBe(0);
  expect(await readings(home)).toHaveLength(report.added);
});

test.concurrent('what is no card: exit 1, and what to do', async () => {
  const home = openHome({ devices: [CPAP] });
  const empty = openFolder();
  const nothing = await hjemmebro('import', empty, ...home.config);
  expect(nothing.code).toBe(1);
  expect(nothing.err).toMatch(/no files of a card were found there; is this the folder that holds STR\.edf\?/);

  const absent = await hjemmebro('import', '/nowhere', ...home.config);
  expect(absent).toMatchObject({ code: 1, out: '' });
  expect(absent.err).toMatch(/^hjemmebro import: cannot read \/nowhere: /m);

  const file = await hjemmebro('import', home.path('hub.json'), ...home.config);
  expect(file).toMatchObject({ code: 1, out: '' });
  expect(file.err).toMatch(/cannot read .*hub\.json/);
  expect(await readings(home)).toEqual([]);
});

test.concurrent('a card with broken files: the good ones are taken, the broken ones named', async () => {
  const home = openHome({ devices: [CPAP] });
  const card = cardFolder();
  const whole = await imported(openHome({ devices: [CPAP] }), card);
  writeFileSync(`${card}/STR.edf`, Buffer.alloc(4096, 0xa5));
  mkdirSync(`${card}/DATALOG/20260302`, { recursive: true });
  writeFileSync(`${card}/DATALOG/20260302/20260302_231500_EVE.edf`, 'cut off');
  rmSync(`${card}/Identification.crc`, { force: true });
  const { code, report } = await imported(home, card);
  expect(code).toBe(1);
  expect(Object.keys(report.refused).sort()).toEqual(['DATALOG/20260302/20260302_231500_EVE.edf', 'STR.edf']);
  expect(report.added).toBeGreaterThan(10);
  expect(report.added).toBeLessThan(whole.report.added);
});

test.concurrent('a look at a card needs no hub and keeps nothing', async () => {
  const card = cardFolder();
  const { code, out, err } = await hjemmebro('import', card, '--dry-run');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(/^STR\.edf: \d+ measurements$/m);
  const files = jsonLines((await hjemmebro('import', card, '--dry-run', '--json')).out);
  expect(files.map(({ path }) => path)).toContain('STR.edf');
  const text = JSON.stringify(files.find(({ path }) => path === 'STR.edf'));
  expect(text).toMatch(/"metric":"MDC_SABTE_AHI","mdc":8410788,[^}]*"value":"\d+\.\d"[^}]*"unit":"\/h"/);

  writeFileSync(`${card}/STR.edf`, Buffer.alloc(4096, 0xa5));
  expect(await hjemmebro('import', card, '--dry-run')).toMatchObject({ code: 1 });
  expect((await hjemmebro('import', openFolder(), '--dry-run')).err).toMatch(/no files of a card/);
});

test.concurrent('which device a card belongs to', async () => {
  const two = openHome({ devices: [CPAP, { ...CPAP, id: 'cpap-guest' }] });
  const card = cardFolder();
  const unsaid = await hjemmebro('import', card, ...two.config);
  expect(unsaid).toMatchObject({ code: 1, out: '' });
  expect(unsaid.err).toMatch(/say with --device which device the card belongs to; the settings have cpap, cpap-guest/);
  expect((await imported(two, card, '--device', 'cpap-guest')).report.device).toBe('cpap-guest');

  const none = openHome({ devices: [] });
  expect((await hjemmebro('import', card, ...none.config)).err).toMatch(
    /no device of the settings is read from a card/,
  );
});
