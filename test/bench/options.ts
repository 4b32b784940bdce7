/** The words after `npm run bench --`. */
import { parseArgs } from 'node:util';
import { topics } from './topics/all.ts';

export interface Options {
  readonly only: readonly string[];
  readonly isQuick: boolean;
  readonly runs: number;
  readonly json: string | undefined;
  readonly withPeers: boolean;
  readonly isLarge: boolean;
  readonly dir: string | undefined;
  readonly writesDocs: boolean;
}

export const USAGE = [
  'npm run bench -- [options]',
  '',
  '  --only NAME[,NAME]  only these topics:',
  ...topics.map(({ name, title }) => `                        ${name.padEnd(9)} ${title}`),
  '  --quick             small sizes, one round: to see that everything runs; its figures mean nothing',
  '  --runs N            rounds of each measurement (default 3)',
  '  --json FILE         the raw numbers of all rounds',
  '  --no-peers          without MQTT.js + mqtt-level-store and Node-RED, which npm installs into the temporary folder',
  '  --no-large          without the rows with a million entries, which take some minutes',
  '  --dir DIR           where stores are put (default: the temporary folder if it is on a disk, else /var/tmp)',
  '  --write-docs        put the tables into docs/performance.md',
];

/** Throws an error in words for a person. */
export function optionsOf(words: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...words],
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean' },
      runs: { type: 'string' },
      json: { type: 'string' },
      'no-peers': { type: 'boolean' },
      'no-large': { type: 'boolean' },
      dir: { type: 'string' },
      'write-docs': { type: 'boolean' },
    },
  });
  const only = values.only?.split(',') ?? topics.map(({ name }) => name);
  const strange = only.filter((name) => !topics.some((topic) => topic.name === name));
  if (strange.length > 0) throw new Error(`--only: there is no topic ${strange.join(', ')}`);
  const runs = Number(values.runs ?? (values.quick ? '1' : '3'));
  if (!Number.isInteger(runs) || runs < 1 || runs > 99) throw new Error('--runs takes a whole number from 1 to 99');
  return {
    only,
    isQuick: values.quick === true,
    runs,
    json: values.json,
    withPeers: values['no-peers'] !== true,
    isLarge: values['no-large'] !== true,
    dir: values.dir,
    writesDocs: values['write-docs'] === true,
  };
}
