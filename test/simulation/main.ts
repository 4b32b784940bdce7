/** `npm run simulation`: whole hubs in virtual time, one seed after the other; ends well only if no invariant broke. */
import { parseArgs } from 'node:util';
import { realWorld } from '../../agent/world.ts';
import { type Ran, run } from './run.ts';
import { failureWords, sumWords, talliesOf } from './words.ts';

const USAGE = [
  'npm run simulation -- [--runs N] [--seed S] [--trace] [--tallies]',
  '  --runs N    how many homes (default 1000)',
  '  --seed S    of the first; the next are those after it (default: from the clock)',
  '  --trace     print all that happens, line by line',
  '  --tallies   print in the end what happened how often',
];

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    tallies: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  const count = Number(values.runs);
  const seed = Number(values.seed ?? Math.floor(realWorld().random() * 1_000_000));
  const isUnderstood = Number.isInteger(count) && count > 0 && Number.isInteger(seed);
  if (values.help || !isUnderstood) {
    for (const line of USAGE) say(line);
    return values.help ? 0 : 2;
  }
  say(`seeds ${seed} to ${seed + count - 1}`);
  const runs: Ran[] = [];
  for (let at = 0; at < count; at++) {
    const ran = await run({ seed: seed + at, onLine: values.trace ? say : undefined });
    if (ran.failure) say(failureWords(ran.failure));
    runs.push(ran);
  }
  if (values.tallies) {
    for (const [what, { times, runs: inRuns }] of [...talliesOf(runs)].sort(([a], [b]) => (a < b ? -1 : 1)))
      say(`${String(times).padStart(9)} in ${String(inRuns).padStart(5)} runs  ${what}`);
  }
  say(sumWords(runs));
  return runs.some(({ failure }) => failure) ? 1 : 0;
}
