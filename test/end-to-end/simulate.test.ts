/** One simulated device for a developer: says how it is reached, stays until it is stopped, and leaves what is not its own alone. */
import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { SERIAL_NUMBER } from '../../simulators/devices/alaris-gh-serial.ts';
import { closeHomes, openFolder, openHome } from './home.ts';
import { endAll, hjemmebro, jsonLines, start } from './program.ts';

afterAll(async () => {
  await endAll();
  closeHomes();
});

test.concurrent('a pump behind a link to its tty: the hub reads it, and the link goes with it', async () => {
  const port = join(openFolder(), 'pump');
  const pump = start('simulate', 'alaris-gh-serial', '--scenario', 'occlusion', '--port', port);
  expect(await pump.line('out', /^reach it with/)).toBe(`reach it with "port": "${port}"`);
  expect(lstatSync(port).isSymbolicLink()).toBe(true);

  const home = openHome({ devices: [{ id: 'pump', driver: 'alaris-gh-serial', port, pollSeconds: 0.5 }] });
  const agent = start('run', ...home.config);
  await agent.line('err', /is up with 1 device;/);
  const follower = start('journal', ...home.config, '--json', '--follow');
  await follower.line('out', /"metric":"MDCX_PUMP_ALARM".*"code":"AL_NOALM"/);
  await follower.line('out', /"metric":"MDCX_PUMP_ALARM".*"code":"AL_OCCL"/);
  await follower.end('SIGKILL');

  // Invariant 13: the pump tells its serial number with every answer, and the hub keeps it to itself.
  const { out } = await hjemmebro('journal', ...home.config, '--json');
  expect(agent.err + out).not.toContain(SERIAL_NUMBER);

  // Pulled out while the agent looks on: noticed, and told with what to do.
  expect((await pump.end()).code).toBe(0);
  expect(existsSync(port)).toBe(false);
  expect((await agent.end()).code).toBe(0);
});

test.concurrent('a card: it stays in the reader until somebody stops it', async () => {
  const folder = join(openFolder(), 'card');
  const card = start('simulate', 'resmed-card', '--port', folder);
  expect(await card.line('out', /^reach it with/)).toBe(`reach it with "folder": "${folder}"`);
  await card.line('out', /the script is played to its end; stop with Ctrl-C/);
  const home = openHome({ devices: [{ id: 'cpap', driver: 'resmed-card', folder }] });
  const { code, out } = await hjemmebro('import', folder, ...home.config, '--json');
  expect(code).toBe(0);
  expect(Number(jsonLines(out)[0]?.['added'])).toBeGreaterThan(20);
  expect(await card.end('SIGINT')).toMatchObject({ code: 0, err: '' });
});

test.concurrent('a file that is in the way is refused, and left as it was', async () => {
  const path = join(openFolder(), 'mine');
  writeFileSync(path, 'not yours');
  const { code, err } = await hjemmebro('simulate', 'alaris-gh-serial', '--port', path);
  expect(code).toBe(1);
  expect(err).toMatch(new RegExp(`^hjemmebro simulate: .*${path}`));
  expect(existsSync(path), 'it is still there').toBe(true);
  expect(readFileSync(path, 'utf8')).toBe('not yours');
});

test.concurrent('a demo whose broker is not there says so in words', async () => {
  const { code, err } = await hjemmebro('demo', '--json', '--broker', 'mqtt://127.0.0.1:1');
  expect(code).toBe(1);
  expect(err).toMatch(/cannot connect to the broker at mqtt:\/\/127\.0\.0\.1:1/);
  expect(err).not.toMatch(/^ +at /m);
});
