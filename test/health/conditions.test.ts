/** What is wrong with the hub itself: told after its delay, once, ended when over, and over a restart the same. */
import { afterEach, describe, expect, it } from 'vitest';
import { type ConditionName, isAboutHub, openConditions } from '../../agent/health/conditions.ts';
import { conditionsNow } from '../../agent/health/hub-conditions.ts';
import { entryOf } from '../../agent/journal/contract.ts';
import type { HubJournal } from '../../agent/journal/log.ts';
import { openJournal } from '../../agent/journal/open.ts';
import type { Alert } from '../../agent/reading/entry.ts';
import { failingDisk, place } from '../journal/support.ts';
import { virtualWorld } from '../virtual-world.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function hub(path = place(), world = virtualWorld()) {
  const disk = failingDisk();
  const medium = disk.medium(path);
  const journal = await openJournal({ world, path, hub: 'hub-1', onEvent: () => undefined, medium });
  ends.push(() => journal.close());
  const conditions = openConditions(world, journal);
  const heard: Alert[] = [];
  conditions.onAlert((alert) => heard.push(alert));
  /** A look each second, as the hub takes it. */
  async function look(holding: readonly ConditionName[], seconds = 1): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      conditions.look(new Set(holding));
      await world.advance(1_000);
    }
  }
  return { world, disk, path, journal, conditions, heard, look };
}

const said = (alerts: readonly Alert[]): readonly string[] => alerts.map(({ rule, phase }) => `${rule} ${phase}`);

async function alertsIn(journal: HubJournal): Promise<readonly Alert[]> {
  await journal.keep({});
  return (await journal.scanLane('alert', 1, 100)).map((line) => entryOf(line).body as Alert);
}

describe('a condition of the hub', () => {
  it('is told once, as a technical alert, and ended with the same id', async () => {
    const { journal, heard, look, conditions } = await hub();
    await look(['name-taken'], 5);
    expect(said(conditions.standing())).toEqual(['hub-name-taken start']);
    await look([], 5);
    expect(said(heard)).toEqual(['hub-name-taken start', 'hub-name-taken end']);
    expect(new Set(heard.map(({ alert }) => alert)).size).toBe(1);
    expect(heard[0]).toMatchObject({ type: 'technical', priority: 'medium', zone: 'yellow', plan: 'hub@1' });
    expect(await alertsIn(journal)).toEqual(heard);
    expect(heard.every(isAboutHub)).toBe(true);
  });

  it.each<[ConditionName, number]>([
    ['journal-not-writable', 5],
    ['journal-alerts-only', 5],
    ['clock-unknown', 600],
  ])('%s waits %i seconds, and what is over before that was nothing', async (name, seconds) => {
    const { heard, look } = await hub();
    await look([name], seconds);
    await look([], 1);
    await look([name], seconds);
    expect(heard).toEqual([]);
    await look([name], 1);
    expect(said(heard)).toEqual([`hub-${name} start`]);
  });

  it('that comes again is another', async () => {
    const { heard, look } = await hub();
    for (let i = 0; i < 3; i++) {
      await look(['name-taken'], 2);
      await look([], 2);
    }
    expect(new Set(heard.map(({ alert }) => alert)).size).toBe(3);
  });

  it('stands over a restart, and is not told again', async () => {
    const first = await hub();
    await first.look(['alert-unconfirmed'], 2);
    await first.journal.close();
    const second = await hub(first.path, first.world);
    expect(said(second.conditions.standing())).toEqual(['hub-alert-unconfirmed start']);
    await second.look(['alert-unconfirmed'], 2);
    expect(second.heard).toEqual([]);
    await second.look([], 1);
    expect(said(second.heard)).toEqual(['hub-alert-unconfirmed end']);
    expect(await alertsIn(second.journal)).toHaveLength(2);
  });

  it('is heard at once where the disk takes nothing, and written when it does', async () => {
    const { disk, world, journal, heard, look } = await hub();
    disk.failing = 'before';
    void journal.append([]).catch(() => undefined);
    await look(['journal-not-writable'], 7);
    expect(said(heard)).toEqual(['hub-journal-not-writable start']);
    disk.failing = 'no';
    await look(['journal-not-writable'], 5);
    await look([], 1);
    await world.advance(60_000);
    expect(said(await alertsIn(journal))).toEqual(['hub-journal-not-writable start', 'hub-journal-not-writable end']);
  });

  it('that was kept in a way nobody understands is told anew', async () => {
    const first = await hub();
    await first.journal.keep({ conditions: '{' });
    await first.journal.close();
    const { heard, look } = await hub(first.path, first.world);
    await look(['name-taken'], 1);
    expect(said(heard)).toEqual(['hub-name-taken start']);
  });
});

describe('what holds now', () => {
  const well = { oldestStandingAlertMs: 0, isNameTaken: false };

  it('is nothing when all is well', async () => {
    const { world, journal } = await hub();
    expect([...conditionsNow(world, journal, well)]).toEqual([]);
    expect([...conditionsNow(world, journal, undefined)]).toEqual([]);
  });

  it.each<[string, Partial<typeof well>, readonly ConditionName[]]>([
    ['an alert that waited two minutes for its receipt', { oldestStandingAlertMs: 120_001 }, ['alert-unconfirmed']],
    ['one that may still be answered', { oldestStandingAlertMs: 120_000 }, []],
    ['a name that is taken', { isNameTaken: true }, ['name-taken']],
  ])('%s', async (_, facts, expected) => {
    const { world, journal } = await hub();
    expect([...conditionsNow(world, journal, { ...well, ...facts })]).toEqual(expected);
  });

  it('a disk that fails, one that is full, and a clock that nobody set', async () => {
    const { world, journal, disk } = await hub();
    world.setClock('unsynced');
    disk.failing = 'full';
    disk.freeBytes = 0;
    void journal.append([{ id: 'x', kind: 'event', at: '', body: { name: 'x' } }]).catch(() => undefined);
    await expect
      .poll(() => [...conditionsNow(world, journal, well)])
      .toEqual(['journal-not-writable', 'journal-alerts-only', 'clock-unknown']);
  });
});
