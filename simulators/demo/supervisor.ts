/** Keeps the agent running as systemd would: a real process, started again when it dies. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { World } from '../../agent/world.ts';

export interface Supervisor {
  /** Process id while the agent runs. */
  readonly pid: number | undefined;
  readonly restarts: number;
  /** Pulls the plug: SIGKILL, then a fresh start after the pause. */
  kill(): void;
  /** Asks the agent to end and waits; after 10 s it is killed. */
  stop(): Promise<void>;
}

export interface SupervisorOptions {
  readonly world: World;
  /** Program and arguments. */
  readonly command: readonly [string, ...string[]];
  /** Each line of the agent's log. */
  onLog(line: string): void;
  onChange(): void;
}

const RESTART_PAUSE_MS = 500;
const STOP_PATIENCE_MS = 10_000;
/** An agent that never gets up is not started for ever. */
const RESTARTS_MAX = 20;

export function supervise(options: SupervisorOptions): Supervisor {
  const [program, ...args] = options.command;
  let child: ChildProcess | undefined;
  let stopping = false;
  let restarts = 0;

  function start(): void {
    const agent = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
    child = agent;
    agent.on('error', (error) => options.onLog(`the agent could not be started: ${error.message}`));
    let rest = '';
    agent.stderr?.setEncoding('utf8').on('data', (piece: string) => {
      const lines = (rest + piece).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) options.onLog(line);
    });
    agent.on('close', (code, signal) => {
      child = undefined;
      options.onChange();
      if (stopping || restarts >= RESTARTS_MAX) return;
      options.onLog(`the agent ended (${signal ?? `exit ${code}`}); it is started again`);
      restarts++;
      options.world.after(RESTART_PAUSE_MS, () => !stopping && start());
    });
    options.onChange();
  }
  start();

  return {
    get pid() {
      return child?.pid;
    },
    get restarts() {
      return restarts;
    },
    kill: () => void child?.kill('SIGKILL'),
    stop: async () => {
      stopping = true;
      const agent = child;
      if (!agent) return;
      const ended = new Promise<void>((resolve) => agent.once('close', () => resolve()));
      agent.kill('SIGTERM');
      const timer = options.world.after(STOP_PATIENCE_MS, () => void agent.kill('SIGKILL'));
      await ended;
      timer.cancel();
    },
  };
}
