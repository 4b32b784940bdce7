/** What reaches the disk for each byte that was to be kept: in bulk, and over an entry's whole life. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../agent/settings/package-root.ts';
import { run } from '../child.ts';
import { bytesWritten, deviceBytes } from '../proc.ts';
import { atMost, compare, interleaved, remark } from '../rows.ts';
import { straightThrough } from '../straight-feed.ts';
import type { Bench, Row, Topic } from '../topic.ts';
import { append } from '../work/append-process.ts';

const TOGETHER = 100;
const LONGEST_S = 120;
/** The smallest bound of the journal, so that a whole life is short. */
const BOUND = { maxMegabytes: 16, keepDays: 1 };
/** So that the bound is passed several times. */
const LIVES = 3;

export const writing: Topic = {
  name: 'writing',
  title: 'Write amplification',
  about: ({ sizes, device }) =>
    `${sizes.written} readings in synced batches of ${TOGETHER}, then a sync of the file system: what the device ` +
    `(${device ?? 'not known'}) wrote, the whole machine's, per byte of payload. Whole life: readings go straight through an ` +
    'agent whose journal may hold 16 MB, are receipted and give way to newer ones. The home load is in its own table.',
  measure: async (bench) => {
    if (bench.device === undefined) return [remark('written by the device', 'the device is not known')];
    const taken = await interleaved(bench.runs, {
      ours: () => bulk(bench, 'journal'),
      level: () => bulk(bench, 'classic-level'),
    });
    return [
      compare({
        figure: `batches of ${TOGETHER}: written by the device per payload byte`,
        unit: 'x',
        ours: taken.ours,
        reference: { is: 'classic-level alone', values: taken.level },
      }),
      await wholeLife(bench),
    ];
  },
};

async function bulk(bench: Bench, into: 'journal' | 'classic-level'): Promise<number> {
  await flushed(bench);
  const before = deviceBytes(bench.device ?? '');
  let after = Number.NaN;
  const done = await append(
    bench,
    { into, together: TOGETHER, seconds: LONGEST_S, most: bench.sizes.written },
    0,
    async () => {
      await flushed(bench);
      after = deviceBytes(bench.device ?? '');
    },
  );
  return (after - before) / done.payloadBytes;
}

async function flushed({ folder }: Bench): Promise<void> {
  await run(['sync', '-f', folder]);
}

async function wholeLife(bench: Bench): Promise<Row> {
  const figure = 'whole life (append, receipt, evict): written per payload byte';
  if (!hasRetention()) return remark(figure, 'not built: the journal keeps everything');
  let written = 0;
  let byProcess = 0;
  const { payloadBytes } = await straightThrough(bench, {
    readings: bench.sizes.written * LIVES,
    journal: BOUND,
    receiptEvery: 500,
    during: async (hub, when) => {
      await flushed(bench);
      const sign = when === 'before' ? -1 : 1;
      written += sign * deviceBytes(bench.device ?? '');
      byProcess += sign * bytesWritten(hub.pid);
    },
  });
  return compare({
    figure,
    unit: 'x',
    ours: [written / payloadBytes],
    reference: { is: "by the process's own count", values: [byProcess / payloadBytes] },
    target: atMost(8, 'x'),
    note: 'one run',
  });
}

/** Whether this version of the agent bounds its journal. */
function hasRetention(): boolean {
  return readFileSync(join(packageRoot(), 'config/schemas/hub.schema.json'), 'utf8').includes('"maxMegabytes"');
}
