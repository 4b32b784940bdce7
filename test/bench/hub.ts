/** The agent under measurement: the compiled program, its settings folder, and what it is told to do. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../agent/settings/package-root.ts';
import type { DeviceSettings } from '../../agent/settings/settings.ts';
import { type Child, launch } from './child.ts';

export const HUB = 'hub-bench-1';
export const TOPIC_ROOT = `hjemmebro/v1/${HUB}`;
/** Nobody listens there: an outage. TCP port 1 is tcpmux, which no machine has. */
export const NOBODY = 'mqtt://127.0.0.1:1';

const UNIT = readFileSync(join(packageRoot(), 'systemd/hjemmebro.service'), 'utf8');

/** As systemd starts it: with the flags for Node that stand in its unit. */
export const PROGRAM: readonly [string, ...string[]] = [
  process.execPath,
  ...(/^ExecStart=\S*node (.*?)\S*main\.js/m.exec(UNIT)?.[1] ?? '').split(' ').filter((word) => word.startsWith('--')),
  join(packageRoot(), 'dist/agent/main.js'),
];

/** And with its environment. */
const ENVIRONMENT: Readonly<Record<string, string>> = Object.fromEntries(
  [...UNIT.matchAll(/^Environment=(\w+)=(\S+)$/gm)].map(([, name = '', value = '']) => [name, value]),
);

export interface HubWanted {
  /** Default: nobody. */
  readonly broker?: string;
  readonly devices?: readonly DeviceSettings[];
  readonly hci?: string;
  /** uplink.inflight; default the agent's own. */
  readonly inflight?: number;
  /** Settings of the journal besides its path. */
  readonly journal?: Readonly<Record<string, unknown>>;
}

/** Where the agent keeps its journal, seen from its settings folder. */
export const STATE = 'state';

/** Writes hub.json and care-plan.json; what lies in the state folder stays. */
export function writeHub(folder: string, { broker = NOBODY, devices = [], hci, inflight, journal }: HubWanted): void {
  mkdirSync(join(folder, STATE), { recursive: true });
  const hub = {
    hub: HUB,
    timeZone: 'Europe/Oslo',
    journal: { path: `${STATE}/journal`, ...journal },
    uplink: { brokers: [broker], ...(inflight !== undefined && { inflight }) },
    devices,
    ...(hci !== undefined && { ble: { hci } }),
  };
  const rules = devices.filter(({ driver }) => driver === 'alaris-gh-serial').map(({ id }) => occlusionRule(id));
  writeFileSync(join(folder, 'hub.json'), JSON.stringify(hub));
  writeFileSync(join(folder, 'care-plan.json'), JSON.stringify({ id: 'bench', version: 1, language: 'en', rules }));
}

function occlusionRule(device: string): object {
  return {
    id: 'pump-occlusion',
    kind: 'fault',
    device,
    metric: 'MDCX_PUMP_ALARM',
    codes: ['AL_OCCL*'],
    event: 'MDC_EVT_FLUID_LINE_OCCL',
    zone: 'red',
    priority: 'high',
    text: 'The pump reports a blocked line.',
  };
}

export function startHub(folder: string, env: Readonly<Record<string, string>> = {}): Child {
  return launch([...PROGRAM, 'run', '--config', folder], { env: { ...ENVIRONMENT, ...env } });
}
