/** One life of the agent: a real process, started as systemd would, watched by what it says and how it ends. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { World } from '../../agent/world.ts';

export interface LifeOptions {
  readonly world: World;
  /** Program and arguments. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export interface Life {
  readonly startedAtMs: number;
  /** Milliseconds it took; undefined when it ended before it was up. */
  readonly up: Promise<number | undefined>;
  readonly ended: Promise<Ended>;
  /** The last time that its journal took no readings; still so where it has no end. */
  readonly standstill: Standstill | undefined;
  /** Newest entry when it had its journal on disk; undefined while it never had. */
  readonly journalAt: number | undefined;
  /** How often it said so. */
  readonly timesStuck: number;
  /** The last lines of its log. */
  readonly log: readonly string[];
  signal(name: 'SIGTERM' | 'SIGKILL'): void;
}

export interface Ended {
  readonly atMs: number;
  readonly code: number | undefined;
  readonly signal: string | undefined;
}

export interface Standstill {
  readonly sinceMs: number;
  readonly untilMs?: number;
}

const LINES_KEPT = 60;
/** Why readings wait in memory, where nobody is told that they are safe; and the word that this is over. */
const STANDSTILLS = [
  [/journal-not-writable/, /journal-writable/],
  [/journal-alerts-only/, /journal-has-room/],
  // The hub is up on memory, and then once more on its disk.
  [/the hub runs from memory/, /is up with .*; journal at/],
] as const;
const alive = new Set<ChildProcess>();

/** Ends whatever still runs, when the rig itself goes wrong. */
export function endLives(): void {
  for (const child of alive) child.kill('SIGKILL');
}

export function startLife({ world, command, env }: LifeOptions): Life {
  const [program = '', ...args] = command;
  const startedAtMs = world.monotonicMs();
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
  alive.add(child);
  const log: string[] = [];
  const standing = new Set<RegExp>();
  let standstill: Standstill | undefined;
  let journalAt: number | undefined;
  let timesStuck = 0;
  let rest = '';
  let isUp = (_ms: number | undefined): void => undefined;
  const up = new Promise<number | undefined>((resolve) => {
    isUp = resolve;
  });

  function hear(line: string): void {
    log.push(line);
    if (log.length > LINES_KEPT) log.shift();
    if (/hub \S+ is up with/.test(line)) isUp(world.monotonicMs() - startedAtMs);
    for (const [begins, ends] of STANDSTILLS) {
      if (begins.test(line)) {
        timesStuck += 1;
        standing.add(begins);
      } else if (ends.test(line)) standing.delete(begins);
    }
    const nowMs = world.monotonicMs();
    const isOver = standstill === undefined || standstill.untilMs !== undefined;
    if (standing.size > 0 && isOver) standstill = { sinceMs: nowMs };
    if (standing.size === 0 && standstill && !isOver) standstill = { ...standstill, untilMs: nowMs };
    const [, head] = /; journal at (\d+)/.exec(line) ?? [];
    if (head !== undefined) journalAt ??= Number(head);
  }
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    const lines = (rest + piece).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) hear(line);
  });
  const ended = new Promise<Ended>((resolve) => {
    child.once('error', (error) => hear(`could not be started: ${error.message}`));
    child.once('close', (code, signal) => {
      alive.delete(child);
      isUp(undefined);
      resolve({ atMs: world.monotonicMs(), code: code ?? undefined, signal: signal ?? undefined });
    });
  });

  return {
    startedAtMs,
    up,
    ended,
    get standstill() {
      return standstill;
    },
    get journalAt() {
      return journalAt;
    },
    get timesStuck() {
      return timesStuck;
    },
    log,
    signal: (name) => void child.kill(name),
  };
}
