/** The hospital's account of a hub: holes, copies, refusals, receipts and requests, without a broker. */
import { describe, expect, test } from 'vitest';
import type { EntryKind } from '../../agent/reading/entry.ts';
import { openAccount, type Receipt } from '../../simulators/hospital/account.ts';
import { openDesk } from '../../simulators/hospital/desk.ts';
import { virtualWorld } from '../virtual-world.ts';

type Fields = Readonly<Record<string, unknown>>;

function entry(seq: number, fields: Fields = {}): string {
  const body = { device: 'oximeter-1', metric: 'MDC_PULS_OXIM_SAT_O2', value: '97' };
  return JSON.stringify({ v: 1, hub: 'hub-1', seq, id: `id-${seq}`, kind: 'reading', at: AT, body, ...fields });
}
const AT = '2026-03-02T08:00:00.000Z';
const gap = (seq: number, body: Fields): string => entry(seq, { kind: 'gap', body: { cause: 'evicted', ...body } });

function accountWith(...seqs: number[]) {
  const account = openAccount('hub-1', 3);
  for (const seq of seqs) account.take('reading', entry(seq));
  return account;
}

describe('what came', () => {
  test('a contiguous sequence has no holes', () => {
    expect(accountWith(1, 2, 3).statement()).toMatchObject({
      received: 3,
      contiguous: 3,
      highest: 3,
      missing: 0,
      holes: [],
    });
  });

  test('holes are found, whatever the order', () => {
    const account = accountWith(9, 1, 2, 5);
    const holes = [
      [3, 4],
      [6, 8],
    ];
    expect(account.statement()).toMatchObject({ contiguous: 2, highest: 9, missing: 5, holes });
  });

  test('a copy is counted, not kept', () => {
    const account = accountWith(1, 1, 1);
    expect(account.statement()).toMatchObject({ received: 1, duplicates: 2, refused: 0 });
    expect(account.lastOf('oximeter-1')).toHaveLength(1);
  });

  test('counts by device and kind, alerts, and only the last entries of a device', () => {
    const account = accountWith(1, 2, 3, 4);
    account.take('alert', entry(5, { kind: 'alert', body: { alert: 'a', device: 'oximeter-1' } }));
    account.take('event', entry(6, { kind: 'event', body: { name: 'started' } }));
    const { byDevice, alerts } = account.statement();
    expect(byDevice).toEqual({ 'oximeter-1': { reading: 4, alert: 1 }, '': { event: 1 } });
    expect(alerts.map(({ seq }) => seq)).toEqual([5]);
    expect(account.lastOf('oximeter-1').map(({ seq }) => seq)).toEqual([3, 4, 5]);
  });

  test.each([
    ['from and to', { from: 2, to: 6 }, 8, []],
    ['everything the hospital lacks', { to: 6 }, 8, []],
    ['only a part', { from: 2, to: 4 }, 4, [[5, 6]]],
  ] as const)('a gap entry explains a hole: %s', (_name, body, contiguous, holes) => {
    const account = accountWith(1, 7);
    account.take('gap', gap(8, body));
    expect(account.statement()).toMatchObject({ contiguous, holes, received: 3 });
    expect(account.statement().explained).toBe(5 - account.statement().missing);
  });

  test('what comes although it was explained away is new', () => {
    const account = accountWith(1);
    account.take('gap', gap(4, { from: 2, to: 3 }));
    expect(account.take('reading', entry(2)).taken).toBe('new');
    expect(account.statement()).toMatchObject({ received: 3, explained: 1, contiguous: 4 });
  });
});

describe('what is refused', () => {
  const cases: readonly (readonly [string, EntryKind, string, RegExp])[] = [
    ['not JSON', 'reading', '{', /not a JSON object/],
    ['an array', 'reading', '[]', /not a JSON object/],
    ['another version', 'reading', entry(2, { v: 2 }), /v is 2/],
    ['another hub', 'reading', entry(2, { hub: 'hub-2' }), /hub/],
    ['no sequence number', 'reading', entry(2, { seq: '2' }), /seq/],
    ['sequence number zero', 'reading', entry(0), /seq/],
    ['no id', 'reading', entry(2, { id: '' }), /id is missing/],
    ['a kind under the topic of another', 'alert', entry(2), /under up\/alert/],
    ['no time', 'reading', entry(2, { at: 'now' }), /RFC 3339/],
    ['no body', 'reading', entry(2, { body: null }), /body/],
    ['a gap that ends before it begins', 'gap', gap(2, { from: 5, to: 4 }), /ends before/],
    ['a gap without an end', 'gap', gap(2, { from: 5 }), /no end/],
    ['one id, two contents', 'reading', entry(1, { at: '2026-03-02T08:00:01.000Z' }), /two contents/],
    ['one id, two sequence numbers', 'reading', entry(2, { id: 'id-1' }), /two contents/],
    ['one sequence number, two ids', 'reading', entry(1, { id: 'other' }), /two ids/],
  ];
  test.each(cases)('%s', (_name, kind, text, why) => {
    const account = accountWith(1);
    expect(account.take(kind, text)).toMatchObject({ taken: 'refused', why: expect.stringMatching(why) });
    expect(account.statement()).toMatchObject({ received: 1, refused: 1, highest: 1 });
    account.receiptsDue();
    account.take(kind, text);
    expect(account.receiptsDue()).toEqual([]); // what was refused is never confirmed
  });

  test('an entry that would open one more hole than can be kept', () => {
    const account = accountWith(...Array.from({ length: 10_000 }, (_, i) => i * 2 + 1));
    expect(account.take('reading', entry(30_001))).toMatchObject({ taken: 'refused', why: 'too many holes' });
    expect(account.take('reading', entry(2)).taken).toBe('new');
    expect(account.take('reading', entry(30_001)).taken).toBe('new');
  });
});

