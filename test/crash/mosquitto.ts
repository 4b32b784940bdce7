/** The broker between hub and hospital: a real mosquitto that can be killed, made to forget, and made to stand still. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../simulators/hospital/free-port.ts';
import { findMosquitto } from '../../simulators/hospital/mosquitto.ts';

export interface Mosquitto {
  readonly port: number;
  readonly url: string;
  kill(): Promise<void>;
  /** With what it had written down, or as on its first day. Nothing happens while it runs. */
  restart(remembers: boolean): Promise<void>;
  standStill(on: boolean): void;
}

/** It writes down what it holds once in so many seconds: killed, it forgets what came since. */
const SAVE_EVERY_S = 1;

export async function startMosquitto(folder: string): Promise<Mosquitto> {
  const program = findMosquitto();
  if (program === undefined) throw new Error('mosquitto is not installed (apt-get install mosquitto)');
  const port = await freePort();
  const config = join(folder, 'mosquitto.conf');
  const lines = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'user root',
    'set_tcp_nodelay true',
    'max_queued_messages 1000000',
    'persistence true',
    `persistence_location ${folder}/`,
    `autosave_interval ${SAVE_EVERY_S}`,
    'log_dest stderr',
    'log_type information',
    'connection_messages false',
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  let child = await start(program, config);

  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    kill: () => end(child),
    restart: async (remembers) => {
      if (child.exitCode === null && child.signalCode === null) return;
      if (!remembers) rmSync(join(folder, 'mosquitto.db'), { force: true });
      child = await start(program, config);
    },
    standStill: (on) => void child.kill(on ? 'SIGSTOP' : 'SIGCONT'),
  };
}

async function start(program: string, config: string): Promise<ChildProcess> {
  const child = spawn(program, ['-c', config], { stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => reject(new Error(`mosquitto ended at once: ${said.trim()}`)));
    child.stderr.setEncoding('utf8').on('data', (piece: string) => {
      said = (said + piece).slice(-4096);
      if (/ running\b/.test(said)) resolve();
    });
  });
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
