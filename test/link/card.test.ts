/** A card's link against a real folder: in and out, growing, too large, unreadable, leading elsewhere. */
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cardLink } from '../../agent/link/card.ts';
import { LinkError } from '../../agent/link/link.ts';
import type { HubEvent } from '../../agent/reading/entry.ts';
import { type VirtualWorld, virtualWorld } from '../virtual-world.ts';
import { pass, type Recorder, recorder, settled, until } from './bench.ts';

let world: VirtualWorld;
let root: string;
let card: string;
let events: HubEvent[];
let close: () => Promise<void>;

beforeEach(() => {
  world = virtualWorld();
  root = mkdtempSync(join(tmpdir(), 'hjemmebro-card-'));
  card = join(root, 'card');
  events = [];
});

afterEach(async () => {
  await settled(world, close());
  rmSync(root, { recursive: true, force: true });
});

function put(path: string, content: string): void {
  mkdirSync(join(card, path, '..'), { recursive: true });
  writeFileSync(join(card, path), content);
}

function watch(told: Recorder = recorder()): Recorder {
  const link = cardLink({
    world,
    driverLink: { kind: 'card', files: ['STR.edf', 'DATALOG/*/*_PLD.edf'], maxFileBytes: 100 },
    folder: card,
    onEvent: (event) => events.push(event),
  });
  close = link.close;
  link.open(told);
  return told;
}

const delivered = ({ frames }: Recorder): string[] =>
  frames.map(({ channel, bytes }) => `${channel}=${new TextDecoder().decode(bytes)}`);

test('matching files come once each, in the order of their paths, and stay as they were', async () => {
  put('STR.edf', 'str');
  put('DATALOG/20260302/b_PLD.edf', 'b');
  put('DATALOG/20260301/a_PLD.edf', 'a');
  put('DATALOG/20260301/a_BRP.edf', 'no pattern');
  put('DATALOG/too/deep/c_PLD.edf', 'no pattern');
  const before = statSync(join(card, 'STR.edf'));
  const told = watch();
  await until(world, 'three', () => told.frames.length === 3);
  await pass(world, 10_000);
  expect(delivered(told)).toEqual(['DATALOG/20260301/a_PLD.edf=a', 'DATALOG/20260302/b_PLD.edf=b', 'STR.edf=str']);
  expect(told.order).toEqual(['up', 'frame', 'frame', 'frame']);
  expect(statSync(join(card, 'STR.edf')).mtimeMs).toBe(before.mtimeMs);
  expect(readFileSync(join(card, 'STR.edf'), 'utf8')).toBe('str');
});

test('names of a card have no case', async () => {
  put('str.EDF', 'x');
  const told = watch();
  await until(world, 'one', () => told.frames.length === 1);
  expect(delivered(told)).toEqual(['str.EDF=x']);
});

test('the next file comes only after the last was kept', async () => {
  put('DATALOG/1/a_PLD.edf', 'a');
  put('DATALOG/1/b_PLD.edf', 'b');
  put('STR.edf', 'str');
  const told = watch(recorder({ keep: false }));
  await until(world, 'one', () => told.frames.length === 1);
  await pass(world, 10_000);
  expect(delivered(told)).toEqual(['DATALOG/1/a_PLD.edf=a']);
  told.frames[0]?.kept();
  await until(world, 'two', () => told.frames.length === 2);
  told.frames[0]?.kept(); // once more: frees nothing
  await pass(world, 10_000);
  expect(told.frames.length).toBe(2);
  told.frames[1]?.kept();
  await until(world, 'three', () => told.frames.length === 3);
  told.frames[2]?.kept();
  await pass(world, 10_000);
  expect(told.frames.length).toBe(3);
});

test('a file that grows is left alone until it rests, and comes again when it changed', async () => {
  put('STR.edf', '1');
  const told = watch();
  await until(world, 'up', () => told.ups.length === 1);
  for (const content of ['12', '123', '1234']) {
    put('STR.edf', content);
    await pass(world, 2_000);
  }
  expect(told.frames).toEqual([]);
  await until(world, 'one', () => told.frames.length === 1);
  put('STR.edf', '12345');
  await until(world, 'two', () => told.frames.length === 2);
  expect(delivered(told)).toEqual(['STR.edf=1234', 'STR.edf=12345']);
});

test('card out and in: down, up, and only what was not kept comes again', async () => {
  put('DATALOG/1/a_PLD.edf', 'a');
  put('STR.edf', 'str');
  const told = watch(recorder({ keep: false }));
  await until(world, 'one', () => told.frames.length === 1);
  told.frames[0]?.kept();
  await until(world, 'two', () => told.frames.length === 2);
  renameSync(card, join(root, 'away'));
  await until(world, 'down', () => told.downs.length === 1);
  expect(told.downs).toEqual(['card taken out']);
  renameSync(join(root, 'away'), card);
  await until(world, 'again', () => told.frames.length === 3);
  expect(told.order).toEqual(['up', 'frame', 'frame', 'down', 'up', 'frame']);
  expect(delivered(told)[2]).toBe('STR.edf=str');
  told.frames[1]?.kept(); // from the insertion before: frees nothing
  put('DATALOG/2/b_PLD.edf', 'b');
  await pass(world, 10_000);
  expect(told.frames.length).toBe(3);
  told.frames[2]?.kept();
  await until(world, 'the new one', () => told.frames.length === 4);
});

test('an emptied folder is a card taken out', async () => {
  put('STR.edf', 'str');
  const told = watch();
  await until(world, 'up', () => told.ups.length === 1);
  rmSync(join(card, 'STR.edf'));
  await until(world, 'down', () => told.downs.length === 1);
  expect(told.downs).toEqual(['card taken out']);
});

test('a folder that is not there is told once, with what to do', async () => {
  const told = watch();
  await pass(world, 10_000);
  expect(told.downs.length).toBe(1);
  expect(told.downs[0]).toMatch(/cannot be read: ENOENT.*check devices\[\.\.\]\.folder/);
});

test('too large, leading elsewhere: refused once with the reason, and the others come', async () => {
  writeFileSync(join(root, 'secret'), 'secret');
  mkdirSync(join(root, 'outside', 'night'), { recursive: true });
  writeFileSync(join(root, 'outside', 'night', 'x_PLD.edf'), 'secret');
  put('DATALOG/1/big_PLD.edf', 'x'.repeat(101));
  put('DATALOG/1/fits_PLD.edf', 'x'.repeat(100));
  symlinkSync(join(root, 'secret'), join(card, 'STR.edf'));
  symlinkSync(join(root, 'outside', 'night'), join(card, 'DATALOG', 'night'));
  const told = watch();
  await until(world, 'one', () => told.frames.length === 1);
  await pass(world, 10_000);
  expect(told.frames.map(({ channel }) => channel)).toEqual(['DATALOG/1/fits_PLD.edf']);
  expect(events).toEqual([
    { name: 'card-file-refused', cause: 'DATALOG/1/big_PLD.edf: 101 bytes are more than the 100 allowed' },
  ]);
});

test('nothing can be written to a card', async () => {
  put('STR.edf', 'str');
  const link = cardLink({
    world,
    driverLink: { kind: 'card', files: ['*'], maxFileBytes: 1 },
    folder: card,
    onEvent: () => undefined,
  });
  close = link.close;
  await expect(link.write('STR.edf', Uint8Array.of(1))).rejects.toThrow(LinkError);
});
