/** Receipts and commands as they come over the wire, from correct to noise. */
import { rmSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CommandHandlers, openCommandDesk } from '../../agent/downlink/commands.ts';
import { isMalformed, MESSAGE_MOST_BYTES, parseCommand, parseReceipt } from '../../agent/downlink/messages.ts';
import { resendCommand } from '../../agent/downlink/resend.ts';
import { entryOf } from '../../agent/journal/contract.ts';
import { key } from '../../agent/journal/record.ts';
import { drafts, opened, place } from '../journal/support.ts';
import { virtualWorld } from '../virtual-world.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe('a receipt', () => {
  it.each([
    ['{"upTo":12}', [[1, 12]]],
    ['{"upTo":0}', []],
    [
      '{"ranges":[[5,9],[1,2],[10,10]]}',
      [
        [1, 2],
        [5, 10],
      ],
    ],
    ['{"ranges":[],"more":1}', []],
  ])('%s', (text, ranges) => {
    expect(parseReceipt(bytes(text))).toEqual({ ranges, rejected: [] });
  });

  it.each([
    ['{"upTo":7,"rejected":[{"seq":8,"why":"unknown metric"}]}', [[1, 7]], [{ seq: 8, why: 'unknown metric' }]],
    ['{"rejected":[{"seq":8}]}', [], [{ seq: 8, why: 'no reason given' }]],
    ['{"ranges":[[3,4]],"rejected":[]}', [[3, 4]], []],
  ])('with what was rejected: %s', (text, ranges, rejected) => {
    expect(parseReceipt(bytes(text))).toEqual({ ranges, rejected });
  });

  it('bounds the reasons it is given', () => {
    const receipt = parseReceipt(bytes(JSON.stringify({ rejected: [{ seq: 1, why: 'x'.repeat(5_000) }] })));
    expect(receipt).toEqual({ ranges: [], rejected: [{ seq: 1, why: 'x'.repeat(200) }] });
  });

  it.each([
    ['', 'not JSON'],
    ['{"upTo":1,"rejected":[{}]}', '"rejected" is not'],
    ['{"upTo":1,"rejected":7}', '"rejected" is not'],
    ['{"upTo":', 'not JSON'],
    ['[1]', 'not a JSON object'],
    ['{"upTo":-1}', '"upTo" is not'],
    ['{"upTo":1.5}', '"upTo" is not'],
    ['{"upTo":"7"}', '"upTo" is not'],
    ['{"upTo":9007199254740993}', '"upTo" is not'],
    ['{}', '"ranges" is not'],
    ['{"ranges":[[2,1]]}', '"ranges" is not'],
    [`{"ranges":${JSON.stringify(Array(1001).fill([1, 1]))}}`, '"ranges" is not'],
    [`{"upTo":1,"x":"${'x'.repeat(MESSAGE_MOST_BYTES)}"}`, 'more than 65536'],
    ['['.repeat(60_000), 'not JSON'],
  ])('that is none is malformed and says how: %.30s', (text, reason) => {
    expect(parseReceipt(bytes(text))).toEqual({ malformed: expect.stringContaining(reason) });
  });

  it('never throws on any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (noise) => void [parseReceipt(noise), parseCommand(noise)]),
    );
    fc.assert(fc.property(fc.json(), (json) => void [parseReceipt(bytes(json)), parseCommand(bytes(json))]));
  });
});

describe('a command', () => {
  it('is read with its expiry', () => {
    expect(
      parseCommand(bytes('{"id":"c1","name":"identify","args":{"a":1},"expires":"2026-03-02T09:00:00+01:00"}')),
    ).toEqual({
      id: 'c1',
      name: 'identify',
      args: { a: 1 },
      expiresMs: Date.UTC(2026, 2, 2, 8),
    });
  });

  it.each([
    ['{"name":"identify"}', '"id" is not'],
    ['{"id":"with space","name":"identify"}', '"id" is not'],
    [`{"id":"${'x'.repeat(129)}","name":"identify"}`, '"id" is not'],
    ['{"id":"c"}', '"name" is not'],
    ['{"id":"c","name":"identify","args":[]}', '"args" is not'],
    ['{"id":"c","name":"identify","expires":"tomorrow"}', '"expires" is not'],
    ['{"id":"c","name":"identify","expires":1772438400000}', '"expires" is not'],
    ['{"id":"c","name":"identify","expires":"2026-13-41T08:00:00Z"}', '"expires" is not'],
  ])('that is none is malformed and says how: %s', (text, reason) => {
    const command = parseCommand(bytes(text));
    expect(isMalformed(command) && command.malformed).toContain(reason);
  });
});

