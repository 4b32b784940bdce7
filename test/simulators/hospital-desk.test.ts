import { expect, test } from 'vitest';
import { openAccount } from '../../simulators/hospital/account.ts';
import { openDesk } from '../../simulators/hospital/desk.ts';
import { virtualWorld } from '../virtual-world.ts';

const HUB = 'hub-1';

function entry(seq: number): string {
  const at = '2026-03-02T08:00:00.000Z';
  return JSON.stringify({ v: 1, hub: HUB, seq, id: `id-${seq}`, kind: 'event', at, body: { name: 'x' } });
}

test('a receipt that failed after the broker was back is sent all the same, with nothing more to hear', async () => {
  const world = virtualWorld();
  const account = openAccount(HUB, 10);
  const told: string[] = [];
  let fail: (error: Error) => void = () => undefined;
  let isBroken = true;
  const desk = openDesk({
    world,
    account,
    receipts: true,
    resendAfterMs: 2_000,
    say: (_topic, json) => {
      if (!isBroken) {
        told.push(json);
        return Promise.resolve();
      }
      return new Promise((_, reject) => {
        fail = reject;
      });
    },
  });
  account.take('event', entry(1));
  desk.heard();
  await world.advance(1_000); // the receipt is on its way, and the connection is lost
  isBroken = false;
  desk.up();
  fail(new Error('the connection was lost on the way'));
  await world.advance(1_000);
  expect(told).toEqual(['{"upTo":1}']);
  desk.close();
});
