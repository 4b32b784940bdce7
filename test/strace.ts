/** System calls that fail, at the boundary where they do: strace in front of a process. */
import { spawnSync } from 'node:child_process';

/** Why system calls cannot be tampered with here. */
export function cannotTrace(): string | undefined {
  return spawnSync('strace', ['-D', '-f', '-qq', '-o', '/dev/null', '-e', 'trace=none', 'true']).status === 0
    ? undefined
    : 'strace is not installed or may not trace (apt-get install strace)';
}

/** For tests that need it: says so where it cannot be. Throws in CI. */
export function canTrace(): boolean {
  const why = cannotTrace();
  if (why !== undefined && process.env['CI'] === 'true') throw new Error(why);
  if (why !== undefined) process.stderr.write(`${why}: failing system calls are not tested\n`);
  return why === undefined;
}

/** `when=` counts per thread: with one thread in the pool every call is counted in one place. */
export const ONE_POOL_THREAD = { UV_THREADPOOL_SIZE: '1' } as const;

/** Words before a command: those calls of it fail so. `when` is as strace has it. */
export function failing(call: string, error: string, when: string): readonly [string, ...string[]] {
  const inject = `inject=${call}:error=${error}:when=${when}`;
  return ['strace', '-f', '-qq', '-o', '/dev/null', '-e', `trace=${call}`, '-e', inject];
}
