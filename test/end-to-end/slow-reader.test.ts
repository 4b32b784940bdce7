/** A pipe whose reader is slower than the program: `hjemmebro journal --json | ...` must give every line. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { realWorld } from '../../agent/world.ts';
import { PROGRAM } from './program.ts';

/** Far more than a pipe holds (64 KiB) and Node's own buffer beside it. */
const FRAMES = 4_000;
/** Long enough for a program that does not wait for its reader to be gone. */
const READER_AWAY_MS = 1_500;

it('still gets all that was said', async () => {
  const [node, ...main] = PROGRAM;
  const frame = Buffer.from('!INF_RATE^0.10^ml/h|D407\r').toString('hex');
  const words = ['decode', '--driver', 'alaris-gh-serial', ...Array.from({ length: FRAMES }, () => frame)];
  const child = spawn(node, [...main, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  await Promise.race([once(child, 'exit'), realWorld().sleep(READER_AWAY_MS)]);
  let text = '';
  for await (const piece of child.stdout.setEncoding('utf8')) text += piece;
  expect(text.split('\n').filter((line) => line !== '')).toHaveLength(FRAMES);
});
