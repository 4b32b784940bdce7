/** A hub that does not know the time, learns it, loses it: entries are dated by later entries, ids unchanged. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { watchClock } from '../../agent/health/hub-clock.ts';
import { entryOf } from '../../agent/journal/contract.ts';
import type { HubJournal } from '../../agent/journal/log.ts';
import type { Medium } from '../../agent/journal/medium.ts';
import { openJournal } from '../../agent/journal/open.ts';
import type { ClockCorrection, Draft, Entry, HubEvent } from '../../agent/reading/entry.ts';
import { streamed } from '../journal/entries.ts';
import { draft, failingDisk, place } from '../journal/support.ts';
import { type VirtualWorld, virtualWorld } from '../virtual-world.ts';

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const NOON_MS = Date.UTC(2026, 2, 2, 12, 0, 0);

interface Hub {
  readonly world: VirtualWorld;
  readonly journal: HubJournal;
  readonly events: HubEvent[];
  /** The watcher has nothing more to do until time goes on. */
  readonly idle: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

async function hub(path: string, world: VirtualWorld, medium?: Medium): Promise<Hub> {
  const events: HubEvent[] = [];
  const onEvent = (event: HubEvent): void => void events.push(event);
  const journal = await openJournal({ world, path, hub: 'hub-1', onEvent, ...(medium && { medium }) });
  const { seen, idle } = overheard(journal);
  const clock = watchClock(world, seen, onEvent);
  const stop = async (): Promise<void> => {
    clock.close();
    await journal.close();
  };
  ends.push(stop);
  return { world, journal, events, idle, stop };
}

/** What is asked of the journal is noted until it is answered. */
function overheard(journal: HubJournal): { readonly seen: HubJournal; readonly idle: () => Promise<void> } {
  const pending = new Set<Promise<unknown>>();
  const seen = new Proxy(journal, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        const answer: unknown = value.apply(target, args);
        if (answer instanceof Promise) {
          pending.add(answer);
          const done = (): void => void pending.delete(answer);
          answer.then(done, done);
        }
        return answer;
      };
    },
  });
  const idle = async (): Promise<void> => {
    do {
      await Promise.allSettled(pending);
      await new Promise(setImmediate);
    } while (pending.size > 0);
  };
  return { seen, idle };
}

async function entries({ journal, idle }: Hub): Promise<readonly Entry[]> {
  await idle();
  return (await journal.scan(1, 1_000)).map(entryOf);
}

async function corrections(on: Hub): Promise<readonly ClockCorrection[]> {
  return (await entries(on)).flatMap(({ body }) => ('correction' in body && body.correction ? [body.correction] : []));
}

function born(boot: string, wallMs: number): VirtualWorld {
  const world = virtualWorld({ startWallMs: wallMs, boot });
  world.setClock('unsynced', 1e12);
  return world;
}

function sync(world: VirtualWorld, toMs: number): void {
  world.stepWall(toMs - world.wallMs());
  world.setClock('synced', 100);
}

describe('a hub that wakes in 1970', () => {
  it('takes readings, and tells by how much they were off when the time arrives', async () => {
    const on = await hub(place(), born('boot-1', 10_000));
    const { world, journal } = on;
    await journal.append([draft('a'), draft('b')]);
    await world.advance(3_600_000);
    await journal.append([draft('c')]);
    const before = await entries(on);
    sync(world, NOON_MS);
    const steppedMs = NOON_MS - (10_000 + 3_600_000);
    await world.advance(1_500);
    const [correction, another] = await corrections(on);
    expect(another).toBeUndefined();
    expect(correction).toMatchObject({ boot: 'boot-1', from: 1, to: 3, addMs: steppedMs });
    // A crystal drifts by 50 ppm while nobody looks.
    expect(correction?.uncertaintyMs).toBeGreaterThanOrEqual(100 + 180);
    expect(correction?.uncertaintyMs).toBeLessThan(100 + 190);
    expect((await entries(on)).slice(0, 3)).toEqual(before);
    expect(on.events.map(({ name }) => name)).toEqual(['clock-stepped']);
    await world.advance(60_000);
    expect(await corrections(on)).toHaveLength(1);
  });

  it('over a restart of the agent, too, as long as the machine runs', async () => {
    const path = place();
    const world = born('boot-1', 10_000);
    const first = await hub(path, world);
    await first.journal.append([draft('a')]);
    await world.advance(5_000);
    await first.stop();
    await world.advance(60_000);
    const second = await hub(path, world);
    await second.journal.append([draft('b')]);
    sync(world, NOON_MS);
    await world.advance(1_500);
    expect(await corrections(second)).toMatchObject([{ from: 1, to: 2 }]);
  });

  it('that was set by hand and then by the network corrects each stretch by its own', async () => {
    const on = await hub(place(), born('boot-1', 0));
    const { world, journal } = on;
    await journal.append([draft('a')]);
    await world.advance(1_500);
    world.stepWall(1_000_000);
    await world.advance(1_500);
    await journal.append([draft('b'), draft('c')]);
    await world.advance(1_500);
    sync(world, NOON_MS);
    await world.advance(1_500);
    const [first, second] = await corrections(on);
    expect([first, second]).toMatchObject([
      { from: 1, to: 1 },
      { from: 2, to: 3 },
    ]);
    expect((first?.addMs ?? 0) - (second?.addMs ?? 0)).toBe(1_000_000);
    expect(second?.untilMonotonicMs).toBeGreaterThan(first?.untilMonotonicMs ?? Infinity);
  });

  it('and is switched off before it knows: says that those times will never be known, once the next start knows its own', async () => {
    const path = place();
    const first = await hub(path, born('boot-1', 0));
    await first.journal.append([draft('a'), draft('b')]);
    await first.world.advance(2_000);
    await first.stop();
    const second = await hub(path, born('boot-2', 0));
    await second.journal.append([draft('c')]);
    await second.world.advance(2_000);
    expect((await entries(second)).filter(({ kind }) => kind === 'gap')).toEqual([]);
    sync(second.world, NOON_MS);
    await second.world.advance(1_500);
    const told = await entries(second);
    const gap = told.find(({ kind }) => kind === 'gap');
    expect(gap?.body).toMatchObject({
      cause: 'clock-unknown',
      count: 2,
      until: new Date(NOON_MS - 3_000).toISOString(),
    });
    expect(gap?.body).not.toHaveProperty('to');
    expect(await corrections(second)).toMatchObject([{ boot: 'boot-2', from: 3 }]);
    await second.stop();
    const third = await hub(path, virtualWorld({ startWallMs: NOON_MS, boot: 'boot-3' }));
    await third.world.advance(5_000);
    expect((await entries(third)).filter(({ kind }) => kind === 'gap')).toHaveLength(1);
  });
});

