/** Where the stores of a measurement lie: on a real disk, whose file system and device are named. */
import { mkdtempSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Disk {
  readonly fileSystem: string;
  readonly mountedOn: string;
  /** As the kernel counts it in /proc/diskstats; undefined where it is not a block device of this machine. */
  readonly device: string | undefined;
}

const IN_MEMORY = ['tmpfs', 'ramfs', 'zram'];

export function diskOf(folder: string): Disk {
  const path = realpathSync(folder);
  const mounts = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => line.includes(' - '))
    .map((line) => {
      const [before = '', after = ''] = line.split(' - ');
      const [, , numbers = '', , mountedOn = ''] = before.split(' ');
      return { numbers, mountedOn, fileSystem: after.split(' ')[0] ?? '' };
    })
    .filter(({ mountedOn }) => path === mountedOn || path.startsWith(mountedOn === '/' ? '/' : `${mountedOn}/`));
  const [nearest] = mounts.sort((a, b) => b.mountedOn.length - a.mountedOn.length);
  if (!nearest) throw new Error(`no mount is known for ${path}`);
  return { fileSystem: nearest.fileSystem, mountedOn: nearest.mountedOn, device: deviceNamed(nearest.numbers) };
}

function deviceNamed(numbers: string): string | undefined {
  return readFileSync('/proc/diskstats', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .find(([major, minor]) => `${major}:${minor}` === numbers)?.[2];
}

/** A new folder below the wanted one, or below the first usual place that is on a disk. Throws when there is none. */
export function makePlace(wanted: string | undefined): string {
  const above = wanted === undefined ? [tmpdir(), '/var/tmp', process.cwd()] : [wanted];
  const found = above.find((path) => isFolder(path) && !IN_MEMORY.includes(diskOf(path).fileSystem));
  if (found === undefined) {
    throw new Error(`${above.join(', ')}: no folder on a disk; name one with --dir (a store in memory proves nothing)`);
  }
  return mkdtempSync(join(found, 'hjemmebro-bench-'));
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
