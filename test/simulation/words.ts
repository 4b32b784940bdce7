/** What a run says when it fails, and what many came across. */
import type { Failure, Ran } from './run.ts';

export function failureWords({ seed, step, words, last }: Failure): string {
  return [
    `seed ${seed}, ${step}: ${words}`,
    ...last.map((line) => `  ${line}`),
    `the same again, line by line: npm run simulation -- --runs 1 --seed ${seed} --trace`,
  ].join('\n');
}

/** How often each thing happened, and in how many runs. */
export function talliesOf(
  runs: readonly Ran[],
): ReadonlyMap<string, { readonly times: number; readonly runs: number }> {
  const all = new Map<string, { times: number; runs: number }>();
  for (const { tallies } of runs) {
    for (const [what, times] of tallies) {
      const before = all.get(what) ?? { times: 0, runs: 0 };
      all.set(what, { times: before.times + times, runs: before.runs + 1 });
    }
  }
  return all;
}

export function sumWords(runs: readonly Ran[]): string {
  const sum = (of: (ran: Ran) => number): number => runs.reduce((all, ran) => all + of(ran), 0);
  const hours = (sum(({ seconds }) => seconds) / 3_600).toFixed(1);
  const failures = runs.filter(({ failure }) => failure !== undefined).length;
  return `${runs.length} runs: ${hours} hours of virtual time, ${sum(({ lives }) => lives)} starts of the agent, ${sum(({ entries }) => entries)} entries written, ${failures} failed`;
}