describe('the command desk', () => {
  function desk(handlers: CommandHandlers = {}, clock?: 'unsynced') {
    const malformed: string[] = [];
    const virtual = virtualWorld();
    const world = clock ? { ...virtual, clock: () => ({ state: clock, uncertaintyMs: 300_000 }) } : virtual;
    const open = openCommandDesk({ world, hub: 'hub-1', handlers, onMalformed: (reason) => malformed.push(reason) });
    return {
      malformed,
      take: (command: object | string) =>
        open.take(bytes(typeof command === 'string' ? command : JSON.stringify(command))),
    };
  }

  it('carries a command out once, however often it is delivered', async () => {
    let times = 0;
    const identify = async () => {
      times += 1;
      return { status: 'done', detail: times } as const;
    };
    const { take } = desk({ identify });
    const command = { id: 'c1', name: 'identify' };
    const replies = await Promise.all([take(command), take(command)]);
    expect([...replies, await take(command)]).toEqual(
      Array(3).fill({ v: 1, hub: 'hub-1', command: 'c1', name: 'identify', status: 'done', detail: 1 }),
    );
    expect(times).toBe(1);
  });

  it('remembers a bounded number of them', async () => {
    let times = 0;
    const identify = async () => {
      times += 1;
      return { status: 'done' } as const;
    };
    const { take } = desk({ identify });
    for (let i = 0; i <= 500; i++) await take({ id: `c${i}`, name: 'identify' });
    await take({ id: 'c500', name: 'identify' });
    expect(times).toBe(501);
    await take({ id: 'c0', name: 'identify' });
    expect(times).toBe(502);
  });

  it.each([
    [
      { id: 'c', name: 'dance' },
      { status: 'unknown-command', detail: { known: ['break', 'identify'] } },
    ],
    [{ id: 'c', name: 'constructor' }, { status: 'unknown-command' }],
    [{ id: 'c', name: 'identify', expires: '2026-03-02T07:59:59Z' }, { status: 'expired' }],
    [{ id: 'c', name: 'identify', expires: '2026-03-02T08:00:01Z' }, { status: 'done' }],
    [
      { id: 'c', name: 'break' },
      { status: 'failed', detail: 'Error: broken' },
    ],
    [{ id: 'c' }, { status: 'malformed', detail: '"name" is not a text' }],
  ])('answers %j', async (command, reply) => {
    const { take } = desk({
      identify: async () => ({ status: 'done' }),
      break: async () => {
        throw new Error('broken');
      },
    });
    expect(await take(command)).toMatchObject({ v: 1, hub: 'hub-1', command: 'c', ...reply });
  });

  it('does not judge an expiry by a clock that was never set', async () => {
    const { take } = desk({ identify: async () => ({ status: 'done' }) }, 'unsynced');
    expect(await take({ id: 'c1', name: 'identify', expires: '2999-01-01T00:00:00Z' })).toMatchObject({
      status: 'refused',
    });
    expect(await take({ id: 'c2', name: 'identify' })).toMatchObject({ status: 'done' });
  });

  it('has no answer to noise, and says so', async () => {
    const { take, malformed } = desk();
    expect(await take('{"name":"identify"}')).toBeUndefined();
    expect(malformed).toHaveLength(1);
  });
});

describe('resend', () => {
  it('asks for what there is and says how much that is', async () => {
    const { journal } = await opened(place());
    await journal.append(drafts('a', 10));
    const asked: unknown[] = [];
    const resend = resendCommand(virtualWorld(), journal, (ranges) => {
      asked.push(ranges);
      return asked.length < 2;
    });
    expect(
      await resend({
        ranges: [
          [8, 20],
          [1, 2],
          [30, 40],
        ],
      }),
    ).toEqual({ status: 'done', detail: { entries: 5, tail: 1, head: 10, gone: [] } });
    expect(asked).toEqual([
      [
        [1, 2],
        [8, 10],
      ],
    ]);
    expect(await resend({ ranges: [[1, 1]] })).toMatchObject({
      status: 'refused',
      detail: expect.stringContaining('too many'),
    });
    expect(await resend({})).toMatchObject({ status: 'refused', detail: expect.stringContaining('"ranges" is not') });
    await journal.close();
  });

  it('counts what is there, and not the numbers that a lost store left by the ten thousand', async () => {
    const path = place();
    const before = await opened(path);
    await before.journal.append(drafts('a', 10));
    await before.journal.close();
    rmSync(path, { recursive: true });
    const first = await opened(path); // goes on above all that was ever given out
    await first.journal.append(drafts('b', 10));
    await first.journal.close();
    const { journal } = await opened(path);
    const asked: unknown[] = [];
    const resend = resendCommand(virtualWorld(), journal, (ranges) => asked.push(ranges) > 0);
    const { head } = journal;
    const answer = await resend({ ranges: [[1, head]] });
    expect(answer).toMatchObject({ status: 'done', detail: { entries: 11, head, gone: [[1, head - 11]] } });
    expect(asked).toEqual([[[head - 10, head]]]);
    await journal.close();
  });

  it('says of an entry that lies there and cannot be read that it is gone', async () => {
    const path = place();
    const { journal } = await opened(path);
    await journal.append(drafts('a', 10));
    await journal.look((store) => store.write([[key.entry(4), Buffer.from('spoilt')]]));
    const asked: unknown[] = [];
    const resend = resendCommand(virtualWorld(), journal, (ranges) => asked.push(ranges) > 0);
    expect(await resend({ ranges: [[1, 10]] })).toMatchObject({ detail: { entries: 9, gone: [[4, 4]] } });
    expect(asked).toEqual([
      [
        [1, 3],
        [5, 10],
      ],
    ]);
    await journal.keep({}); // what was handed in before has landed
    const [gap] = (await journal.scan(11, 1)).map(entryOf);
    expect(gap).toMatchObject({ kind: 'gap', body: { cause: 'store-corrupt', from: 4, to: 4 } });
    await journal.close();
  });
});
