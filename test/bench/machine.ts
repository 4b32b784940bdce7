/** What the figures were taken on: a ratio without its machine is a rumour. */
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { packageRoot, packageVersion } from '../../agent/settings/package-root.ts';
import { findMosquitto } from '../../simulators/hospital/mosquitto.ts';
import { launch } from './child.ts';
import type { Disk } from './place.ts';

export interface Machine {
  readonly date: string;
  readonly processor: string;
  readonly memory: string;
  readonly disk: string;
  readonly kernel: string;
  readonly node: string;
  readonly mosquitto: string;
  readonly packages: string;
  readonly load: string;
}

const PACKAGES = ['level', 'classic-level', 'mqtt'];

export async function describeMachine(disk: Disk): Promise<Machine> {
  const [first] = cpus();
  const model = first?.model.trim() ?? '';
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' '),
    processor: `${cpus().length} x ${model === '' || model === 'unknown' ? process.arch : model}`,
    memory: `${(totalmem() / 2 ** 30).toFixed(1)} GiB`,
    disk: `${disk.fileSystem} on ${disk.device ?? 'a device that is not known'}`,
    kernel: `Linux ${release()} ${process.arch}`,
    node: process.version.slice(1),
    mosquitto: await mosquittoVersion(),
    packages: [`hjemmebro ${packageVersion()}`, ...PACKAGES.map((name) => `${name} ${versionOf(name)}`)].join(', '),
    load: readFileSync('/proc/loadavg', 'utf8').split(' ').slice(0, 3).join(' '),
  };
}

export function machineLines(machine: Machine, runs: number): readonly string[] {
  const { date, processor, memory, disk, kernel, node, mosquitto, packages, load } = machine;
  return [
    `${date} UTC. ${processor}, ${memory}; ${disk}; ${kernel}; Node ${node}, mosquitto ${mosquitto}; ${packages}.`,
    `Load before the run: ${load}. Medians of ${runs} rounds unless a row says otherwise; ratios are taken within a round.`,
  ];
}

async function mosquittoVersion(): Promise<string> {
  const program = findMosquitto();
  if (program === undefined) return 'not installed';
  const { out, err } = await launch([program, '-h']).ended;
  return /mosquitto version (\S+)/.exec(out + err)?.[1] ?? 'of unknown version';
}

function versionOf(name: string): string {
  const text = readFileSync(join(packageRoot(), 'node_modules', name, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
