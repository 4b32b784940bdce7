/** Whatever is lost, doubled, reordered, evicted or killed: no receipt is untrue, no statement is wrong, and in the end it is complete. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { randomFrom } from '../../agent/world.ts';
import { openReceiver, type Receiver, type Statement } from '../../simulators/receiver/receiver.ts';
import { virtualWorld } from '../virtual-world.ts';
import { DiskModel, HubModel, type Mood } from './hub-model.ts';
import { HUB, message } from './messages.ts';

const small = fc.integer({ min: 1, max: 6 });
const does = <N extends string>(name: N) => fc.constant(name);
const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ does: does('write'), count: small }) },
  { weight: 1, arbitrary: fc.record({ does: does('poison') }) },
  { weight: 2, arbitrary: fc.record({ does: does('evict'), count: small }) },
  {
    weight: 1,
    arbitrary: fc.record({
      does: does('lose store'),
      setAside: fc.nat(4),
      readAgain: fc.nat(4),
      isFromKnown: fc.boolean(),
    }),
  },
  { weight: 8, arbitrary: fc.record({ does: does('deliver'), count: small }) },
  { weight: 4, arbitrary: fc.record({ does: does('lose'), count: small }) },
  { weight: 2, arbitrary: fc.record({ does: does('double'), count: small }) },
  { weight: 6, arbitrary: fc.record({ does: does('wait'), ms: fc.constantFrom(5, 60, 900, 2_500, 30_000) }) },
  { weight: 2, arbitrary: fc.record({ does: does('connect') }) },
  { weight: 2, arbitrary: fc.record({ does: does('crash') }) },
  {
    weight: 3,
    arbitrary: fc.record({
      does: does('disk'),
      mood: fc.constantFrom<Mood>('well', 'fails before', 'fails after', 'slow'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ does: does('broker'), isAway: fc.boolean() }) },
);

interface Seen {
  holes: number;
  explained: number;
  renumbered: number;
  rejected: number;
  gone: number;
}

test('a random hub', { timeout: 240_000 }, async () => {
  const seen: Seen = { holes: 0, explained: 0, renumbered: 0, rejected: 0, gone: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 60 }), fc.integer(), async (actions, seed) => {
      await play(actions, seed, seen);
    }),
    { numRuns: Number(process.env['MODEL_RUNS'] ?? 1_500) },
  );
  // The stories must have had something to get wrong.
  for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(20);
});

type Action = typeof action extends fc.Arbitrary<infer A> ? A : never;

async function play(actions: readonly Action[], seed: number, seen: Seen): Promise<void> {
  const world = virtualWorld();
  const random = randomFrom(seed);
  const hub = new HubModel();
  const disk = new DiskModel(world);
  const lives: Receiver[] = [];
  let isAway = false;
  let ids = 0;

  function begin(): Receiver {
    const life = lives.length;
    const receiver = openReceiver(HUB, {
      now: world.wallMs,
      after: world.after,
      newId: () => `c-${++ids}`,
      store: disk.store,
      receiptAfterMs: 50,
      resendAfterMs: 1_000,
      say: async (topic, json) => {
        if (life < lives.length - 1) throw new Error('the dead do not speak');
        if (isAway) throw new Error('away');
        const what = topic.split('/').at(-1) ?? '';
        if (what === 'receipt') expectTrue(json);
        hub.take(what, json);
        if (random() < 0.1) throw new Error('the acknowledgement was lost');
      },
    });
    lives.push(receiver);
    return receiver;
  }
  let receiver = begin();

  /** A receipt is for what is durable, or for what the hub does not have any more. */
  function expectTrue(json: string): void {
    const { upTo = 0, ranges = [] }: { upTo?: number; ranges?: [number, number][] } = JSON.parse(json);
    for (const [from, to] of [[1, upTo] as const, ...ranges]) {
      for (let seq = from; seq <= to; seq++) {
        if (!disk.durable.has(seq) && !hub.refused.has(seq))
          expect(hub.journal.has(seq), `${json} for ${seq}`).toBe(false);
      }
    }
  }

  /** Takes some of what is on the wire, from anywhere in it. */
  function some(count: number): string[] {
    return Array.from(
      { length: Math.min(count, hub.wire.length) },
      () => hub.wire.splice(Math.floor(random() * hub.wire.length), 1)[0] ?? '',
    );
  }

  function deliver(texts: readonly string[]): void {
    for (const text of texts) void receiver.take(...message(text));
    for (const reply of hub.replies.splice(0)) {
      void receiver.take(`hjemmebro/v1/${HUB}/up/reply`, new TextEncoder().encode(JSON.stringify(reply)));
    }
  }

  for (const each of actions) {
    if (each.does === 'write') for (let at = 0; at < each.count; at++) hub.write();
    if (each.does === 'poison') hub.write({ v: 2 });
    if (each.does === 'evict') hub.evict(each.count);
    if (each.does === 'lose store') hub.loseStore(each.setAside, each.readAgain, each.isFromKnown);
    if (each.does === 'deliver') deliver(some(each.count));
    if (each.does === 'lose') some(each.count);
    if (each.does === 'double') hub.wire.push(...hub.wire.slice(0, each.count));
    if (each.does === 'wait') await world.advance(each.ms);
    if (each.does === 'connect') hub.connect();
    if (each.does === 'disk') disk.mood = each.mood;
    if (each.does === 'broker') {
      isAway = each.isAway;
      if (!isAway) receiver.up();
    }
    if (each.does === 'crash') {
      void receiver.close();
      receiver = begin();
    }
    await world.advance(0);
    const statement = receiver.statement();
    if (!statement.incompleteBecause.includes('the store has not been read yet')) expectRight(statement, hub, disk);
    seen.holes += Number(statement.missing > 0);
  }

  // Everything is well again; what the hub has not got a receipt for it sends once more.
  disk.mood = 'well';
  isAway = false;
  receiver.up();
  hub.connect();
  for (let rounds = 0; rounds < 40; rounds++) {
    deliver(some(Infinity));
    await world.advance(120_000);
    if (receiver.statement().complete && hub.wire.length === 0 && receiver.statement().highest === hub.head) break;
  }
  const statement = receiver.statement();
  expectRight(statement, hub, disk);
  expect(statement).toMatchObject({ complete: true, missing: 0, highest: hub.head, contiguous: hub.head, waiting: 0 });
  for (const [seq, text] of hub.journal) if (!hub.refused.has(seq)) expect(disk.durable.get(seq)).toBe(text);
  expect(statement.counts.entries).toBe(disk.ids.size);
  for (const [seq] of hub.journal)
    expect(hub.receipted.has(seq) || hub.refused.has(seq), `receipt for ${seq}`).toBe(true);

  seen.explained += Number(statement.explained > 0);
  seen.renumbered += statement.counts.renumbered;
  seen.rejected += hub.refused.size;
  seen.gone += statement.explainedByCause['gone'] ?? 0;
  await Promise.all([...lives.map((life) => life.close()), world.advance(60_000)]);
}

