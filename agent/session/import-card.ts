/** Takes a whole card into the journal in one go, for somebody who holds it in their hand. */
import type { Driver, LinkSpec } from '../../drivers/contract/driver.ts';
import { driverById } from '../../drivers/registry.ts';
import type { Journal } from '../journal/contract.ts';
import { listCard, readCardFile } from '../link/card-files.ts';
import { LinkError } from '../link/link.ts';
import { unreachable } from '../reading/unreachable.ts';
import type { DeviceSettings, Settings } from '../settings/settings.ts';
import type { World } from '../world.ts';
import { draftsOf, receivedNow, type Source } from './drafts.ts';
import { ontoDisk } from './onto-disk.ts';

type CardDriver = Driver & { readonly link: Extract<LinkSpec, { kind: 'card' }> };

export interface ImportOptions {
  readonly world: World;
  readonly journal: Journal;
  readonly driver: CardDriver;
  readonly device: string;
  /** Zone in which the device's clock runs. */
  readonly zone: string;
  readonly folder: string;
}

export interface ImportReport {
  readonly device: string;
  readonly files: number;
  /** Readings that the journal did not have. */
  readonly added: number;
  /** Readings that the journal had already. */
  readonly known: number;
  /** Valid files that hold nothing to keep, and why, by path on the card. */
  readonly ignored: Readonly<Record<string, string>>;
  /** Files that could not be read or understood, and how, by path on the card. */
  readonly refused: Readonly<Record<string, string>>;
}

/** Rejects with a LinkError when the folder cannot be listed. A file that is refused does not stop the others. */
export async function importCard(options: ImportOptions): Promise<ImportReport> {
  const { world, journal, driver, folder } = options;
  const source: Source = { device: options.device, driver, zone: options.zone };
  const files = await listCard(folder, driver.link.files).catch((error: unknown) => {
    throw new LinkError(`cannot read ${folder}: ${error instanceof Error ? error.message : String(error)}`);
  });
  const report = { added: 0, known: 0, ignored: {} as Record<string, string>, refused: {} as Record<string, string> };
  for (const file of files) {
    const bytes = await readCardFile(folder, file, driver.link.maxFileBytes).catch((error: unknown) => {
      report.refused[file.path] = error instanceof Error ? error.message : String(error);
    });
    if (!bytes) continue;
    const outcome = driver.decode({ channel: file.path, bytes });
    switch (outcome.outcome) {
      case 'measured': {
        const { measurements } = outcome;
        const drafts = draftsOf(source, { measurements, received: receivedNow(world), frameOrdinal: file.path });
        const appended = await ontoDisk(world, journal, drafts);
        if (!appended) throw new LinkError('the hub was stopped before the card was taken; import it again');
        for (const { known } of appended) known ? report.known++ : report.added++;
        break;
      }
      case 'ignored':
        report.ignored[file.path] = outcome.why;
        break;
      case 'clock':
        report.ignored[file.path] = 'it tells what the clock of the device showed';
        break;
      case 'malformed':
        report.refused[file.path] = outcome.how;
        break;
      default:
        unreachable(outcome);
    }
  }
  return { device: options.device, files: files.length, ...report };
}

/** The device of the settings that a card belongs to. Throws LinkError saying which there are. */
export function cardDevice(settings: Settings, id?: string): DeviceSettings {
  const cards = settings.devices.filter(({ driver }) => driverById(driver)?.link.kind === 'card');
  const [only, another] = id === undefined ? cards : cards.filter((device) => device.id === id);
  if (only && !another) return only;
  const named = settings.devices.find((device) => device.id === id);
  if (named) throw new LinkError(`"${named.id}" (${named.driver}) is not read from a card`);
  if (cards.length === 0) {
    throw new LinkError('no device of the settings is read from a card; add one to "devices" in hub.json');
  }
  const ids = cards.map((device) => device.id).join(', ');
  throw new LinkError(`say with --device which device the card belongs to; the settings have ${ids}`);
}

/** Takes the card of a device of the settings. Rejects with a LinkError in words for the person who holds the card. */
export async function importFor(
  world: World,
  journal: Journal,
  settings: Settings,
  id: string,
  folder: string,
): Promise<ImportReport> {
  const device = cardDevice(settings, id);
  const driver = driverById(device.driver);
  if (!driver || !readsCards(driver)) throw new LinkError(`device "${id}" is not read from a card`);
  const zone = device.clockZone ?? settings.timeZone;
  return importCard({ world, journal, driver, device: device.id, zone, folder });
}

function readsCards(driver: Driver): driver is CardDriver {
  return driver.link.kind === 'card';
}
