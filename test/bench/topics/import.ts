/** A CPAP night, from the card in the reader to the last reading on disk. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { randomFrom } from '../../../agent/world.ts';
import { writeCard } from '../../../simulators/devices/resmed/card.ts';
import { run } from '../child.ts';
import { nowMs, sleep } from '../clock.ts';
import { PROGRAM, startHub, writeHub } from '../hub.ts';
import { compare, interleaved, median } from '../rows.ts';
import type { Bench, Topic } from '../topic.ts';

const DEVICE = 'cpap';
const SEED = 7;
const AGENT_UP_MS = 2_500;

interface Imported {
  readonly seconds: number;
  readonly readings: number;
}

let hubs = 0;

async function importOnce(
  bench: Bench,
  card: string,
  how: 'dry-run' | 'alone' | 'through the agent',
): Promise<Imported> {
  hubs += 1;
  const folder = join(bench.folder, `import-${hubs}`);
  mkdirSync(folder);
  writeHub(folder, { devices: [{ id: DEVICE, driver: 'resmed-card', folder: join(folder, 'reader') }] });
  const hub = how === 'through the agent' ? startHub(folder) : undefined;
  try {
    if (hub) await sleep(AGENT_UP_MS);
    const startMs = nowMs();
    const words = how === 'dry-run' ? ['--dry-run'] : ['--config', folder, '--json'];
    const out = await run([...PROGRAM, 'import', card, ...words]);
    const seconds = (nowMs() - startMs) / 1000;
    return { seconds, readings: how === 'dry-run' ? 0 : (JSON.parse(out) as { added: number }).added };
  } finally {
    await hub?.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  }
}

export const importing: Topic = {
  name: 'import',
  title: 'Import of a CPAP night',
  about: ({ sizes }) =>
    `One night of ${sizes.nightMinutes} minutes on a card as an AirSense 10 writes it; \`hjemmebro import\`, from the start of ` +
    'the program to its end. The same with --dry-run reads and understands the card and keeps nothing.',
  measure: async (bench) => {
    const card = join(bench.folder, 'card');
    const story = { nights: 1, lastNight: '2026-03-01', sessionMinutes: bench.sizes.nightMinutes };
    for (const { path, bytes } of writeCard(randomFrom(SEED), story)) {
      mkdirSync(dirname(join(card, path)), { recursive: true });
      writeFileSync(join(card, path), bytes);
    }
    const taken = await interleaved(bench.runs, {
      alone: () => importOnce(bench, card, 'alone'),
      running: () => importOnce(bench, card, 'through the agent'),
      dry: () => importOnce(bench, card, 'dry-run'),
    });
    const reference = { is: 'with --dry-run', values: taken.dry.map((one) => one.seconds) };
    const readings = median(taken.alone.map((one) => one.readings));
    return [
      compare({
        figure: 'no agent runs',
        unit: 's',
        ours: taken.alone.map((one) => one.seconds),
        reference,
        note: `${readings} readings and waveforms`,
      }),
      compare({
        figure: 'through the running agent',
        unit: 's',
        ours: taken.running.map((one) => one.seconds),
        reference,
      }),
      compare({
        figure: 'no agent runs, start of the program included',
        unit: 'per s',
        ours: taken.alone.map((one) => one.readings / one.seconds),
      }),
    ];
  },
};
