/** Hundreds of whole hubs in virtual time, each with the trouble of its seed; and proof that a hub that loses would be seen. */
import { expect, it } from 'vitest';
import { faults } from './faults.ts';
import { type Ran, run } from './run.ts';
import { failureWords, sumWords, talliesOf } from './words.ts';

const RUNS = 200;
/** Other homes: SIMULATION_SEED=7000 npx vitest run test/simulation */
const FIRST = Number(process.env['SIMULATION_SEED'] ?? 1);
const LIMIT_MS = 600_000;

it(`keeps the invariants in ${RUNS} homes, and meets everything there is to meet`, { timeout: LIMIT_MS }, async () => {
  const runs: Ran[] = [];
  for (let seed = FIRST; seed < FIRST + RUNS; seed++) runs.push(await run({ seed }));
  process.stdout.write(`${sumWords(runs)}\n`);
  const failures = runs.flatMap(({ failure }) => (failure ? [failureWords(failure)] : []));
  expect(failures.length, failures.join('\n\n')).toBe(0);

  const met = talliesOf(runs);
  const wanted = [
    ...Object.values(faults).flatMap((all) => all.map(({ name }) => `fault ${name}`)),
    ...['spo2-low', 'weight-high', 'pump-blocked', 'oximeter-silent', 'impossible-value'].map(
      (rule) => `alert ${rule} start`,
    ),
    ...['device-off', 'hub-down', 'evicted', 'store-corrupt', 'undeliverable', 'clock-unknown', 'planned-pause'].map(
      (cause) => `gap ${cause}`,
    ),
    ...['clock-corrected', 'journal-writable', 'journal-has-room', 'journal-lost-entries', 'name-taken'].map(
      (name) => `event ${name}`,
    ),
    'absences held against gaps',
    'silences held against alerts',
    'looks at a hub that has gone',
    'folded alerts',
  ];
  expect(wanted.filter((what) => !met.has(what))).toEqual([]);
});

it('does the same again for the same seed', { timeout: LIMIT_MS }, async () => {
  const [one, another] = [await run({ seed: FIRST }), await run({ seed: FIRST })];
  expect(another.fingerprint).toBe(one.fingerprint);
  expect((await run({ seed: FIRST + 1 })).fingerprint).not.toBe(one.fingerprint);
});

it('sees what a disk loses that lies about its syncs', { timeout: LIMIT_MS }, async () => {
  const words: string[] = [];
  for (let seed = 1; seed <= 20; seed++) {
    const { failure } = await run({ seed, isDiskLying: true });
    if (failure) words.push(failure.words);
  }
  expect(words.length).toBeGreaterThan(5);
  expect(words.filter((one) => !/^invariant [456],|^thrown: /.test(one))).toEqual([]);
});
