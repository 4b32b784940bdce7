/** Starts an append measurement in a process of its own, on a store of its own that is removed afterwards. */
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../child.ts';
import type { Bench } from '../topic.ts';
import type { AppendDone, AppendWork } from './append.ts';

const APPEND = fileURLToPath(new URL('./append.js', import.meta.url));
let stores = 0;

/** `beforeRemoval` may look at the disk while the store is still there. */
export async function append(
  bench: Bench,
  work: Omit<AppendWork, 'path'>,
  slowMs = 0,
  beforeRemoval: () => Promise<void> = async () => undefined,
): Promise<AppendDone> {
  stores += 1;
  const folder = join(bench.folder, `append-${stores}`);
  const whole: AppendWork = { ...work, path: join(folder, 'journal') };
  mkdirSync(folder);
  try {
    const out = await run([process.execPath, APPEND, JSON.stringify(whole)], { env: bench.native.slowed(slowMs) });
    await beforeRemoval();
    return JSON.parse(out) as AppendDone;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