describe('what is confirmed', () => {
  test('the contiguous part, the ranges beyond a hole, and nothing twice', () => {
    const account = accountWith(1, 2, 5, 6);
    expect(account.receiptsDue()).toEqual([{ upTo: 2 }, { ranges: [[5, 6]] }]);
    expect(account.receiptsDue()).toEqual([]);
    account.take('reading', entry(3));
    account.take('reading', entry(4));
    expect(account.receiptsDue()).toEqual([{ upTo: 6 }]);
  });

  test('a copy is confirmed again: the receipt may have been lost', () => {
    const account = accountWith(1, 2);
    account.receiptsDue();
    account.take('reading', entry(1));
    expect(account.receiptsDue()).toEqual([{ upTo: 2 }]);
  });

  test('a receipt that did not get out is due again', () => {
    const account = accountWith(1, 4);
    for (const receipt of account.receiptsDue()) account.notSent(receipt);
    expect(account.receiptsDue()).toEqual([{ upTo: 1 }, { ranges: [[4, 4]] }]);
  });
});

describe('the desk', () => {
  function atDesk() {
    const world = virtualWorld();
    const account = openAccount('hub-1', 10);
    const said: [topic: string, message: unknown][] = [];
    let away = false;
    let slow: Promise<void> = Promise.resolve();
    const desk = openDesk({
      world,
      account,
      receipts: true,
      resendAfterMs: 1_000,
      say: async (topic, json) => {
        if (away) throw new Error('away');
        said.push([topic, JSON.parse(json)]);
        await slow;
      },
    });
    const hear = (...seqs: number[]): void => {
      for (const seq of seqs) if (account.take('reading', entry(seq)).taken !== 'refused') desk.heard();
    };
    return {
      world,
      desk,
      hear,
      receipts: (): Receipt[] => said.filter(([topic]) => topic === 'receipt').map(([, message]) => message as Receipt),
      commands: () => said.filter(([topic]) => topic === 'command').map(([, message]) => message),
      setAway: (now: boolean) => {
        away = now;
      },
      setSlow: (until: Promise<void>) => {
        slow = until;
      },
    };
  }

  test('waits 50 ms for more, but not for more than a hundred', async () => {
    const { world, hear, receipts, desk } = atDesk();
    hear(1, 2);
    await world.advance(49);
    expect(receipts()).toEqual([]);
    await world.advance(1);
    expect(receipts()).toEqual([{ upTo: 2 }]);
    hear(...Array.from({ length: 100 }, (_, i) => i + 3));
    await world.advance(0);
    expect(receipts()).toEqual([{ upTo: 2 }, { upTo: 102 }]);
    expect(desk.sent().receipts).toBe(2);
    await world.advance(1_000);
    expect(receipts()).toHaveLength(2);
  });

  test('receipts merge while the broker is slow', async () => {
    const { world, hear, receipts, setSlow } = atDesk();
    let release = (): void => undefined;
    setSlow(new Promise((resolve) => (release = resolve)));
    hear(1);
    await world.advance(50);
    hear(2);
    await world.advance(500);
    hear(3);
    await world.advance(500);
    expect(receipts()).toEqual([{ upTo: 1 }]);
    release();
    await world.advance(50);
    expect(receipts()).toEqual([{ upTo: 1 }, { upTo: 3 }]);
  });

  test('what could not be said is said when the broker is back', async () => {
    const { world, hear, receipts, setAway, desk } = atDesk();
    setAway(true);
    hear(1, 2);
    await world.advance(50);
    setAway(false);
    await world.advance(500);
    expect(receipts()).toEqual([]);
    desk.up();
    await world.advance(50);
    expect(receipts()).toEqual([{ upTo: 2 }]);
  });

  test('asks for a hole after its wait, then twice as late, until it is filled', async () => {
    const { world, hear, commands, desk } = atDesk();
    hear(1, 5);
    await world.advance(900);
    hear(7); // a younger hole waits for the next time
    await world.advance(99);
    expect(commands()).toEqual([]);
    await world.advance(1);
    const id = expect.stringMatching(/^[0-9a-f]{16}$/);
    const first = [[2, 4]];
    const both = [...first, [6, 6]];
    expect(commands()).toEqual([{ id, name: 'resend', args: { ranges: first }, expires: '2026-03-02T08:01:01.000Z' }]);
    await world.advance(1_999);
    expect(desk.sent().resends).toBe(1);
    await world.advance(1);
    expect(commands()[1]).toEqual({ id, name: 'resend', args: { ranges: both }, expires: '2026-03-02T08:01:03.000Z' });
    hear(2, 3, 4, 6);
    await world.advance(300_000);
    expect(desk.sent().resends).toBe(2);
  });

  test('lets a hub that is filling its holes by itself go on', async () => {
    const { world, hear, commands } = atDesk();
    hear(10);
    for (let seq = 1; seq < 10; seq++) {
      await world.advance(900);
      hear(seq);
    }
    await world.advance(10_000);
    expect(commands()).toEqual([]);
  });
});
