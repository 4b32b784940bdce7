/** The compiled program as a person, a test harness or systemd starts it: words in, lines and an exit code out. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../agent/settings/package-root.ts';
import { realWorld } from '../../agent/world.ts';

export const PROGRAM: readonly [string, ...string[]] = [process.execPath, join(packageRoot(), 'dist/agent/main.js')];

/** How a run of the program ended. */
export interface Ended {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined;
  readonly out: string;
  readonly err: string;
}

export interface Running {
  readonly pid: number;
  readonly out: string;
  readonly err: string;
  /** Resolves to the first line of that stream that matches, also one said already. Rejects after the bound, or when the program ends. */
  line(stream: 'out' | 'err', pattern: RegExp, withinMs?: number): Promise<string>;
  /** Sends a signal and waits for the end, which may take 20 s. */
  end(signal?: NodeJS.Signals): Promise<Ended>;
  readonly ended: Promise<Ended>;
}

const RUN_LIMIT_MS = 60_000;
const LINE_LIMIT_MS = 20_000;
const END_LIMIT_MS = 20_000;

const world = realWorld();
const children = new Set<ChildProcess>();

/** Starts the program and leaves it running; `endAll` is its net. */
export function start(...words: readonly string[]): Running {
  const [node, ...main] = PROGRAM;
  const child = spawn(node, [...main, ...words], { stdio: ['ignore', 'pipe', 'pipe'] });
  children.add(child);
  const said = { out: '', err: '' };
  const waiters = new Set<() => void>();
  const hear = (stream: 'out' | 'err') => (piece: string) => {
    said[stream] += piece;
    for (const look of waiters) look();
  };
  child.stdout.setEncoding('utf8').on('data', hear('out'));
  child.stderr.setEncoding('utf8').on('data', hear('err'));
  const ended = new Promise<Ended>((resolve) => {
    child.once('close', (code) => {
      children.delete(child);
      resolve({ code: code ?? undefined, ...said });
    });
  });

  function line(stream: 'out' | 'err', pattern: RegExp, withinMs = LINE_LIMIT_MS): Promise<string> {
    const found = new Promise<string>((resolve) => {
      const look = (): void => {
        const match = said[stream].split('\n').find((text) => pattern.test(text));
        if (match === undefined) return;
        waiters.delete(look);
        resolve(match);
      };
      waiters.add(look);
      look();
    });
    const over = ended.then(({ code }): never => {
      throw new Error(
        `hjemmebro ${words.join(' ')} ended with ${code} and never said ${pattern}: ${said.out}${said.err}`,
      );
    });
    return within(withinMs, () => `no line like ${pattern} on ${stream}: ${said[stream]}`, Promise.race([found, over]));
  }

  return {
    pid: child.pid ?? 0,
    get out() {
      return said.out;
    },
    get err() {
      return said.err;
    },
    line,
    ended,
    end: (signal = 'SIGTERM') => {
      child.kill(signal);
      return within(END_LIMIT_MS, () => `hjemmebro ${words.join(' ')} did not end after ${signal}: ${said.err}`, ended);
    },
  };
}

/** Runs the program to its end. */
export function hjemmebro(...words: readonly string[]): Promise<Ended> {
  const { ended } = start(...words);
  return within(RUN_LIMIT_MS, () => `hjemmebro ${words.join(' ')} did not end`, ended);
}

/** Ends whatever of this file still runs. */
export async function endAll(): Promise<void> {
  await Promise.all(
    [...children].map((child) => {
      const gone = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      return gone;
    }),
  );
}

/** Settles as `work`, or rejects after the bound with what was missed. */
export async function within<T>(limitMs: number, missed: () => string, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = world.after(limitMs, () => reject(new Error(`within ${limitMs} ms: ${missed()}`)));
    work.then(resolve, reject).finally(() => timer.cancel());
  });
}

/** JSON lines of an output. */
export function jsonLines(text: string): readonly Record<string, unknown>[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}
