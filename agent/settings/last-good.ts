/** The last settings and plan that were good, kept so that a bad edit never stops monitoring (invariant 12). */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { type CarePlan, NO_PLAN } from '../rules/plan.ts';
import type { Complaint } from './complaint.ts';
import { checkPlan, PLAN_FILE, type PlanContext } from './load-plan.ts';
import { checkSettings, type KnownDriver, SETTINGS_FILE } from './load-settings.ts';
import type { Settings } from './settings.ts';
import { readText } from './text-file.ts';

export interface InForce<T> {
  readonly value: T;
  /** 'nothing' only for a plan: then the house rules alone are in force. */
  readonly from: 'file' | 'last-good' | 'nothing';
  /** Why the file was refused, or why no copy of it could be kept; to be reported upstream. */
  readonly complaints: readonly Complaint[];
}

/** Where the copies lie: beside the journal. */
function lastGoodFolder(settings: Settings): string {
  return join(dirname(settings.journal.path), 'last-good');
}

/** The file, else the last good copy; complaints alone when there is neither. Whoever only looks does not remember. */
export function settingsInForce(
  folder: string,
  drivers: readonly KnownDriver[],
  { remembering = true } = {},
): InForce<Settings> | { readonly complaints: readonly Complaint[] } {
  const read = readText(folder, SETTINGS_FILE);
  if (!('text' in read)) return read;
  const checked = checkSettings(read.text, folder, drivers);
  if ('settings' in checked) {
    const complaints = remembering ? remember(lastGoodFolder(checked.settings), SETTINGS_FILE, read.text) : [];
    return { value: checked.settings, from: 'file', complaints };
  }
  const path = journalPathIn(read.text);
  const copy =
    path === undefined ? undefined : recall(join(dirname(resolve(folder, path)), 'last-good'), SETTINGS_FILE);
  const before = copy === undefined ? undefined : checkSettings(copy, folder, drivers);
  if (before === undefined || !('settings' in before)) return checked;
  return { value: before.settings, from: 'last-good', complaints: checked.complaints };
}

/** The file, else the last good copy, else no plan: there is always one. */
export function planInForce(folder: string, settings: Settings, drivers: readonly KnownDriver[]): InForce<CarePlan> {
  const context: PlanContext = { devices: settings.devices, drivers };
  const read = readText(folder, PLAN_FILE);
  const checked = 'text' in read ? checkPlan(read.text, context) : read;
  if ('plan' in checked && 'text' in read) {
    const complaints = rememberPlan(settings, read.text);
    return { value: checked.plan, from: 'file', complaints };
  }
  const complaints = 'complaints' in checked ? checked.complaints : [];
  const copy = recall(lastGoodFolder(settings), PLAN_FILE);
  const before = copy === undefined ? undefined : checkPlan(copy, context);
  if (before === undefined || !('plan' in before)) return { value: NO_PLAN, from: 'nothing', complaints };
  return { value: before.plan, from: 'last-good', complaints };
}

/** Keeps the text of a plan that was checked. Returns why it could not be kept, if so. */
export function rememberPlan(settings: Settings, text: string): readonly Complaint[] {
  return remember(lastGoodFolder(settings), PLAN_FILE, text);
}

/** A settings file that is not JSON any more mostly still says where the journal was. */
function journalPathIn(text: string): string | undefined {
  const literal = /"journal"\s*:\s*\{[^{}]*?"path"\s*:\s*("(?:[^"\\\n]|\\.)*")/.exec(text)?.[1];
  try {
    return literal === undefined ? undefined : String(JSON.parse(literal));
  } catch {
    return undefined;
  }
}

function recall(folder: string, file: string): string | undefined {
  const read = readText(folder, file);
  return 'text' in read ? read.text : undefined;
}

/** Written aside, synced and renamed, so that a power cut leaves the old copy or the new one. */
function remember(folder: string, file: string, text: string): readonly Complaint[] {
  const path = join(folder, file);
  if (recall(folder, file) === text) return [];
  try {
    mkdirSync(folder, { recursive: true });
    writeSynced(`${path}.tmp`, text);
    renameSync(`${path}.tmp`, path);
    syncFolder(folder);
    return [];
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    return [
      {
        file,
        path: '',
        found: `no copy could be kept (${cause})`,
        expected: 'let the user that runs hjemmebro write beside the journal',
      },
    ];
  }
}

function writeSynced(path: string, text: string): void {
  const file = openSync(path, 'w', 0o600);
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncFolder(folder: string): void {
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
