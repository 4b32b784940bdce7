/** Journal appends against what the disk and LevelDB themselves allow, on this disk and on one made as slow as an SD card. */
import { entriesSince } from '../entries.ts';
import { rawSync } from '../native.ts';
import { compare, interleaved, ratioAtLeast, ratioAtMost } from '../rows.ts';
import type { Bench, Row, Topic } from '../topic.ts';
import { append } from '../work/append-process.ts';

const { meanBytes } = entriesSince(Date.now());
const BYTES = Math.round(meanBytes);

/** A good and a poor SD card. */
const SLOW_MS = [5, 20];

export const journal: Topic = {
  name: 'journal',
  title: 'Journal appends',
  about: ({ sizes }) =>
    `Readings of ${BYTES} bytes on average, each appended by a writer that waits until it is on disk; ` +
    `${sizes.appendSeconds} s each, every round on new stores. classic-level writes the same bytes under one key each, as a ` +
    'chained batch with sync. Readings are those of a stream, which cannot come twice; of spot readings the journal also ' +
    'looks up and writes the identity. ' +
    'The slowed rows delay each sync of the process by a preloaded library.',
  measure: async (bench) => [...(await onThisDisk(bench)), ...(await onSlowDisks(bench))],
};

async function onThisDisk(bench: Bench): Promise<readonly Row[]> {
  const seconds = bench.sizes.appendSeconds;
  const ours = (together: number) => () => append(bench, { into: 'journal', together, seconds });
  const level = (together: number) => () => append(bench, { into: 'classic-level', together, seconds });
  const taken = await interleaved(bench.runs, {
    raw: () => rawSync(bench.native, bench.folder, { bytes: BYTES, seconds }),
    ours1: ours(1),
    level1: level(1),
    ours10: ours(10),
    level10: level(10),
    ours100: ours(100),
    spots100: () => append(bench, { into: 'journal', together: 100, seconds, mayComeAgain: true }),
    level100: level(100),
  });
  const perSecond = (done: readonly { readonly perSecond: number }[]) => done.map((one) => one.perSecond);
  const eachMs = (done: readonly { readonly perSecond: number }[]) => done.map((one) => 1000 / one.perSecond);
  return [
    compare({
      figure: 'one reading, nothing else going on',
      unit: 'ms',
      ours: eachMs(taken.ours1),
      reference: { is: 'append + fdatasync in C', values: eachMs(taken.raw) },
      target: ratioAtMost(1.3),
    }),
    compare({
      figure: 'one writer',
      unit: 'per s',
      ours: perSecond(taken.ours1),
      reference: { is: 'classic-level, one at a time', values: perSecond(taken.level1) },
    }),
    compare({
      figure: '10 writers',
      unit: 'per s',
      ours: perSecond(taken.ours10),
      reference: { is: 'classic-level, batches of 10', values: perSecond(taken.level10) },
    }),
    compare({
      figure: '100 writers',
      unit: 'per s',
      ours: perSecond(taken.ours100),
      reference: { is: 'classic-level, batches of 100', values: perSecond(taken.level100) },
      target: ratioAtLeast(0.6),
    }),
    compare({
      figure: '100 writers, spot readings that may come again',
      unit: 'per s',
      ours: perSecond(taken.spots100),
      reference: { is: 'classic-level, batches of 100', values: perSecond(taken.level100) },
    }),
    compare({
      figure: '100 writers, p99 of an append',
      unit: 'ms',
      ours: taken.ours100.map((one) => one.p99Ms),
      reference: { is: 'classic-level, p99 of a batch of 100', values: taken.level100.map((one) => one.p99Ms) },
    }),
  ];
}

async function onSlowDisks(bench: Bench): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const slowMs of SLOW_MS) {
    const seconds = bench.sizes.appendSeconds;
    const taken = await interleaved(bench.runs, {
      one: () => append(bench, { into: 'journal', together: 1, seconds }, slowMs),
      raw: () => rawSync(bench.native, bench.folder, { bytes: BYTES, seconds, slowMs }),
      ours: () => append(bench, { into: 'journal', together: 100, seconds }, slowMs),
      level: () => append(bench, { into: 'classic-level', together: 100, seconds }, slowMs),
    });
    rows.push(
      compare({
        figure: `sync ${slowMs} ms slower: one reading`,
        unit: 'ms',
        ours: taken.one.map((one) => 1000 / one.perSecond),
        reference: { is: 'append + fdatasync in C', values: taken.raw.map((one) => 1000 / one.perSecond) },
        target: ratioAtMost(1.3),
      }),
      compare({
        figure: `sync ${slowMs} ms slower: 100 writers`,
        unit: 'per s',
        ours: taken.ours.map((one) => one.perSecond),
        reference: { is: 'classic-level, batches of 100', values: taken.level.map((one) => one.perSecond) },
        target: ratioAtLeast(0.6),
      }),
    );
  }
  return rows;
}
