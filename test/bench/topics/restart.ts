/** The plug is pulled with a backlog on disk: how soon the first and the last of it arrive after the agent is started again. */
import { openBroker } from '../broker.ts';
import { sleep, until } from '../clock.ts';
import { dropHub, hubWithBacklog } from '../filling.ts';
import { startHub, writeHub } from '../hub.ts';
import { atMost, compare, interleaved } from '../rows.ts';
import { openSink } from '../sink.ts';
import type { Bench, Topic } from '../topic.ts';

const PATIENCE_MS = 120_000;
const RUNS_BEFORE_KILL_MS = 3_000;

interface Restarted {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly again: number;
}

async function restartOnce(bench: Bench): Promise<Restarted> {
  const entries = bench.sizes.backlog;
  const folder = await hubWithBacklog(bench, entries);
  const broker = await openBroker(bench.folder);
  writeHub(folder, { broker: broker.url });
  const killed = startHub(folder);
  await sleep(RUNS_BEFORE_KILL_MS);
  await killed.end('SIGKILL');
  await broker.start();
  const sink = await openSink(bench.native, { port: broker.port, target: entries, limit: entries });
  const hub = startHub(folder);
  try {
    const lastMs = await sink.reached(PATIENCE_MS);
    await until('the first entry is known', 1_000, () => sink.firstMs !== undefined);
    const { firstMs = Number.NaN } = sink;
    await hub.end('SIGKILL');
    const { again } = await sink.stop();
    return { firstMs: firstMs - hub.startedMs, lastMs: lastMs - hub.startedMs, again };
  } finally {
    await hub.end('SIGKILL');
    await broker.stop();
    dropHub(folder);
  }
}

export const restart: Topic = {
  name: 'restart',
  title: 'SIGKILL with a backlog',
  about: ({ sizes }) =>
    `${sizes.backlog} buffered readings; the agent is killed with SIGKILL while the broker is away; from the start of the ` +
    'next process to the entries at the sink.',
  measure: async (bench) => {
    const { ours } = await interleaved(bench.runs, { ours: () => restartOnce(bench) });
    const entries = bench.sizes.backlog;
    return [
      compare({
        figure: 'start of the process to the first entry delivered',
        unit: 'ms',
        ours: ours.map((one) => one.firstMs),
        target: atMost(1_000, 'ms'),
      }),
      compare({
        figure: `start of the process to all ${entries} delivered`,
        unit: 'ms',
        ours: ours.map((one) => one.lastMs),
        target: atMost(5_000, 'ms'),
      }),
      compare({
        figure: 'entries that came more than once (known by their id)',
        unit: '',
        ours: ours.map((one) => one.again),
      }),
    ];
  },
};
