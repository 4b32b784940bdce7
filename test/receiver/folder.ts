/** A folder for a test, removed after it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

const folders: string[] = [];

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export function openFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hjemmebro-receiver-'));
  folders.push(folder);
  return folder;
}
