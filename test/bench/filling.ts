/** Hubs with a backlog: filled once, judged by the rules, and cloned for each measurement. */
import { copyFileSync, linkSync, lstatSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from './child.ts';
import { nowMs, sleep } from './clock.ts';
import { STATE, startHub, writeHub } from './hub.ts';
import { cpuSeconds } from './proc.ts';
import type { Bench } from './topic.ts';

/** The wall clock that entries are counted from, the same for all fillings of a run. */
export const SINCE_MS = Date.now();

const FILL = fileURLToPath(new URL('./work/fill.js', import.meta.url));
const filled = new Map<number, Promise<string>>();
let clones = 0;

/**
 * A new settings folder whose journal holds entries 1 to `count`, unsent. An agent has run over it, so that nothing of the
 * filling is left to do at the next start: a backlog arises while rules run.
 */
export async function hubWithBacklog(bench: Bench, count: number): Promise<string> {
  const pristine = filled.get(count) ?? fill(bench, count);
  filled.set(count, pristine);
  clones += 1;
  const folder = join(bench.folder, `hub-${clones}`);
  clone(join(await pristine, STATE), join(folder, STATE));
  return folder;
}

/** Folders of a hub are large; each is removed when its measurement is over. */
export function dropHub(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

async function fill(bench: Bench, count: number): Promise<string> {
  const folder = join(bench.folder, `filled-${count}`);
  writeHub(folder, {});
  const startMs = nowMs();
  await run([process.execPath, FILL, join(folder, STATE, 'journal'), String(count), String(SINCE_MS)]);
  const filledMs = nowMs();
  await settle(folder, count);
  bench.say(
    `filled ${count} entries in ${((filledMs - startMs) / 1000).toFixed(1)} s; ` +
      `the agent looked them through in ${((nowMs() - filledMs) / 1000).toFixed(1)} s`,
  );
  return folder;
}

const QUIET_LOOKS = 4;
const LOOK_EVERY_MS = 500;
/** Two hundredths of a second in half a second. */
const QUIET_SECONDS = 0.02;

/** Runs an agent without a broker until it has nothing more to do. */
async function settle(folder: string, count: number): Promise<void> {
  const hub = startHub(folder);
  const limitMs = nowMs() + 30_000 + count * 0.3;
  let before = cpuSeconds(hub.pid);
  await sleep(1_500);
  for (let quiet = 0; quiet < QUIET_LOOKS; ) {
    if (nowMs() > limitMs) throw new Error(`an agent with ${count} entries and no broker does not come to rest`);
    await sleep(LOOK_EVERY_MS);
    const now = cpuSeconds(hub.pid);
    quiet = now - before <= QUIET_SECONDS ? quiet + 1 : 0;
    before = now;
  }
  const { code, err } = await hub.end();
  if (code !== 0) throw new Error(`the agent ended with ${code} over a filled journal: ${err.slice(-500)}`);
}

/** LevelDB never changes a table once it is written, only removes it: a link is a copy. Sockets are left behind. */
function clone(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const name of readdirSync(from)) {
    const [source, target] = [join(from, name), join(to, name)];
    const about = lstatSync(source);
    if (about.isDirectory()) clone(source, target);
    else if (/\.(ldb|sst)$/.test(name)) linkSync(source, target);
    else if (about.isFile()) copyFileSync(source, target);
  }
}
