/** Runs the real mosquitto of the machine on a port of its own, and stops it again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { World } from '../../agent/world.ts';
import type { Broker } from './broker.ts';
import { freePort } from './free-port.ts';

const START_WITHIN_MS = 10_000;
const TRIES = 3;

/** Path of the program, or undefined where it is not installed. Debian keeps it outside a user's PATH. */
export function findMosquitto(): string | undefined {
  const { PATH = '' } = process.env;
  const folders = [...PATH.split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, 'mosquitto')).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Anonymous on loopback only, nothing kept on disk; its configuration is written to `dir`. Sessions do not outlive goAway. */
export async function startMosquitto({ world, dir }: { readonly world: World; readonly dir: string }): Promise<Broker> {
  const program = findMosquitto();
  if (program === undefined) throw new Error('mosquitto is not installed: apt-get install mosquitto');
  let { port, child } = await startOnFreePort(world, program, dir);
  const goAway = (): Promise<void> => end(child);
  return {
    url: `mqtt://127.0.0.1:${port}`,
    mqtt: '5.0',
    goAway,
    comeBack: async () => {
      if (child.exitCode !== null || child.signalCode !== null) child = await start(world, program, dir, port);
    },
    stop: goAway,
  };
}

/** Another program may take the free port before mosquitto does. */
async function startOnFreePort(
  world: World,
  program: string,
  dir: string,
): Promise<{ port: number; child: ChildProcess }> {
  for (let left = TRIES - 1; ; left--) {
    const port = await freePort();
    try {
      return { port, child: await start(world, program, dir, port) };
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

async function start(world: World, program: string, dir: string, port: number): Promise<ChildProcess> {
  await mkdir(dir, { recursive: true });
  const config = join(dir, `mosquitto-${port}.conf`);
  await writeFile(config, CONFIG(port));
  const child = spawn(program, ['-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    await running(world, child);
  } catch (error) {
    await end(child);
    throw error;
  }
  return child;
}

const CONFIG = (port: number): string =>
  [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence false',
    'set_tcp_nodelay true',
    'max_queued_messages 100000', // for a subscriber that is away; beyond it messages are lost and must be resent
    'log_dest stderr',
    'log_type error',
    'log_type warning',
    'log_type information', // says when it runs
    'connection_messages false',
    '',
  ].join('\n');

/** Resolves when mosquitto says that it runs, which it does once its listener is open. */
async function running(world: World, child: ChildProcess): Promise<void> {
  const answered = new AbortController();
  let said = '';
  const up = new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`mosquitto ended at once: ${said.trim()}`)));
    child.stderr?.on('data', (bytes: Buffer) => {
      said = (said + bytes.toString()).slice(-4096);
      if (/ running\b/.test(said)) resolve();
    });
  });
  const late = world.sleep(START_WITHIN_MS, answered.signal).then(() => {
    if (!answered.signal.aborted)
      throw new Error(`mosquitto did not start within ${START_WITHIN_MS} ms: ${said.trim()}`);
  });
  await Promise.race([up, late]).finally(() => answered.abort());
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await gone;
}
