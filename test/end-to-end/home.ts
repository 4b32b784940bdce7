/** A patient's home for one test: a folder with settings, and what the devices and the hospital's broker need; gone afterwards. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { DeviceSettings, Settings } from '../../agent/settings/settings.ts';
import { randomFrom } from '../../agent/world.ts';
import { writeCard } from '../../simulators/devices/resmed/card.ts';

/** Nobody listens there: TCP port 1 is tcpmux, which no machine has. */
export const NOBODY = 'mqtt://127.0.0.1:1';
export const HUB = 'hub-test-1';

export interface Home {
  readonly folder: string;
  /** The same folder, as words of the command line. */
  readonly config: readonly [string, string];
  path(...parts: readonly string[]): string;
  write(file: string, content: unknown): void;
}

export interface Wanted {
  readonly devices: readonly DeviceSettings[];
  readonly broker?: string;
  readonly hci?: string;
  readonly rules?: readonly object[];
}

const folders = new Set<string>();

/** Short, because the path of a Unix socket may be 107 bytes long. */
export function openFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hjemmebro-e2e-'));
  folders.add(folder);
  return folder;
}

export function openHome({ devices, broker = NOBODY, hci, rules = [] }: Wanted): Home {
  const folder = openFolder();
  const settings: Settings = {
    hub: HUB,
    timeZone: 'Europe/Oslo',
    journal: { path: 'state/journal' },
    uplink: { brokers: [broker] },
    devices,
    ...(hci !== undefined && { ble: { hci } }),
  };
  const home: Home = {
    folder,
    config: ['--config', folder],
    path: (...parts) => join(folder, ...parts),
    write: (file, content) =>
      writeFileSync(join(folder, file), typeof content === 'string' ? content : JSON.stringify(content, null, 2)),
  };
  home.write('hub.json', settings);
  home.write('care-plan.json', { id: 'test', version: 1, language: 'en', rules });
  return home;
}

/** Puts the same CPAP card, one night long, into a folder. */
export function putCard(folder: string): void {
  for (const { path, bytes } of writeCard(randomFrom(7), { nights: 1, lastNight: '2026-03-01', sessionMinutes: 20 })) {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }
}

export function closeHomes(): void {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  folders.clear();
}
