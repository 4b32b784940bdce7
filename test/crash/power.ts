/** The power supply of the hub under test: compiles power.c, preloads it into the agent, and pulls the plug. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../agent/settings/package-root.ts';
import type { Disk } from './disk.ts';
import { type Cut, cutPower, readNotes } from './power-cut.ts';

export interface Power {
  /**
   * What a process that writes to the disk is started with. `syncMs` is how long a sync takes at least; on a tight disk nothing
   * that was removed is kept, since that would take its room.
   */
  env(life?: { readonly syncMs?: number; readonly isTight?: boolean }): Readonly<Record<string, string>>;
  /** The processes must be dead: what was never synced is gone. */
  cut(random: () => number): Cut;
}

/** Sparse; a sync needs some thirty bytes. */
const NOTES_BYTES = 64 << 20;

/** Why there is none here; undefined where there is a compiler. */
export function cannotCompile(): string | undefined {
  return spawnSync('gcc', ['--version']).status === 0
    ? undefined
    : 'gcc is not installed (apt-get install gcc libc6-dev)';
}

/** `lies`: every sync says that it was done, and nothing was. Such a disk must be seen to lose. */
export function openPower(folder: string, disk: Disk, lies: boolean): Power {
  const library = join(folder, 'power.so');
  const notes = join(folder, 'power.notes');
  const source = join(packageRoot(), 'test/crash/power.c');
  execFileSync('gcc', ['-shared', '-fPIC', '-O2', '-Wall', '-Wextra', '-Werror', '-o', library, source, '-ldl']);
  writeFileSync(notes, '');

  function forget(): void {
    truncateSync(notes, 0);
    truncateSync(notes, NOTES_BYTES);
    for (const name of readdirSync(disk.graves)) rmSync(join(disk.graves, name));
  }
  forget();

  return {
    env: ({ syncMs = 0, isTight = false } = {}) => ({
      LD_PRELOAD: library,
      POWER_FOLDER: disk.state,
      POWER_NOTES: notes,
      ...(!isTight && { POWER_GRAVES: disk.graves }),
      POWER_SYNC: lies ? 'drop' : String(syncMs),
    }),
    cut: (random) => {
      const cut = cutPower(disk.state, disk.graves, readNotes(readFileSync(notes)), random);
      forget(); // what is there now is on the medium
      return cut;
    },
  };
}