/** A reading that carries the times of now. */
function take({ world, journal }: Hub, at: number, id: string): Promise<unknown> {
  const wall = new Date(world.wallMs()).toISOString();
  const taken = {
    wall,
    monotonicMs: world.monotonicMs(),
    boot: world.boot,
    clock: world.clock().state,
    uncertaintyMs: 1,
  };
  const { body, ...one } = streamed({ at }, '97');
  return journal.append([{ ...one, id, body: { ...body, received: taken } } as Draft]);
}

describe('what was taken after the clock was set', () => {
  it('and before that was noticed is left alone', async () => {
    const on = await hub(place(), born('boot-1', 10_000));
    const { world } = on;
    await world.advance(10_300);
    await take(on, 1, 'before');
    const lastMs = world.monotonicMs();
    await world.advance(200);
    sync(world, NOON_MS);
    await world.advance(200);
    await take(on, 2, 'after');
    await world.advance(1_500);
    expect(await corrections(on)).toMatchObject([{ from: 1, to: 2, untilMonotonicMs: lastMs }]);
  });

  it('and before the agent was started again is left alone, though that agent never saw the clock being set', async () => {
    const path = place();
    const world = born('boot-1', 10_000);
    const first = await hub(path, world);
    await world.advance(10_300);
    await take(first, 1, 'before');
    const lastMs = world.monotonicMs();
    await world.advance(200);
    sync(world, NOON_MS);
    await take(first, 2, 'after');
    await first.stop();
    await world.advance(60_000);
    const second = await hub(path, world);
    await world.advance(1_500);
    expect(await corrections(second)).toMatchObject([{ from: 1, to: 2, untilMonotonicMs: lastMs }]);
  });

  it('and while the disk took no correction is left alone', async () => {
    const path = place();
    const disk = failingDisk();
    const on = await hub(path, born('boot-1', 10_000), disk.medium(path));
    const { world } = on;
    await world.advance(10_300);
    await take(on, 1, 'before');
    const lastMs = world.monotonicMs();
    disk.failing = 'before';
    sync(world, NOON_MS);
    await world.advance(5_000);
    const waits = take(on, 2, 'after').catch(() => take(on, 2, 'after'));
    await world.advance(5_000);
    disk.failing = 'no';
    await vi.waitFor(async () => {
      await world.advance(5_000);
      expect(on.journal.health()).toMatchObject({ writable: true, waiting: 0 });
    });
    await waits;
    await world.advance(2_000);
    expect(await corrections(on)).toMatchObject([{ from: 1, untilMonotonicMs: lastMs }]);
  });
});

describe('a clock that was right', () => {
  it.each([
    ['is synced, and was before', 'synced', 10, -3_600_000, 0],
    ['ran by itself, and was off by less than it said', 'holdover', 5_000, 4_000, 0],
    ['ran by itself, and was off by more than it said', 'holdover', 5_000, 6_000, 1],
  ] as const)('%s: %s, ±%i ms, steps %i ms', async (_, state, uncertaintyMs, stepMs, expected) => {
    const world = virtualWorld({ startWallMs: NOON_MS });
    world.setClock(state, uncertaintyMs);
    const on = await hub(place(), world);
    await on.journal.append([draft('a')]);
    await world.advance(5_000);
    world.stepWall(stepMs);
    world.setClock('synced', 10);
    await world.advance(1_500);
    expect(await corrections(on)).toHaveLength(expected);
    expect(on.events[0]).toMatchObject({ name: 'clock-stepped', cause: `by ${stepMs} ms, now synced` });
  });

  it('is not disturbed by a network that nudges it', async () => {
    const world = virtualWorld({ startWallMs: NOON_MS });
    const on = await hub(place(), world);
    for (let i = 0; i < 100; i++) {
      world.stepWall(i % 2 === 0 ? 40 : -40);
      await world.advance(1_000);
    }
    expect(on.events).toEqual([]);
  });
});

it('a disk that takes nothing delays a correction, and does not lose it', async () => {
  const path = place();
  const disk = failingDisk();
  const world = born('boot-1', 0);
  const on = await hub(path, world, disk.medium(path));
  await on.journal.append([draft('a')]);
  disk.failing = 'before';
  sync(world, NOON_MS);
  await world.advance(30_000);
  disk.failing = 'no';
  await vi.waitFor(async () => {
    await world.advance(5_000);
    expect(on.journal.health()).toMatchObject({ writable: true, waiting: 0 });
  });
  await world.advance(2_000);
  expect(await corrections(on)).toMatchObject([{ from: 1, to: 1 }]);
});
