/** The agent: strings the rooms together. Devices write into the journal; the rules and the uplink read it; nothing else moves. */
import { driverById } from '../drivers/registry.ts';
import { type ControlOptions, controlPath } from './control/control.ts';
import { followCare } from './health/care.ts';
import { isAboutHub, openConditions } from './health/conditions.ts';
import { accountForDowntime } from './health/downtime.ts';
import { watchClock } from './health/hub-clock.ts';
import { conditionsNow } from './health/hub-conditions.ts';
import { deviceMessages, healthMessage, stateMessage } from './health/messages.ts';
import { openNotes } from './health/notes.ts';
import { absentMedium } from './journal/absent.ts';
import { type HubJournal, openJournal } from './journal/open.ts';
import { startRetention } from './journal/retention.ts';
import type { Logger } from './log.ts';
import { machine, type Outside } from './machine.ts';
import type { HubEvent } from './reading/entry.ts';
import type { CarePlan } from './rules/plan.ts';
import { startRules } from './rules/runner.ts';
import { importFor } from './session/import-card.ts';
import { openPauses } from './session/pauses.ts';
import { type Session, startSession } from './session/session.ts';
import { journalLimits } from './settings/journal-limits.ts';
import type { Settings } from './settings/settings.ts';
import { readPems } from './uplink/pems.ts';
import { startUplink, type Uplink } from './uplink/uplink.ts';
import type { World } from './world.ts';

export interface AgentOptions {
  readonly world: World;
  readonly log: Logger;
  readonly settings: Settings;
  readonly plan: CarePlan;
  /** What was refused when the settings were read; the hospital is told. */
  readonly refusals: readonly HubEvent[];
  readonly software: string;
  /** Why the disk cannot be used: then the hub runs from memory, and what it is told waits there. */
  readonly diskFault?: string;
  /** The machine's own, unless a simulation brings the other ends. */
  readonly outside?: Outside;
}

export interface Agent {
  /** Gives what waits in memory to a journal that could be opened after all; resolves when it is on that disk. */
  handOver(to: HubJournal): Promise<void>;
  /** Lets go of the devices, writes what waits, says goodbye to the hospital. */
  close(): Promise<void>;
}

const HEALTH_EVERY_MS = 60_000;

/** Rejects when the journal cannot be opened; everything else is waited out. */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { world, log, settings, plan, refusals, software } = options;
  const { note, into } = openNotes(world, log);
  const outside = options.outside ?? machine(world, settings, note);
  const { hub, timeZone } = settings;
  const { reserveBytes, ...limits } = journalLimits(settings.journal);
  const { path } = outside.medium;
  const medium = options.diskFault === undefined ? outside.medium : absentMedium(path, hub, options.diskFault);
  const journal = await openJournal({ world, path, hub, onEvent: note, reserveBytes, medium }).catch(
    async (error: unknown) => {
      await outside.close();
      throw error;
    },
  );
  into(journal);
  for (const refusal of refusals) note(refusal);
  const clock = watchClock(world, journal, note);
  const downtime = accountForDowntime(world, journal);

  const ids = settings.devices.map(({ id }) => id);
  const pauses = openPauses(world, journal, ids, note);
  let uplink: Uplink | undefined;
  const sessions: readonly Session[] = settings.devices.flatMap((device) => {
    const driver = driverById(device.driver);
    if (!driver) return []; // the settings were checked against the drivers there are
    const link = outside.link(device, driver);
    const onPresence = (what: string): void => {
      log.info({ device: device.id }, what);
      uplink?.publishDevice(device.id);
    };
    const isPaused = (): boolean => pauses.isPaused(device.id);
    return startSession({ world, journal, driver, device, link, timeZone, isPaused, onPresence });
  });

  const rules = startRules({ world, journal, plan, onEvent: note });
  const conditions = openConditions(world, journal);
  const care = followCare({
    world,
    journal,
    rules,
    sessions,
    plan: () => plan,
    uplink: () => uplink?.status(),
    onLook: () => conditions.look(conditionsNow(world, journal, uplink?.status())),
    onChange: () => uplink?.publishState(),
  });
  for (const source of [rules, conditions]) source.onAlert(() => journal.isStuck() && uplink?.publishState());
  const health = (): object => healthMessage({ world, journal, sessions, rules, uplink });

  uplink = startUplink({
    world,
    journal,
    settings: settings.uplink,
    hub,
    tls: () => readPems(settings.uplink.tls),
    state: () =>
      stateMessage({
        world,
        hub,
        software,
        care: care.state(),
        conditions: conditions.standing(),
        unsaved: journal.isStuck() ? rules.active() : [],
      }),
    devices: () => deviceMessages(hub, sessions),
    commands: { diagnose: async () => ({ status: 'done', detail: health() }), pause: pauses.command },
    concernsPatient: (alert) => !isAboutHub(alert),
    // Signed plans are taken over MQTT once signatures can be checked; until then the plan comes with the settings.
    onPlan: () =>
      note({ name: 'plan-not-taken', cause: 'plans are read from care-plan.json; this hub takes none over MQTT yet' }),
    onEvent: note,
    dial: outside.dial,
  });
  const retention = startRetention({ world, journal, limits, receipted: uplink.receipted, onEvent: note });

  const importCard: ControlOptions['importCard'] = (folder, device) =>
    importFor(world, journal, settings, device, folder);
  // The socket lies beside the journal; without a disk there is neither.
  const control =
    options.diskFault === undefined &&
    (await outside.control({ path: controlPath(settings.journal.path), journal, importCard }));
  let healthTimer = world.after(0, tellHealth);
  function tellHealth(): void {
    uplink?.publishHealth(health());
    healthTimer = world.after(HEALTH_EVERY_MS, tellHealth);
  }
  const devices = `${sessions.length} ${sessions.length === 1 ? 'device' : 'devices'}`;
  const where = options.diskFault === undefined ? `journal at ${journal.head}` : 'from memory, without a journal';
  log.info(`hub ${hub} is up with ${devices}; ${where}`);

  return {
    handOver: async (to) => {
      conditions.look(new Set()); // the disk is there
      journal.handOver(to);
      await to.keep({});
    },
    close: async () => {
      healthTimer.cancel();
      if (control) await control.close();
      await Promise.all(sessions.map((session) => session.close()));
      await outside.close();
      await rules.close();
      await uplink?.close();
      care.close();
      clock.close();
      downtime.close();
      // A look at a disk that takes nothing ends only with the journal.
      await Promise.all([retention.close(), journal.close()]);
    },
  };
}
