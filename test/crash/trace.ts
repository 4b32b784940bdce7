/** What strace does to the agent's system calls in a life: makes some fail, and kills at one. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { unreachable } from '../../agent/reading/unreachable.ts';
import { CALLS, type Call, type Cycle, type DiskTrouble, type End } from './plan.ts';

/** Words before the agent's own command; none where nothing is to be done. */
export type Trace = readonly string[];

/** LevelDB numbers its files upwards; so many of the next are watched. */
const NEXT_FILES = 60;

export function traceOf({ end, disk }: Cycle, state: string): Trace {
  const harm = harmOf(disk);
  const kill = killOf(end, harm?.call);
  if (!harm && !kill) return [];
  const calls = [harm?.call, kill?.call].filter((call) => call !== undefined);
  return [
    // -D: the agent stays our own child, and the tracer goes when it goes.
    ...['strace', '-D', '-f', '-qq', '-o', '/dev/null'],
    // Half the slowness; but with it strace 6.1 sends a signal at the first call of a thread only.
    ...(kill ? [] : ['--seccomp-bpf']),
    ...['-e', `trace=${calls.join(',')}`],
    ...[harm?.inject, kill?.inject].flatMap((inject) => (inject === undefined ? [] : ['-e', `inject=${inject}`])),
    ...(harm?.paths(state) ?? []).flatMap((path) => ['-P', path]),
  ];
}

interface Harm {
  readonly call: Call | 'fdatasync,fsync' | 'openat';
  readonly inject: string;
  /** Only calls on these; on any where there are none. */
  paths(state: string): readonly string[];
}

function harmOf(trouble: DiskTrouble): Harm | undefined {
  switch (trouble.disk) {
    case 'sync-fails': {
      const { error, first, calls } = trouble;
      // Both kinds, or the disk would be half dead: LevelDB uses the one, and what lies beside it the other.
      const inject = `fdatasync,fsync:error=${error}:${during(first, calls)}`;
      return { call: 'fdatasync,fsync', inject, paths: () => [] };
    }
    case 'write-fails': {
      const { error, first, calls } = trouble;
      return {
        call: 'write',
        inject: `write:error=${error}:${during(first, calls)}`,
        paths: (state) => next(state, logs),
      };
    }
    case 'open-fails':
      return {
        call: 'openat',
        inject: `openat:error=ENOSPC:${during(1, trouble.calls)}`,
        paths: (state) => next(state, (number) => [...logs(number), `MANIFEST-${number}`]),
      };
    case 'well':
    case 'full':
    case 'full-at-start':
    case 'read-only-at-start':
    case 'slow':
      return undefined;
    default:
      return unreachable(trouble);
  }
}

function during(first: number, calls: number): string {
  return `when=${first}..${first + calls - 1}`;
}

const logs = (number: string): readonly string[] => [`${number}.log`];

/** Paths of the files that the journal will make next. */
function next(state: string, names: (number: string) => readonly string[]): readonly string[] {
  const folder = join(state, 'journal');
  const numbers = readdirIfThere(folder).map((name) => Number(/\d{6,}/.exec(name)?.[0] ?? 0));
  const newest = Math.max(0, ...numbers);
  return Array.from({ length: NEXT_FILES }, (_, at) => names(String(newest + 1 + at).padStart(6, '0')))
    .flat()
    .map((name) => join(folder, name));
}

function readdirIfThere(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // the first life has no journal yet
  }
}

/** A call can be made to fail or to kill, not both: another one kills then. */
function killOf(
  end: End,
  harmed: Harm['call'] | undefined,
): { readonly call: Call; readonly inject: string } | undefined {
  switch (end.end) {
    case 'kill-at-call':
    case 'power-cut-at-call': {
      const taken = harmed?.split(',') ?? [];
      const call = taken.includes(end.call) ? CALLS.find((other) => !taken.includes(other)) : end.call;
      return call && { call, inject: `${call}:signal=SIGKILL:when=${end.nth}` };
    }
    case 'kill':
    case 'kill-at-start':
    case 'kill-at-stop':
    case 'stop':
    case 'power-cut':
      return undefined;
    default:
      return unreachable(end);
  }
}
