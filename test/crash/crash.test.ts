/** The rig in small, each kind of fault once; and proof that the rig itself can tell a loss from none. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../agent/settings/package-root.ts';
import { findMosquitto } from '../../simulators/hospital/mosquitto.ts';
import { ROUND } from './plan.ts';

const RIG = join(packageRoot(), 'dist-crash/test/crash/main.js');
/** Other moments: CRASH_SEED=7 npx vitest run test/crash */
const SEED = process.env['CRASH_SEED'] ?? '27';
const LIMIT_MS = 150_000;
const hasMosquitto = findMosquitto() !== undefined || process.env['CI'] === 'true';

if (!hasMosquitto) process.stdout.write('crash.test.ts: mosquitto is not installed; the rig does not run\n');

it('has been built', () => {
  expect(existsSync(RIG), 'run "npm run build:crash" first').toBe(true);
});

describe.skipIf(!hasMosquitto)('the rig', () => {
  it('loses nothing in a round of all deaths and faults', { timeout: LIMIT_MS }, async () => {
    const { code, out } = await rig('--cycles', String(ROUND), '--seed', SEED);
    process.stdout.write(out.slice(out.indexOf('\ndevice')));
    expect(code, out).toBe(0);
    expect(out).toMatch(/\n0 lost, 0 duplicated in meaning, 0 failed starts/);
  });

  it('sees what a disk loses that lies about its syncs', { timeout: LIMIT_MS }, async () => {
    const { code, out } = await rig('--cycles', '2', '--seed', SEED, '--only', 'power-cut', '--lying-disk');
    if (out.includes('left out:')) return; // no compiler here; said above, and an error in CI
    expect(code, out).toBe(1);
    expect(out).toMatch(/NOT ON DISK after cycle 1: \d+ of scale/);
    expect(out).toMatch(/LOST /);
  });
});

function rig(...words: readonly string[]): Promise<{ readonly code: number | null; readonly out: string }> {
  const child = spawn(process.execPath, [RIG, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    out += piece;
  });
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, out })));
}
