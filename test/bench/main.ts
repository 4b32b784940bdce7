/** `npm run bench`: takes the figures of all topics and prints them as tables. A missed target is told, a failed measurement fails. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { endAll } from './child.ts';
import { nowMs } from './clock.ts';
import { describeMachine } from './machine.ts';
import { compileNative } from './native.ts';
import { type Options, optionsOf, USAGE } from './options.ts';
import { installPeers, type PeerFolder } from './peers/install.ts';
import { diskOf, makePlace } from './place.ts';
import { headLines, missedLines, type Section, sectionLines, writeDocs, writeJson } from './report.ts';
import { FULL, QUICK } from './sizes.ts';
import type { Bench, Topic } from './topic.ts';
import { topics } from './topics/all.ts';

const out = (line: string): void => void process.stdout.write(`${line}\n`);
const say = (line: string): void => void process.stderr.write(`... ${line}\n`);

async function sectionOf(topic: Topic, bench: Bench): Promise<Section> {
  const startMs = nowMs();
  const { name, title } = topic;
  const seconds = (): number => Math.round((nowMs() - startMs) / 1000);
  const about = topic.about(bench);
  try {
    const rows = await topic.measure(bench);
    say(`${name}: ${seconds()} s`);
    return { name, title, about, rows, seconds: seconds() };
  } catch (error) {
    await endAll();
    const failure = error instanceof Error ? error.message : String(error);
    say(`${name} failed: ${failure}`);
    return { name, title, about, rows: [], failure, seconds: seconds() };
  }
}

async function bench(options: Options): Promise<number> {
  const folder = makePlace(options.dir);
  const disk = diskOf(folder);
  const leave = (): never => {
    rmSync(folder, { recursive: true, force: true });
    process.exit(130);
  };
  process.once('SIGINT', () => void endAll().then(leave)).once('SIGTERM', () => void endAll().then(leave));
  try {
    const machine = await describeMachine(disk);
    const tools = join(folder, 'native');
    mkdirSync(tools);
    const sizes = options.isQuick ? QUICK : FULL;
    let peers: Promise<PeerFolder> | undefined;
    const context: Bench = {
      folder,
      sizes: options.isLarge ? sizes : { ...sizes, largeBacklog: 0 },
      runs: options.runs,
      native: await compileNative(tools),
      peers: options.withPeers
        ? () => {
            peers ??= installPeers();
            return peers;
          }
        : undefined,
      device: disk.device,
      say,
    };
    const head = headLines(machine, options.runs, options.isQuick);
    for (const line of head) out(line);
    const sections: Section[] = [];
    for (const topic of topics.filter(({ name }) => options.only.includes(name))) {
      const section = await sectionOf(topic, context);
      sections.push(section);
      for (const line of sectionLines(section)) out(line);
    }
    const missed = missedLines(sections);
    for (const line of missed) out(line);
    if (options.json !== undefined) writeJson(options.json, machine, sections);
    if (options.writesDocs) writeDocs([...head, ...sections.flatMap(sectionLines), ...missed]);
    return sections.some(({ failure }) => failure !== undefined) ? 1 : 0;
  } finally {
    await endAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

const words = process.argv.slice(2);
if (words.includes('--help')) for (const line of USAGE) out(line);
else {
  try {
    process.exitCode = await bench(optionsOf(words));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
