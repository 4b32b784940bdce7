/** From hub.json to Settings, or to everything that is wrong with it at once. */
import { resolve } from 'node:path';
import type { Driver } from '../../drivers/contract/driver.ts';
import { type Complaint, shown } from './complaint.ts';
import { nearest } from './nearest.ts';
import { schemaComplaints } from './schema.ts';
import type { DeviceSettings, Settings } from './settings.ts';
import { parseText, readText } from './text-file.ts';

/** What the settings must know of the drivers that exist. */
export type KnownDriver = Pick<Driver, 'id' | 'observes'> & { readonly link: Pick<Driver['link'], 'kind'> };

export type LoadedSettings = { readonly settings: Settings } | { readonly complaints: readonly Complaint[] };

export const SETTINGS_FILE = 'hub.json';

export function loadSettings(folder: string, drivers: readonly KnownDriver[]): LoadedSettings {
  const read = readText(folder, SETTINGS_FILE);
  return 'text' in read ? checkSettings(read.text, folder, drivers) : read;
}

/** Relative paths in the settings are taken from `folder`. */
export function checkSettings(text: string, folder: string, drivers: readonly KnownDriver[]): LoadedSettings {
  const parsed = parseText(SETTINGS_FILE, text);
  if (!('value' in parsed)) return parsed;
  const complaints = [
    ...schemaComplaints('hub', SETTINGS_FILE, parsed.value),
    ...beyondSchema(parsed.value, drivers).map((complaint) => ({ file: SETTINGS_FILE, ...complaint })),
  ];
  return complaints.length > 0 ? { complaints } : { settings: placed(parsed.value as Settings, folder) };
}

function placed(settings: Settings, folder: string): Settings {
  const { tls, ...uplink } = settings.uplink;
  const from = (path: string) => resolve(folder, path);
  return {
    ...settings,
    journal: { ...settings.journal, path: from(settings.journal.path) },
    uplink: { ...uplink, ...(tls && { tls: { ca: from(tls.ca), cert: from(tls.cert), key: from(tls.key) } }) },
    devices: settings.devices.map((device) =>
      device.folder === undefined ? device : { ...device, folder: from(device.folder) },
    ),
  };
}

type Finding = Omit<Complaint, 'file'>;
/** The schema may have refused it as well, so every part is looked at with care. */
type Unsure<T> = { readonly [K in keyof T]?: unknown };

function beyondSchema(value: unknown, drivers: readonly KnownDriver[]): readonly Finding[] {
  if (!isObject(value)) return [];
  const settings: Unsure<Settings> = value;
  const devices: readonly unknown[] = Array.isArray(settings.devices) ? settings.devices : [];
  const seen = new Map<unknown, number>();
  let bleAt: number | undefined;
  const findings = devices.flatMap((device, index) => {
    if (!isObject(device)) return [];
    const { id, driver: driverId }: Unsure<DeviceSettings> = device;
    const twin = seen.get(id);
    if (id !== undefined && twin === undefined) seen.set(id, index);
    const driver = drivers.find((known) => known.id === driverId);
    if (driver?.link.kind === 'ble') bleAt ??= index;
    return [
      ...(twin === undefined
        ? []
        : [finding(index, 'id', `the id of devices[${twin}] as well`, 'give each device its own id')]),
      ...(driver ? reach(device, driver, index) : unknownDriver(driverId, index, drivers)),
    ];
  });
  if (bleAt !== undefined && settings.ble === undefined) {
    const expected = `add "ble": { "hci": "native" }, since devices[${bleAt}] is a Bluetooth device`;
    findings.push({ path: 'ble', found: 'missing', expected });
  }
  return findings;
}

function unknownDriver(id: unknown, index: number, drivers: readonly KnownDriver[]): readonly Finding[] {
  if (typeof id !== 'string') return []; // the schema's complaint
  const known = drivers.map((driver) => driver.id);
  const meant = nearest(id, known);
  const hint = meant === undefined ? '' : `did you mean "${meant}"? `;
  return [finding(index, 'driver', `no driver ${shown(id)}`, `${hint}known: ${known.join(', ')}`)];
}

type Reach = 'address' | 'port' | 'folder';
const REACHED_BY: Readonly<Record<KnownDriver['link']['kind'], Reach>> = {
  ble: 'address',
  serial: 'port',
  card: 'folder',
};
const EXAMPLE: Readonly<Record<Reach, string>> = {
  address: '"address": "aa:bb:cc:dd:ee:ff"',
  port: '"port": "/dev/serial/by-id/..."',
  folder: '"folder": "/media/card"',
};

/** A serial device needs its port and a card its folder; a BLE device may be found by what it advertises. */
function reach(device: Unsure<DeviceSettings>, { id, link }: KnownDriver, index: number): readonly Finding[] {
  const right = REACHED_BY[link.kind];
  const wrong = (['address', 'port', 'folder'] as const).filter((key) => key !== right && device[key] !== undefined);
  const findings = wrong.map((key) =>
    finding(index, key, `of no use to ${id}`, `a ${link.kind} device is reached by its ${right}; take "${key}" away`),
  );
  if (device[right] === undefined && link.kind !== 'ble') {
    findings.push(finding(index, right, 'missing', `add ${EXAMPLE[right]}: ${id} is a ${link.kind} device`));
  }
  return findings;
}

function finding(index: number, key: string, found: string, expected: string): Finding {
  return { path: `devices[${index}].${key}`, found, expected };
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
