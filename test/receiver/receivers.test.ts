/** Many hubs on one connection: each has its own account, and their number is bounded. */
import { expect, test } from 'vitest';
import { memoryStore, openReceivers, readTopic } from '../../simulators/receiver/receiver.ts';
import { virtualWorld } from '../virtual-world.ts';
import { bytes, entryText, message } from './messages.ts';

function openHouse(hubsMost?: number) {
  const world = virtualWorld();
  const said: string[] = [];
  const told: unknown[] = [];
  const receivers = openReceivers({
    now: world.wallMs,
    after: world.after,
    newId: () => 'c',
    say: async (topic, json) => {
      said.push(`${topic} ${json}`);
    },
    store: memoryStore(),
    receiptAfterMs: 10,
    onEntry: (hub, entry, was) => told.push([hub, entry.seq, was]),
    ...(hubsMost !== undefined && { hubsMost }),
  });
  return { world, said, told, receivers };
}
const from = (hub: string, seq: number) => message(entryText(seq, { hub }));

test('each hub is stored, receipted and accounted for by itself', async () => {
  const { world, said, told, receivers } = openHouse();
  await Promise.all([
    receivers.take(...from('hub-a', 1)),
    receivers.take(...from('hub-b', 1)),
    receivers.take(...from('hub-b', 3)),
  ]);
  await world.advance(10);
  expect(said.sort()).toEqual([
    'hjemmebro/v1/hub-a/down/receipt {"upTo":1}',
    'hjemmebro/v1/hub-b/down/receipt {"ranges":[[3,3]]}',
    'hjemmebro/v1/hub-b/down/receipt {"upTo":1}',
  ]);
  expect(told).toEqual([
    ['hub-a', 1, 'new'],
    ['hub-b', 1, 'new'],
    ['hub-b', 3, 'new'],
  ]);
  expect(receivers.hubs()).toEqual(['hub-a', 'hub-b']);
  expect(receivers.of('hub-a')?.statement()).toMatchObject({ hub: 'hub-a', complete: true });
  expect(receivers.of('hub-b')?.statement()).toMatchObject({ hub: 'hub-b', missing: 1 });
  said.length = 0;
  receivers.up();
  await world.advance(10);
  expect(said).toHaveLength(3);
  await receivers.close();
});

test('past the bound a hub gets no receipt, and is counted', async () => {
  const { world, said, receivers } = openHouse(1);
  await receivers.take(...from('hub-a', 1));
  expect(await receivers.take(...from('hub-b', 1))).toBe('dropped');
  expect(receivers.of('hub-c')).toBeUndefined();
  await world.advance(1_000);
  expect(said).toEqual(['hjemmebro/v1/hub-a/down/receipt {"upTo":1}']);
  expect(receivers.turnedAway).toBe(2);
});

test.each([
  ['hjemmebro/v1/hub-a/up/reading', { hub: 'hub-a', what: 'entry', kind: 'reading' }],
  ['hjemmebro/v1/hub-a/up/state', { hub: 'hub-a', what: 'told', topic: 'state', name: '' }],
  ['hjemmebro/v1/hub-a/up/device/scale', { hub: 'hub-a', what: 'told', topic: 'device', name: 'scale' }],
  ['hjemmebro/v1/hub-a/up/reading/more', { hub: 'hub-a', what: 'told', topic: 'reading', name: 'more' }],
  ['hjemmebro/v1/hub-a/down/receipt', undefined],
  ['hjemmebro/v1/../up/reading', undefined],
  ['hjemmebro/v1//up/reading', undefined],
  ['hjemmebro/v2/hub-a/up/reading', undefined],
  ['something/else', undefined],
])('the topic %s', async (topic, heard) => {
  expect(readTopic(topic)).toEqual(heard);
  if (heard?.what === 'entry') return;
  const { receivers } = openHouse();
  expect(await receivers.take(topic, bytes('{}'))).toBe('not-an-entry');
});
