/** The journal in a process of its own: killed at any moment, or with system calls that fail, what it confirmed is there. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../agent/world.ts';
import { canTrace, failing, ONE_POOL_THREAD } from '../strace.ts';
import { opened, place } from './support.ts';

const WRITER = fileURLToPath(new URL('writer.mjs', import.meta.url));
const BUILT = fileURLToPath(new URL('../../dist/agent/journal/open.js', import.meta.url));

it('has been built for the processes these tests start', () => {
  expect(existsSync(BUILT), 'run "npm run build" first').toBe(true);
});

/** Line by line what the process printed, whole lines only. */
async function follow(child: ChildProcessByStdio<null, Readable, null>, onLine: (line: string) => void): Promise<void> {
  createInterface({ input: child.stdout }).on('line', onLine);
  await once(child, 'close');
}

interface Confirmed {
  readonly seq: number;
  readonly id: string;
}

function confirmedIn(lines: readonly string[]): readonly Confirmed[] {
  return lines.flatMap((line) => {
    const [, seq, id] = /^(\d+) (\S+)$/.exec(line) ?? [];
    return id === undefined ? [] : [{ seq: Number(seq), id }];
  });
}

async function everything(path: string): Promise<Map<number, string>> {
  const { journal } = await opened(path);
  const ids = new Map<number, string>();
  for (let lines = await journal.scan(1, 1000); lines.length > 0; lines = await journal.scan(ids.size + 1, 1000)) {
    for (const { seq, id } of lines) ids.set(seq, id);
  }
  expect(ids.size).toBe(journal.head);
  await journal.close();
  return ids;
}

describe('SIGKILL', () => {
  it('loses nothing that was confirmed and leaves no hole', async () => {
    const path = place();
    const random = randomFrom(7);
    const confirmed: Confirmed[] = [];
    for (let round = 0; round < 6; round++) {
      const child = spawn(process.execPath, [WRITER, path, String(round)], { stdio: ['ignore', 'pipe', 'inherit'] });
      const lines: string[] = [];
      const killAt = 1 + Math.floor(random() * 400);
      await follow(child, (line) => {
        lines.push(line);
        if (lines.length === killAt) child.kill('SIGKILL');
      });
      confirmed.push(...confirmedIn(lines));
    }
    const ids = await everything(path);
    expect(confirmed.length).toBeGreaterThan(500);
    expect(confirmed.filter(({ seq, id }) => ids.get(seq) !== id)).toEqual([]);
    expect(new Set(ids.values()).size).toBe(ids.size);
  });
});

describe.skipIf(!canTrace())('a system call that fails', () => {
  it.each([
    ['fdatasync', 'EIO'],
    ['fdatasync', 'ENOSPC'],
    ['write', 'ENOSPC'],
  ])('%s with %s costs time, never an entry', async (call, error) => {
    const path = place();
    // Only this journal's files: node writes elsewhere too.
    const [strace, ...trace] = failing(call, error, '40..42');
    const files = call === 'write' ? ['-P', `${path}/000003.log`, '-P', `${path}/000005.log`] : [];
    const child = spawn(strace, [...trace, ...files, process.execPath, WRITER, path, '0', '4', '100'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...ONE_POOL_THREAD },
    });
    const lines: string[] = [];
    await follow(child, (line) => lines.push(line));
    expect(lines).toContain('journal-not-writable');
    expect(lines).toContain('journal-writable');
    expect(lines.at(-1)).toBe('done');
    const confirmed = confirmedIn(lines);
    const ids = await everything(path);
    expect(confirmed).toHaveLength(400);
    expect(confirmed.filter(({ seq, id }) => ids.get(seq) !== id)).toEqual([]);
    expect(ids.size).toBe(400);
  });
});
