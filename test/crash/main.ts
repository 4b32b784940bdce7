/** `npm run crash`: plays a plan of deaths and faults on the compiled agent, and ends well only if nothing was lost. */
import { parseArgs } from 'node:util';
import { realWorld } from '../../agent/world.ts';
import { findMosquitto } from '../../simulators/hospital/mosquitto.ts';
import { cannotTrace } from '../strace.ts';
import { cannotMount } from './disk.ts';
import { type Cycle, isKind, KINDS, type Kind, planOf } from './plan.ts';
import { cannotCompile } from './power.ts';
import { isGood, runRig } from './rig.ts';
import { cycleLine, planLine, reportLines } from './words.ts';

const USAGE = [
  'npm run crash -- [--cycles N] [--seed S] [--only KIND,...] [--plan] [--lying-disk]',
  '  --cycles N     how often the agent is started and ended (default 300)',
  '  --seed S       which run (default: from the clock); the same seed is the same plan',
  `  --only KIND,.. these kinds of death and trouble and nothing else: ${KINDS.join(', ')}`,
  '  --plan         print the plan and do nothing',
  '  --lying-disk   no sync does anything: the rig must find losses, or it proves nothing',
];

const say = (line: string): void => void process.stdout.write(`${line}\n`);

const { values } = parseArgs({
  options: {
    cycles: { type: 'string', default: '300' },
    seed: { type: 'string' },
    only: { type: 'string' },
    plan: { type: 'boolean', default: false },
    'lying-disk': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  const world = realWorld();
  const cycles = Number(values.cycles);
  const seed = Number(values.seed ?? Math.floor(world.random() * 1_000_000));
  const only = values.only?.split(',');
  const isUnderstood = Number.isInteger(cycles) && cycles > 0 && Number.isInteger(seed);
  if (values.help || !isUnderstood || (only !== undefined && !only.every(isKind))) {
    for (const line of USAGE) say(line);
    return values.help ? 0 : 2;
  }
  const planned = planOf(seed, cycles, only);
  if (values.plan) {
    for (const cycle of planned) say(planLine(cycle));
    return 0;
  }
  const missing = findMosquitto() === undefined ? 'mosquitto is not installed (apt-get install mosquitto)' : undefined;
  if (missing !== undefined) {
    say(`${missing}; nothing was tried`);
    return process.env['CI'] === 'true' ? 1 : 0;
  }
  return await play(planned, seed, only);
}

async function play(planned: readonly Cycle[], seed: number, only: readonly Kind[] | undefined): Promise<number> {
  const words = [
    ...(only === undefined ? [] : [`--only ${only.join(',')}`]),
    ...(values['lying-disk'] ? ['--lying-disk'] : []),
  ];
  const again = ['npm run crash -- --cycles', planned.length, '--seed', seed, ...words].join(' ');
  say(`seed ${seed}, ${planned.length} cycles; the same again: ${again}`);
  const lacking: Lacking = { trace: cannotTrace(), power: cannotCompile(), disk: await cannotMount() };
  const whys = Object.values(lacking).filter((why) => why !== undefined);
  for (const why of whys) say(`left out: ${why}`);
  if (whys.length > 0 && process.env['CI'] === 'true') return 1;
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort());
  const report = await runRig({
    world: realWorld(),
    seed,
    plan: planned.map((cycle) => possible(cycle, lacking)),
    hasPower: lacking.power === undefined,
    diskLies: values['lying-disk'],
    stop: stop.signal,
    onCycle: (outcome, readings) => say(cycleLine(outcome, readings)),
  });
  say('');
  for (const line of reportLines(report)) say(line);
  if (!isGood(report)) say(`the same again: ${again}`);
  return isGood(report) ? 0 : 1;
}

/** Why something cannot be done here. */
interface Lacking {
  readonly trace: string | undefined;
  readonly power: string | undefined;
  readonly disk: string | undefined;
}

const TRACED: readonly Kind[] = ['sync-fails', 'write-fails', 'open-fails', 'kill-at-call', 'power-cut-at-call'];
const POWERED: readonly Kind[] = ['power-cut', 'power-cut-at-call', 'slow'];
const MOUNTED: readonly Kind[] = ['full', 'full-at-start', 'read-only-at-start'];

/** What cannot be done here is left out: the disk is well then, and the end is a kill. */
function possible(cycle: Cycle, { trace, power, disk }: Lacking): Cycle {
  const impossible = [
    ...(trace === undefined ? [] : TRACED),
    ...(power === undefined ? [] : POWERED),
    ...(disk === undefined ? [] : MOUNTED),
  ] as readonly string[];
  return {
    ...cycle,
    disk: impossible.includes(cycle.disk.disk) ? { disk: 'well' } : cycle.disk,
    end: impossible.includes(cycle.end.end) ? { end: 'kill' } : cycle.end,
  };
}
