/** The runner against the real journal: alerts, state and cursor land together, and a restart anywhere changes nothing. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { entryOf, type Journal, JournalFull, type Line } from '../../agent/journal/contract.ts';
import { openJournal } from '../../agent/journal/open.ts';
import { decimal } from '../../agent/reading/decimal.ts';
import type { Alert, Draft, Entry, HubEvent } from '../../agent/reading/entry.ts';
import type { CarePlan, PlanRule } from '../../agent/rules/plan.ts';
import { type RulesRunner, startRules } from '../../agent/rules/runner.ts';
import { failingDisk } from '../journal/support.ts';
import { type VirtualWorld, virtualWorld } from '../virtual-world.ts';
import { planOf, reading, START_MS, type Told, tolds } from './lines.ts';

const LOW: PlanRule = {
  id: 'low',
  kind: 'limit',
  metric: 'MDC_PULS_OXIM_SAT_O2',
  low: decimal('88.0'),
  deadband: decimal('1'),
  onDelaySeconds: 3,
  zone: 'yellow',
  priority: 'medium',
  text: 'low',
};
const QUIET: PlanRule = {
  id: 'quiet',
  kind: 'silence',
  device: 'oximeter',
  withinSeconds: 60,
  zone: 'yellow',
  priority: 'low',
  text: 'silent',
};
const PLAN = planOf(LOW);

const ends: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Hub {
  readonly world: VirtualWorld;
  readonly journal: Journal;
  readonly path: string;
}

async function hub(path = join(newFolder(), 'journal')): Promise<Hub> {
  const world = virtualWorld({ startWallMs: START_MS });
  const journal = await openJournal({ world, path, hub: 'hub', onEvent: () => undefined });
  ends.push(() => journal.close());
  return { world, journal, path };
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hjemmebro-rules-'));
  ends.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

interface Started {
  readonly rules: RulesRunner;
  readonly heard: Alert[];
  readonly events: HubEvent[];
}

function start(world: VirtualWorld, journal: Journal, plan: CarePlan = PLAN): Started {
  const events: HubEvent[] = [];
  const rules = startRules({ world, journal, plan, onEvent: (event) => void events.push(event) });
  const heard: Alert[] = [];
  rules.onAlert((alert) => void heard.push(alert));
  ends.push(() => rules.close());
  return { rules, heard, events };
}

function draftOf(told: Told): Draft {
  const body = reading({ ...told });
  return { id: `r${told.at}-${told.device ?? ''}${told.say}`, kind: 'reading', at: body.received.wall, body };
}

async function device(journal: Journal, text: string): Promise<void> {
  await journal.append(tolds(text).map(draftOf));
}

async function alertsIn(journal: Journal): Promise<readonly Alert[]> {
  const lines: readonly Line[] = await journal.scanLane('alert', 1, 1000);
  return lines.map((line) => (entryOf(line) as Extract<Entry, { kind: 'alert' }>).body);
}

const said = (alerts: readonly Alert[]) =>
  alerts.map(({ phase, rule, value }) => [phase, rule, value].join(' ').trim());

/** Until the plan is in force and every line is judged. */
async function judged({ rules, events }: Started): Promise<void> {
  await vi.waitFor(
    () => {
      expect(events.some(({ name }) => name === 'plan-in-force')).toBe(true);
      expect(rules.health()).toMatchObject({ running: true, behind: 0 });
    },
    { timeout: 20_000 },
  );
}

type Append = Journal['append'];

/** The same journal, seen through a window on its appends. */
function through(journal: Journal, append: Append): Journal {
  return {
    hub: journal.hub,
    get head() {
      return journal.head;
    },
    get tail() {
      return journal.tail;
    },
    append,
    keep: (puts) => journal.keep(puts),
    kept: (name) => journal.kept(name),
    scan: (from, limit) => journal.scan(from, limit),
    scanLane: (lane, from, limit) => journal.scanLane(lane, from, limit),
    gone: (from, to, most) => journal.gone(from, to, most),
    keepSoon: (puts) => journal.keepSoon(puts),
    isStuck: () => journal.isStuck(),
    unsaved: (after) => journal.unsaved(after),
    onLines: (listener) => journal.onLines(listener),
    health: () => journal.health(),
    close: () => journal.close(),
  };
}

