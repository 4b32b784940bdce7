/** What stays missing is asked for, with patience; what the hub says of it is believed as far as it can know. */
import { describe, expect, test } from 'vitest';
import { openBench, range } from './bench.ts';
import { gapText } from './messages.ts';

test('asks for a hole after its wait, then twice as late each time, until it is filled', async () => {
  const { world, hear, asked, commands, receiver } = openBench();
  await hear(1, 5);
  await world.advance(900);
  await hear(7); // a younger hole waits for the next time
  await world.advance(99);
  expect(commands()).toEqual([]);
  await world.advance(1);
  expect(commands()).toEqual([
    { id: 'c-1', name: 'resend', args: { ranges: [[2, 4]] }, expires: '2026-03-02T08:01:01.000Z' },
  ]);
  await world.advance(1_999);
  expect(asked()).toHaveLength(1);
  await world.advance(1);
  expect(asked()[1]).toEqual([
    [2, 4],
    [6, 6],
  ]);
  expect(receiver.statement().holes.list).toEqual([
    { from: 2, to: 4, since: '2026-03-02T08:00:00.000Z', asked: 2 },
    { from: 6, to: 6, since: '2026-03-02T08:00:00.900Z', asked: 1 },
  ]);
  await hear(2, 3, 4, 6);
  await world.advance(3_600_000);
  expect(asked()).toHaveLength(2);
  expect(receiver.statement()).toMatchObject({ complete: true, counts: { resendsAsked: 2 } });
});

test('never less often than every five minutes', async () => {
  const { world, hear, asked } = openBench();
  await hear(2);
  await world.advance(10 * 3_600_000);
  const before = asked().length;
  await world.advance(3_600_000);
  expect(asked().length - before).toBe(12);
});

test('lets a hub that is filling its holes by itself go on', async () => {
  const { world, hear, commands } = openBench();
  await hear(10);
  for (let seq = 1; seq < 10; seq++) {
    await world.advance(900);
    await hear(seq);
  }
  await world.advance(10_000);
  expect(commands()).toEqual([]);
});

test('in portions that the hub takes', async () => {
  const { world, hear, asked } = openBench();
  await hear(20_000, ...range(10_001, 10_200).map((at) => at * 2));
  await world.advance(1_000);
  expect(asked()).toEqual([[[1, 5_000]]]);
  for (const part of [range(1, 9_999), range(10_000, 19_999)]) await hear(...part);
  await world.advance(3_000);
  const last = asked().at(-1) as readonly unknown[];
  expect(last).toHaveLength(100);
  expect(last[0]).toEqual([20_001, 20_001]);
});

describe('a reply', () => {
  test('that says what is gone explains it, until a gap entry does', async () => {
    const { world, hear, asked, receipts, reply, receiver } = openBench();
    await hear(1, 9);
    await world.advance(1_000);
    reply({
      command: 'c-1',
      detail: {
        entries: 3,
        gone: [
          [2, 3],
          [8, 8],
        ],
      },
    });
    await world.advance(0);
    expect(receiver.statement()).toMatchObject({
      explanations: {
        list: [
          { from: 2, to: 3, cause: 'gone', detail: 'the hub answered that it no longer has it' },
          { from: 8, to: 8, cause: 'gone' },
        ],
      },
      holes: { list: [{ from: 4, to: 7, asked: 1 }] },
    });
    await hear(gapText(10, { cause: 'store-corrupt', from: 2, to: 3 }), 4, 5, 6, 7, 8);
    expect(receiver.statement()).toMatchObject({
      complete: true,
      explained: 2,
      explanations: { list: [{ from: 2, to: 3, cause: 'store-corrupt', by: 10 }] },
    });
    await world.advance(3_600_000);
    expect(asked()).toHaveLength(1);
    expect(receipts().at(-1)).toEqual({ upTo: 10 });
  });

  test('says nothing of what was written after the question', async () => {
    const { world, hear, reply, receiver } = openBench();
    await hear(3);
    await world.advance(1_000);
    await hear(9);
    reply({ command: 'c-1', detail: { gone: [[1, 100]] } });
    await world.advance(0);
    expect(receiver.statement()).toMatchObject({ explained: 2, holes: { list: [{ from: 4, to: 8 }] } });
  });

  test.each([
    ['to a command that is not ours', { command: 'c-9', detail: { gone: [[1, 2]] } }],
    ['that was not carried out', { command: 'c-1', status: 'failed', detail: { gone: [[1, 2]] } }],
    ['without words', { command: 'c-1' }],
    ['in words', { command: 'c-1', detail: 'nothing is gone' }],
    ['with nonsense', { command: 'c-1', detail: { gone: [1, [2], ['1', '2'], [2, 1], [0, 2], null] } }],
  ])('%s changes nothing', async (_name, fields) => {
    const { world, hear, reply, receiver } = openBench();
    await hear(3);
    await world.advance(1_000);
    reply(fields);
    await world.advance(0);
    expect(receiver.statement()).toMatchObject({ explained: 0, missing: 2 });
  });

  test.each(['expired', 'refused'])(
    '%s: the next request carries no expiry, for the hub may not know the time',
    async (status) => {
      const { world, hear, reply, commands } = openBench();
      await hear(3);
      await world.advance(1_000);
      reply({ command: 'c-1', status });
      await world.advance(2_000);
      expect(commands().map((command) => 'expires' in command)).toEqual([true, false]);
    },
  );
});

describe('after we were away', () => {
  test('the hub is asked for what may have been lost unseen, until it answers', async () => {
    const bench = openBench();
    const { world, hear, asked, reply, receiver } = bench;
    await hear(1, 2, 3);
    receiver.up();
    bench.broker = 'away';
    await world.advance(1_000);
    bench.broker = 'there';
    await world.advance(2_000);
    expect(asked()).toEqual([[[4, 1_003]]]);
    reply({ command: 'c-2', detail: { entries: 0, gone: [[4, 1_003]] } });
    await world.advance(3_600_000);
    expect(asked()).toHaveLength(1);
    expect(receiver.statement()).toMatchObject({ complete: true, highest: 3 });
  });

  test('it is not asked when something newer came by itself', async () => {
    const { world, hear, asked, receiver } = openBench();
    await hear(1, 2);
    receiver.up();
    await world.advance(500);
    await hear(3);
    await world.advance(3_600_000);
    expect(asked()).toEqual([]);
  });
});

test('a command of the hospital is said with an id and an end', async () => {
  const { receiver, commands } = openBench();
  expect(await receiver.command('pause', { device: 'scale', minutes: 5 })).toBe('c-1');
  expect(commands()).toEqual([
    { id: 'c-1', name: 'pause', args: { device: 'scale', minutes: 5 }, expires: '2026-03-02T08:01:00.000Z' },
  ]);
});