/** Held is durable, explained is what a durable gap or the hub itself says will not come, and the three make up the whole. */
function expectRight(statement: Statement, hub: HubModel, disk: DiskModel): void {
  const { highest, held, explained, missing } = statement;
  expect(held + explained + missing).toBe(highest);
  expect(highest).toBeLessThanOrEqual(hub.head);
  const gaps = [...disk.durable.values()].map((text) => JSON.parse(text)).filter(({ kind }) => kind === 'gap');
  const listed = new Set<number>();
  for (const { from, to, cause, by } of statement.explanations.list) {
    for (let seq = from; seq <= to; seq++) {
      listed.add(seq);
      if (statement.waiting === 0) {
        // Else something may be durable that nobody has heard of yet.
        expect(disk.durable.has(seq), `${seq} is explained and durable`).toBe(false);
        const youngest = gaps
          .filter(({ body }) => seq >= (body.from ?? 1) && seq <= (body.to ?? 0))
          .sort((a, b) => b.seq - a.seq)[0];
        expect({ cause, by }).toEqual(youngest ? { cause: youngest.body.cause, by: youngest.seq } : { cause: 'gone' });
      }
      if (cause !== 'undeliverable') expect(hub.journal.has(seq), `${seq} was said to be gone`).toBe(false);
    }
  }
  for (const { from, to } of statement.holes.list) for (let seq = from; seq <= to; seq++) listed.add(seq);
  for (let seq = 1; seq <= highest; seq++) {
    if (!listed.has(seq)) expect(disk.durable.has(seq), `${seq} is held`).toBe(true);
  }
}
