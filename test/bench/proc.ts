/** What the kernel tells of a process and of a disk: memory, processor time, bytes written. */
import { readFileSync } from 'node:fs';
import { nowMs, sleep } from './clock.ts';

/** Ticks per second of /proc/<pid>/stat on every Linux that Node runs on. */
const TICKS = 100;
const SECTOR_BYTES = 512;

export interface Memory {
  readonly rssMb: number;
  /** The most it ever had. */
  readonly peakMb: number;
}

export function memoryOf(pid: number): Memory {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const mb = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(text)?.[1] ?? Number.NaN) / 1024;
  return { rssMb: mb('VmRSS'), peakMb: mb('VmHWM') };
}

/** Processor seconds, user and system, of all its threads. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/** Bytes that the process caused to be sent to the disk. */
export function bytesWritten(pid: number): number {
  return Number(/write_bytes: (\d+)/.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1] ?? Number.NaN);
}

/** Bytes that the whole device has written since boot, whoever asked for them. */
export function deviceBytes(device: string): number {
  const line = readFileSync('/proc/diskstats', 'utf8')
    .split('\n')
    .map((text) => text.trim().split(/\s+/))
    .find((fields) => fields[2] === device);
  return Number(line?.[9] ?? Number.NaN) * SECTOR_BYTES;
}

export interface Watched {
  readonly cpuPercent: number;
  /** Median over the time, and the most. */
  readonly rssMb: number;
  readonly mostMb: number;
}

/** Looks at a process once a second for so long. */
export async function watch(pid: number, seconds: number): Promise<Watched> {
  const sampler = sampleMemory(pid);
  const [startMs, before] = [nowMs(), cpuSeconds(pid)];
  await sleep(seconds * 1000);
  const cpuPercent = ((cpuSeconds(pid) - before) * 100_000) / (nowMs() - startMs);
  return { cpuPercent, ...sampler.stop() };
}

export interface MemorySampler {
  stop(): { readonly rssMb: number; readonly mostMb: number };
}

export function sampleMemory(pid: number, everyMs = 250): MemorySampler {
  const seen: number[] = [memoryOf(pid).rssMb];
  const timer = setInterval(() => {
    try {
      seen.push(memoryOf(pid).rssMb);
    } catch {
      clearInterval(timer); // it has ended
    }
  }, everyMs);
  return {
    stop: () => {
      clearInterval(timer);
      const sorted = seen.sort((a, b) => a - b);
      return { rssMb: sorted[Math.floor(sorted.length / 2)] ?? Number.NaN, mostMb: sorted.at(-1) ?? Number.NaN };
    },
  };
}
