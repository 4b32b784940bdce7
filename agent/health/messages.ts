/** What the hub says of itself outside the journal: `up/state`, `up/device/<device>`, `up/health`. Never clinical values. */
import type { Journal } from '../journal/contract.ts';
import type { Alert } from '../reading/entry.ts';
import type { RulesRunner } from '../rules/runner.ts';
import type { Session } from '../session/session.ts';
import type { Uplink } from '../uplink/uplink.ts';
import { rfc3339, type World } from '../world.ts';
import type { CareState } from './care-level.ts';

export interface StateFacts {
  readonly world: World;
  readonly hub: string;
  readonly software: string;
  readonly care: CareState;
  /** What is wrong with the hub itself, as told. */
  readonly conditions: readonly Alert[];
  /** Alerts that are on, where the journal cannot take them to the hospital. */
  readonly unsaved: readonly Alert[];
}

export function stateMessage({ world, hub, software, care, conditions, unsaved }: StateFacts): object {
  const { sinceMs, ...level } = care;
  const { state: clock } = world.clock();
  return {
    v: 1,
    hub,
    at: rfc3339(world.wallMs()),
    ...level,
    since: rfc3339(sinceMs),
    software,
    boot: world.boot,
    clock,
    ...(conditions.length > 0 && { conditions: conditions.map(({ rule }) => rule) }),
    ...(unsaved.length > 0 && { unsavedAlerts: unsaved }),
  };
}

export function deviceMessages(hub: string, sessions: readonly Session[]): Readonly<Record<string, object>> {
  return Object.fromEntries(sessions.map((session) => [session.device, deviceMessage(hub, session)]));
}

function deviceMessage(hub: string, { device, driver, presence }: Session): object {
  const { present, cause, since, facts } = presence.state();
  return {
    v: 1,
    hub,
    device,
    driver: driver.id,
    title: driver.title,
    kind: driver.kind,
    metrics: Object.keys(driver.observes),
    present,
    since,
    ...(cause !== undefined && { cause }),
    facts,
  };
}

export interface HealthFacts {
  readonly world: World;
  readonly journal: Journal;
  readonly sessions: readonly Session[];
  readonly rules: RulesRunner;
  readonly uplink: Uplink | undefined;
}

export function healthMessage({ world, journal, sessions, rules, uplink }: HealthFacts): object {
  const devices = sessions.map(({ device, presence }) => {
    const { measured, ignored, malformed, noiseBytes } = presence.state();
    return [device, { measured, ignored, malformed, noiseBytes }];
  });
  const status = uplink?.status();
  return {
    v: 1,
    hub: journal.hub,
    at: rfc3339(world.wallMs()),
    head: journal.head,
    receiptedUpTo: status?.receiptedUpTo ?? 0,
    journal: { tail: journal.tail, ...journal.health() },
    uplink: status,
    rules: { ...rules.health(), active: rules.active().length },
    devices: Object.fromEntries(devices),
  };
}
