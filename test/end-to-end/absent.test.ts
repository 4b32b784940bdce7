/** Things that are not there: the agent runs on with the rest, says what is missing and what to do, and ends when it is told to. */
import { afterAll, expect, test } from 'vitest';
import { realWorld } from '../../agent/world.ts';
import { closeHomes, openFolder, openHome, putCard } from './home.ts';
import { endAll, hjemmebro, jsonLines, start } from './program.ts';

const world = realWorld();
const ENDS_WITHIN_MS = 5_000;

afterAll(async () => {
  await endAll();
  closeHomes();
});

/** A home where nothing that the settings name exists. */
function emptyHome() {
  return openHome({
    hci: 'h4:unix:/nowhere/radio.sock',
    devices: [
      { id: 'oximeter', driver: 'bluetooth-sig-pulse-oximeter', address: '00:a0:50:18:22:01' },
      { id: 'pump', driver: 'alaris-gh-serial', port: '/dev/ttyNOWHERE' },
      { id: 'guest-pump', driver: 'alaris-gh-serial', port: 'tcp:127.0.0.1:1' },
      { id: 'cpap', driver: 'resmed-card', folder: '/nowhere/card' },
    ],
  });
}

/** What a technician reads, wherever it is told. */
const TOLD: readonly (readonly [what: string, sentence: RegExp])[] = [
  ['the broker', /broker mqtt:\/\/127\.0\.0\.1:1 not reachable: .*ECONNREFUSED.*; the hub keeps buffering/],
  ['the radio', /no Bluetooth controller answers at \/nowhere\/radio\.sock .*; start it or correct ble\.hci/],
  ['the port', /no such port \/dev\/ttyNOWHERE; plug the cable in or correct devices\[\.\.\]\.port; ports present: /],
  ['the device server', /no serial device server answers at 127\.0\.0\.1:1 .*; check its power and network/],
  ['the card', /\/nowhere\/card .*; check devices\[\.\.\]\.folder and the card reader/],
];

test.concurrent('nothing is there: all of it is missed in words, an import works all the same, SIGTERM ends it in time', async () => {
  const home = emptyHome();
  const agent = start('run', ...home.config);
  await agent.line('err', /hub hub-test-1 is up with 4 devices/);
  const follower = start('journal', ...home.config, '--json', '--follow');
  for (const [, sentence] of TOLD) await follower.line('out', sentence);
  await follower.end('SIGKILL');

  const card = openFolder();
  putCard(card);
  const { code, out } = await hjemmebro('import', card, ...home.config, '--json');
  expect(code).toBe(0);
  expect(jsonLines(out)[0]).toMatchObject({ device: 'cpap', known: 0 });

  const askedMs = world.monotonicMs();
  const ended = await agent.end();
  expect(ended.code).toBe(0);
  expect(world.monotonicMs() - askedMs).toBeLessThan(ENDS_WITHIN_MS);
  expect(ended.err).not.toMatch(/"level":"fatal"|^ +at /m);
  // A technician at the bed reads standard error; every attempt again would bury the rest.
  const said = ended.err.split('\n');
  for (const [what, sentence] of TOLD) {
    const times = said.filter((line) => sentence.test(line)).length;
    expect(times, `${what}, said on standard error`).toBeGreaterThan(0);
    expect(times, `${what}, said once by the radio and once by its device at most`).toBeLessThan(3);
  }
});

test.concurrent('two agents on one journal: the second refuses in words, and the first does not notice', async () => {
  const home = openHome({ devices: [] });
  const first = start('run', ...home.config);
  await first.line('err', /is up with 0 devices/);
  const { code, out, err } = await hjemmebro('run', ...home.config);
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toMatch(new RegExp(`the journal .*/state/journal is in use by process ${first.pid}\\. Stop it first`));
  expect(err, 'words, not a stack').not.toMatch(/^ +at /m);

  const { out: told } = await hjemmebro('journal', ...home.config);
  expect(told).toMatch(/plan-in-force {2}test@1/);
  expect((await first.end()).code).toBe(0);
});

test.concurrent('a journal is followed until the agent ends, or until somebody has seen enough', async () => {
  const home = openHome({ devices: [] });
  const nobody = await hjemmebro('journal', ...home.config, '--follow');
  expect(nobody).toMatchObject({ code: 1, out: '' });
  expect(nobody.err).toMatch(/no agent runs with these settings.*hjemmebro run/);

  const agent = start('run', ...home.config);
  await agent.line('err', /is up with 0 devices/);
  const [bored, patient] = [start('journal', ...home.config, '--follow'), start('journal', ...home.config, '--follow')];
  await Promise.all([bored, patient].map((follower) => follower.line('out', /plan-in-force/)));
  expect(await bored.end('SIGINT'), 'interrupted').toMatchObject({ code: 0, err: '' });
  expect((await agent.end()).code).toBe(0);
  expect(await patient.ended, 'the agent ended').toMatchObject({ code: 0 });
});

test.concurrent('an empty journal is no fault', async () => {
  const home = openHome({ devices: [] });
  for (const form of [[], ['--json'], ['--from', '7']]) {
    const { code, out, err } = await hjemmebro('journal', ...home.config, ...form);
    expect({ code, out }).toEqual({ code: 0, out: '' });
    expect(err).toMatch(/^nothing was written to .* yet$/m);
  }
});
