/** The receiver in a process of its own: killed at any moment, or with system calls that fail, what it receipted is there, once. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../agent/world.ts';
import { fileStore, type Row, type Statement } from '../../simulators/receiver/receiver.ts';
import { canTrace, failing, ONE_POOL_THREAD } from '../strace.ts';
import { openFolder } from './folder.ts';
import { HUB } from './messages.ts';

const HOSPITAL = fileURLToPath(new URL('hospital.mjs', import.meta.url));
const BUILT = ['js', 'd.ts'].map((ending) =>
  fileURLToPath(new URL(`../../dist/simulators/receiver/receiver.${ending}`, import.meta.url)),
);

it('has been built, with its types, for the processes these tests start', () => {
  for (const file of BUILT) expect(existsSync(file), `${file}: run "npm run build" first`).toBe(true);
});

type Child = ChildProcessByStdio<null, Readable, null>;

/** Line by line what the process printed, whole lines only. */
async function follow(child: Child, onLine: (line: string) => void): Promise<void> {
  createInterface({ input: child.stdout }).on('line', onLine);
  await once(child, 'close');
}

/** The numbers that these lines receipt. */
function receiptedIn(lines: readonly string[]): ReadonlySet<number> {
  const receipted = new Set<number>();
  for (const line of lines) {
    const [, json] = /^receipt (.*)$/.exec(line) ?? [];
    if (json === undefined) continue;
    const { upTo, ranges = [] }: { upTo?: number; ranges?: [number, number][] } = JSON.parse(json);
    for (const [from, to] of upTo === undefined ? ranges : [[1, upTo] as const, ...ranges]) {
      for (let seq = from; seq <= to; seq++) receipted.add(seq);
    }
  }
  return receipted;
}

function prefixOf(receipted: ReadonlySet<number>): number {
  let upTo = 0;
  while (receipted.has(upTo + 1)) upTo++;
  return upTo;
}

function statementIn(lines: readonly string[]): Statement {
  const [, json] = /^statement (.*)$/.exec(lines.at(-1) ?? '') ?? [];
  return JSON.parse(json ?? 'null');
}

async function rowsIn(folder: string): Promise<readonly Row[]> {
  const store = fileStore(folder);
  const rows = await store.rows(HUB, 0, 100_000);
  await store.close();
  return rows;
}

/** Each number once, under its own id, new each time. */
function expectEachOnce(rows: readonly Row[], numbers: Iterable<number>): void {
  const bySeq = new Map(rows.map((row) => [row.seq, row]));
  expect(bySeq.size).toBe(rows.length);
  for (const seq of numbers) {
    expect(JSON.parse(bySeq.get(seq)?.text ?? 'null')).toMatchObject({ seq, id: `id-${seq}` });
    expect(bySeq.get(seq)?.was).toBe('new');
  }
}

describe('SIGKILL', () => {
  it('between store and receipt, or anywhere: nothing is lost, nothing doubled, and in the end all is complete', {
    timeout: 90_000,
  }, async () => {
    const folder = openFolder();
    const random = randomFrom(3);
    const last = 5_000;
    const lines: string[] = [];
    let killed = 0;
    for (let round = 0; round < 8; round++) {
      const upTo = prefixOf(receiptedIn(lines));
      const args = [HOSPITAL, folder, String(upTo), String(last), String(round)];
      const child: Child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      const killAt = round === 7 ? Infinity : 2 + Math.floor(random() * 40);
      let said = 0;
      await follow(child, (line) => {
        lines.push(line);
        if (++said !== killAt) return;
        child.kill('SIGKILL');
        killed += 1;
      });
      const rows = await rowsIn(folder);
      expectEachOnce(rows, receiptedIn(lines));
    }
    expect(killed).toBe(7);
    expectEachOnce(
      await rowsIn(folder),
      Array.from({ length: last }, (_, at) => at + 1),
    );
    expect(statementIn(lines)).toMatchObject({
      complete: true,
      highest: last,
      held: last,
      counts: { entries: last, renumbered: 0, reused: 0, rejected: 0, refused: 0 },
    });
  });
});

describe.skipIf(!canTrace())('a system call that fails', () => {
  it.each([
    ['fdatasync', 'EIO'],
    ['pwrite64', 'ENOSPC'],
  ])('%s with %s costs time, never an entry', { timeout: 90_000 }, async (call, error) => {
    const folder = openFolder();
    const [strace, ...trace] = failing(call, error, '3..4');
    const child: Child = spawn(strace, [...trace, process.execPath, HOSPITAL, folder, '0', '1500', '1'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...ONE_POOL_THREAD },
    });
    const lines: string[] = [];
    await follow(child, (line) => lines.push(line));
    expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^trouble .*${error}`)));
    expect(statementIn(lines)).toMatchObject({ complete: true, held: 1_500, counts: { entries: 1_500 } });
    expectEachOnce(await rowsIn(folder), receiptedIn(lines));
  });
});