describe('the runner', () => {
  it('writes alerts back into the journal and tells them once they are there', async () => {
    const { world, journal } = await hub();
    const running = start(world, journal);
    const { rules, heard, events } = running;
    await device(journal, '0:87.0 1:87.0 2:87.0 3:86.0');
    await judged(running);
    expect(said(rules.active())).toEqual(['start low 86.0']);
    await device(journal, '4:90.0');
    await judged(running);
    expect(said(await alertsIn(journal))).toEqual(['start low 86.0', 'end low 90.0']);
    expect(said(heard)).toEqual(['start low 86.0', 'end low 90.0']);
    expect(rules.active()).toEqual([]);
    expect(events).toEqual([{ name: 'plan-in-force', cause: 'plan@1' }]);
  });

  it('puts alerts, state and cursor into one append (invariant 6)', async () => {
    const { world, journal } = await hub();
    const appends: { readonly drafts: number; readonly puts: readonly string[]; readonly cursor: number }[] = [];
    const watched = through(journal, (drafts, puts = {}) => {
      const { cursor } = JSON.parse(new Map(Object.entries(puts)).get('rules') ?? '{}');
      appends.push({ drafts: drafts.length, puts: Object.keys(puts), cursor });
      return journal.append(drafts, puts);
    });
    await device(journal, '0:87.0 3:86.0');
    const running = start(world, watched);
    await judged(running);
    expect(appends).toEqual([
      { drafts: 0, puts: ['rules', 'rules-plan'], cursor: 0 },
      { drafts: 1, puts: ['rules'], cursor: 2 },
    ]);
  });

  it.each([0, 1, 2, 3, 4, 5])(
    'stopped without warning after %i readings and started again: the same alerts, none twice',
    async (after) => {
      const readings = '0:87.0 1:87.0 2:86.0 3:86.0 4:90.0 5:91.0'.split(' ');
      const { world, journal, path } = await hub();
      const first = start(world, journal);
      await device(journal, readings.slice(0, after).join(' '));
      await judged(first);
      // The journal is closed under the runner: nothing more of it reaches the disk, as in a power cut.
      await journal.close();

      const again = await hub(path);
      const second = start(again.world, again.journal);
      await device(again.journal, readings.slice(after).join(' '));
      await judged(second);
      expect(said(await alertsIn(again.journal))).toEqual(['start low 86.0', 'end low 90.0']);
      expect(said([...first.heard, ...second.heard])).toEqual(['start low 86.0', 'end low 90.0']);
    },
  );

  it('keeps an active alert over a restart', async () => {
    const { world, journal } = await hub();
    const first = start(world, journal);
    await device(journal, '0:87.0 3:86.0');
    await judged(first);
    await first.rules.close();
    const second = start(world, journal);
    await judged(second);
    expect(said(second.rules.active())).toEqual(['start low 86.0']);
    expect(second.heard).toEqual([]);
  });

  it.each(['{', '{"v":2}'])(
    'a state that cannot be read (%s): judges the journal again and tells nothing twice',
    async (text) => {
      const { world, journal } = await hub();
      const first = start(world, journal);
      await device(journal, '0:87.0 3:86.0');
      await judged(first);
      await first.rules.close();
      await journal.keep({ rules: text });
      const second = start(world, journal);
      await judged(second);
      expect(second.events.map(({ name }) => name)).toEqual(['rules-state-lost', 'plan-in-force']);
      expect(second.heard).toEqual([]);
      expect(said(second.rules.active())).toEqual(['start low 86.0']);
      expect(said(await alertsIn(journal))).toEqual(['start low 86.0']);
    },
  );

  it('tells silence by its own clock', async () => {
    const { world, journal } = await hub();
    const running = start(world, journal, planOf(QUIET));
    const { heard } = running;
    await judged(running);
    for (let second = 0; second < 60; second++) await world.advance(1_000);
    expect(heard).toEqual([]);
    await world.advance(2_000);
    await vi.waitFor(() => expect(said(heard)).toEqual(['start quiet']));
  });

  it('takes another plan: unchanged rules go on, and it is in force when setPlan resolves', async () => {
    const { world, journal } = await hub();
    const running = start(world, journal);
    const { rules, events } = running;
    await device(journal, '0:87.0 2:86.0');
    await judged(running);
    await rules.setPlan({ ...planOf(QUIET, LOW), version: 2 });
    expect(JSON.parse(journal.kept('rules-plan') ?? '{}').version).toBe(2);
    await device(journal, '3:86.0');
    await judged(running);
    expect((await alertsIn(journal)).map(({ plan }) => plan)).toEqual(['plan@2']);
    expect(events.map(({ cause }) => cause)).toEqual(['plan@1', 'plan@2']);
  });

  it('ends what another plan no longer watches, also when it was changed while the hub was off', async () => {
    const { world, journal } = await hub();
    const first = start(world, journal);
    await device(journal, '0:87.0 3:86.0');
    await judged(first);
    await first.rules.close();
    const second = start(world, journal, planOf(QUIET));
    await judged(second);
    expect(said(await alertsIn(journal))).toEqual(['start low 86.0', 'end low 86.0']);
    expect(second.rules.active()).toEqual([]);
  });

  it('when the journal is full: says so, loses nothing, and goes on with smaller batches', async () => {
    const { world, journal } = await hub();
    let refusals = 3;
    const full = through(journal, (drafts, puts) => {
      const refused = drafts.length > 0 && refusals-- > 0;
      return refused ? Promise.reject(new JournalFull('full')) : journal.append(drafts, puts);
    });
    await device(journal, '0:87.0 3:86.0');
    const running = start(world, full);
    const { heard, events } = running;
    await vi.waitFor(async () => {
      await world.advance(1_000);
      expect(said(heard)).toEqual(['start low 86.0']);
    });
    await judged(running);
    expect(events.filter(({ name }) => name === 'rules-held-back')).toHaveLength(3);
    expect(said(await alertsIn(journal))).toEqual(['start low 86.0']);
  });

  it('keeps its cursor now and then without alerts, and at the end', async () => {
    const { world, journal } = await hub();
    const running = start(world, journal);
    const { rules } = running;
    const cursor = () => JSON.parse(journal.kept('rules') ?? '{}').cursor;
    await device(journal, '0:95.0 1:95.0');
    await judged(running);
    expect(cursor()).toBe(0);
    for (let second = 0; second < 11; second++) await world.advance(1_000);
    expect(cursor()).toBe(0); // it waits for the next batch, half a minute at most
    await world.advance(31_000);
    await vi.waitFor(() => expect(cursor()).toBe(2));
    await device(journal, '2:95.0');
    await judged(running);
    await rules.close();
    await journal.keep({});
    expect(cursor()).toBe(3);
    expect(rules.health().running).toBe(false);
  });

  it('that is stopped while an alert waits for a slow disk keeps the state that knows of it', async () => {
    const disk = failingDisk();
    const path = join(newFolder(), 'journal');
    const world = virtualWorld({ startWallMs: START_MS });
    const journal = await openJournal({
      world,
      path,
      hub: 'hub',
      onEvent: () => undefined,
      medium: disk.medium(path),
    });
    ends.push(() => journal.close());
    const slow = through(journal, (drafts, puts) => {
      disk.hangs = drafts.length > 0;
      return journal.append(drafts, puts);
    });
    const first = start(world, slow);
    await device(journal, '0:95.0 1:95.0');
    await judged(first);
    await device(journal, '2:87.0 5:86.0');
    await vi.waitFor(() => expect(disk.hangs).toBe(true));
    const closing = first.rules.close();
    await world.advance(2_000); // its patience; the disk does not count as stuck yet
    await closing;
    disk.hangs = false;
    await journal.close();
    const again = await hub(path);
    expect(said(await alertsIn(again.journal))).toEqual(['start low 86.0']);
    const second = start(again.world, again.journal);
    expect(said(second.rules.active())).toEqual(['start low 86.0']);
  });

  describe('on a disk that takes nothing', () => {
    async function dying() {
      const disk = failingDisk();
      const path = join(newFolder(), 'journal');
      const world = virtualWorld({ startWallMs: START_MS });
      const medium = disk.medium(path);
      const journal = await openJournal({ world, path, hub: 'hub', onEvent: () => undefined, medium });
      ends.push(() => journal.close());
      return { path, disk, world, journal };
    }

    it('judges what waits in memory, tells the alerts at once, and writes them once when the disk is back', async () => {
      const { disk, world, journal } = await dying();
      const running = start(world, journal);
      await judged(running);
      disk.failing = 'before';
      const saved = device(journal, '0:87.0 1:87.0 2:87.0 3:86.0 4:90.0 5:80.0 8:80.0');
      await vi.waitFor(async () => {
        await world.advance(1_000);
        expect(said(running.heard)).toEqual(['start low 86.0', 'end low 90.0', 'start low 80.0']);
      });
      expect(said(running.rules.active())).toEqual(['start low 80.0']);
      expect(running.rules.health()).toMatchObject({ running: true, ahead: 7 });
      expect(await alertsIn(journal)).toEqual([]);

      disk.failing = 'no';
      await world.advance(60_000);
      await saved;
      await device(journal, '9:95.0');
      await judged(running);
      const told = ['start low 86.0', 'end low 90.0', 'start low 80.0', 'end low 95.0'];
      expect(said(await alertsIn(journal))).toEqual(told);
      expect(said(running.heard)).toEqual(told);
      expect(running.rules.health()).toMatchObject({ behind: 0, ahead: 0 });
    });

    it.each(['before the readings', 'with the readings'])(
      'killed after the alert landed %s: nothing is told twice, and what stood still stands',
      async (when) => {
        const { path, disk, world, journal } = await dying();
        const first = start(world, journal);
        await judged(first);
        // A disk that is full and stays so: its reserve is given up, and alerts alone are written.
        disk.failing = 'full';
        disk.freeBytes = 0;
        const saved = device(journal, '0:87.0 3:86.0').catch(() => undefined);
        await vi.waitFor(() => expect(journal.health().isAlertsOnly).toBe(true));
        disk.failing = 'no';
        await vi.waitFor(async () => {
          await world.advance(1_000);
          expect(said(await alertsIn(journal))).toEqual(['start low 86.0']);
        });
        expect(said(first.heard)).toEqual(['start low 86.0']);
        expect(journal.health().waiting).toBeGreaterThanOrEqual(2);
        if (when === 'with the readings') {
          disk.freeBytes = undefined;
          await world.advance(2_000);
          await saved;
        }
        await journal.close();

        const again = await hub(path);
        const second = start(again.world, again.journal);
        await device(again.journal, '4:86.0 5:95.0');
        await judged(second);
        expect(said(await alertsIn(again.journal))).toEqual(['start low 86.0', 'end low 95.0']);
        expect(said(second.heard)).toEqual(['end low 95.0']);
      },
    );
  });

  it('goes through a long backlog in bounded batches', async () => {
    const { world, journal } = await hub();
    const many = Array.from({ length: 1500 }, (_, at) => `${at}:${at % 100 < 90 ? '95.0' : '80.0'}`).join(' ');
    await device(journal, many);
    const running = start(world, journal);
    await judged(running);
    expect(said(await alertsIn(journal)).filter((one) => one.startsWith('start'))).toHaveLength(15);
  });
});
