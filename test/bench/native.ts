/** The small C programs of the benchmark, compiled when it starts: what a disk and a broker allow without Node between. */
import { join } from 'node:path';
import { packageRoot } from '../../agent/settings/package-root.ts';
import { run } from './child.ts';

export interface Native {
  /** Appends and syncs one at a time. */
  readonly rawSync: string;
  /** Subscribes and counts. */
  readonly sink: string;
  /** Environment under which each sync of a process takes so much longer. */
  slowed(ms: number): Readonly<Record<string, string>>;
}

const SOURCES = join(packageRoot(), 'test/bench/native');

/** Rejects when there is no C compiler. */
export async function compileNative(folder: string): Promise<Native> {
  const at = (name: string): string => join(folder, name);
  const compile = (source: string, to: string, ...flags: string[]): Promise<string> =>
    run(['gcc', '-O2', '-Wall', ...flags, '-o', at(to), join(SOURCES, source), '-ldl']);
  await Promise.all([
    compile('raw-sync.c', 'raw-sync'),
    compile('sink.c', 'sink'),
    compile('slow-sync.c', 'slow-sync.so', '-shared', '-fPIC'),
  ]);
  return {
    rawSync: at('raw-sync'),
    sink: at('sink'),
    slowed: (ms) => (ms > 0 ? { LD_PRELOAD: at('slow-sync.so'), SLOW_SYNC_MS: String(ms) } : {}),
  };
}

export interface RawSync {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** What the disk allows: so many bytes appended and synced, one at a time, with a pause between where one is wanted. */
export async function rawSync(
  { rawSync: program, slowed }: Native,
  folder: string,
  { bytes, seconds, pauseMs = 0, slowMs = 0 }: { bytes: number; seconds: number; pauseMs?: number; slowMs?: number },
): Promise<RawSync> {
  const command = [program, join(folder, 'raw'), bytes, seconds, pauseMs].map(String) as [string, ...string[]];
  return JSON.parse(await run(command, { env: slowed(slowMs) })) as RawSync;
}
