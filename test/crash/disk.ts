/** The disk of the hub under test: a small file system of its own where one may be mounted, which fills, frees and turns read-only. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

export interface Disk {
  /** What the agent writes to. */
  readonly state: string;
  /** On the same file system, for power.c. */
  readonly graves: string;
  /** Why it cannot be filled or made read-only here. */
  readonly cannotFill?: string;
  /** Leaves so much room and no more, as somebody else's file would. */
  fill(roomKb: number): Promise<void>;
  free(): Promise<void>;
  /** Only while nothing has a file open for writing. */
  readOnly(on: boolean): Promise<void>;
  close(): Promise<void>;
}

/** Why no disk can be made here that fills; undefined where one may be mounted. */
export async function cannotMount(): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'hjemmebro-mount-'));
  const disk = await openDisk(join(folder, 'disk'));
  await disk.close();
  rmSync(folder, { recursive: true, force: true });
  return disk.cannotFill;
}

/** Room for the journal of the longest run. */
const SIZE = '256m';
const FILL_TRIES = 20;
const PAGE_KB = 4;

const run = promisify(execFile);

/** Mounts where it may; else it is a plain folder, and says why. */
export async function openDisk(folder: string): Promise<Disk> {
  mkdirSync(folder);
  const mounted = await run('mount', ['-t', 'tmpfs', '-o', `size=${SIZE}`, 'tmpfs', folder]).then(
    () => undefined,
    (error: unknown) => `mount: ${String(error instanceof Error ? error.message : error).trim()}`,
  );
  const state = join(folder, 'state');
  const graves = join(folder, 'graves');
  mkdirSync(state);
  mkdirSync(graves);
  const remount = (...options: readonly string[]): Promise<unknown> =>
    run('mount', ['-o', ['remount', ...options].join(','), folder]);

  /** The file system shrinks to what is used. The agent may use more in the same moment, and then it does not. */
  async function fill(roomKb: number): Promise<void> {
    for (let tries = 1; ; tries++) {
      const { blocks, bfree, bsize } = statfsSync(folder);
      const usedKb = Math.ceil(((blocks - bfree) * bsize) / 1024);
      try {
        await remount(`size=${Math.max(PAGE_KB, usedKb + roomKb)}k`); // 0 would be no limit at all, and for good
        return;
      } catch (error) {
        if (tries === FILL_TRIES) throw error;
      }
    }
  }

  if (mounted !== undefined) {
    const refuse = (): Promise<void> => Promise.reject(new Error(mounted));
    return { state, graves, cannotFill: mounted, fill: refuse, free: refuse, readOnly: refuse, close: async () => {} };
  }
  return {
    state,
    graves,
    fill,
    free: async () => void (await remount(`size=${SIZE}`)),
    readOnly: async (on) => void (await remount(on ? 'ro' : 'rw')),
    close: async () => void (await run('umount', ['-l', folder])),
  };
}
