/** Processes of a measurement: started, listened to line by line, ended by their id, and none left behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { nowMs, sleep } from './clock.ts';

export interface Child {
  readonly pid: number;
  /** When it was started, on the machine's clock. */
  readonly startedMs: number;
  /** Calls back with each line of standard output, also those said already. */
  onLine(listener: (line: string) => void): void;
  /** The first line of standard output or error that matches, also one said already. Rejects after the bound or at the end. */
  line(pattern: RegExp, withinMs?: number): Promise<RegExpExecArray>;
  /** Standard input. */
  write(text: string): Promise<void>;
  closeInput(): void;
  /** Sends a signal and waits; SIGKILL after ten seconds. */
  end(signal?: NodeJS.Signals): Promise<Ended>;
  readonly ended: Promise<Ended>;
}

export interface Ended {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly out: string;
  /** The last of what it said on standard error. */
  readonly err: string;
}

export interface LaunchOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

const LINE_WITHIN_MS = 20_000;
const END_WITHIN_MS = 10_000;
/** What is kept of each stream. */
const KEPT_CHARS = 1 << 20;

const children = new Set<ChildProcess>();

export function launch(command: readonly [string, ...string[]], { env = {}, cwd }: LaunchOptions = {}): Child {
  const [program, ...args] = command;
  const startedMs = nowMs();
  const child = spawn(program, args, { env: { ...process.env, ...env }, cwd, stdio: ['pipe', 'pipe', 'pipe'] });
  children.add(child);
  const lines: string[] = [];
  const listeners = new Set<(line: string) => void>();
  const said = { out: '', err: '' };
  const hear = (stream: 'out' | 'err') => {
    let rest = '';
    return (piece: string): void => {
      said[stream] = (said[stream] + piece).slice(-KEPT_CHARS);
      const whole = (rest + piece).split('\n');
      rest = whole.pop() ?? '';
      for (const line of whole) {
        lines.push(line);
        if (lines.length > 1_000) lines.splice(0, 500);
        for (const listener of listeners) listener(line);
      }
    };
  };
  child.stdout.setEncoding('utf8').on('data', hear('out'));
  child.stderr.setEncoding('utf8').on('data', hear('err'));
  child.stdin.on('error', () => undefined); // it may end before it has read everything
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      children.delete(child);
      resolve({ code: code ?? undefined, ...said });
    });
  });
  ended.catch(() => undefined); // whoever waits for a line is told

  function onLine(listener: (line: string) => void): void {
    for (const line of lines) listener(line);
    listeners.add(listener);
  }

  return {
    pid: child.pid ?? 0,
    startedMs,
    ended,
    onLine,
    line: async (pattern, withinMs = LINE_WITHIN_MS) => {
      const found = new Promise<RegExpExecArray>((resolve) => {
        onLine((line) => {
          const match = pattern.exec(line);
          if (match) resolve(match);
        });
      });
      const late = sleep(withinMs, undefined, { ref: false }).then((): never => {
        throw new Error(`${program} did not say ${pattern} within ${withinMs / 1000} s: ${said.err.slice(-500)}`);
      });
      const over = ended.then((end): never => {
        throw new Error(`${program} ended with ${end.code} and never said ${pattern}: ${end.err.slice(-500)}`);
      });
      return Promise.race([found, late, over]);
    },
    write: (text) => new Promise((resolve) => child.stdin.write(text, () => resolve())),
    closeInput: () => child.stdin.end(),
    end: async (signal = 'SIGTERM') => {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), END_WITHIN_MS);
      const how = await ended;
      clearTimeout(timer);
      return how;
    },
  };
}

/** Runs a program to its end; rejects when it fails. */
export async function run(command: readonly [string, ...string[]], options: LaunchOptions = {}): Promise<string> {
  const { code, out, err } = await launch(command, options).ended;
  if (code !== 0) throw new Error(`${command.join(' ').slice(0, 200)} ended with ${code}: ${(err || out).slice(-800)}`);
  return out;
}

/** Whatever still runs: a measurement that failed must not disturb the next. */
export async function endAll(): Promise<void> {
  await Promise.all(
    [...children].map((child) => {
      const gone = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      return gone;
    }),
  );
}
