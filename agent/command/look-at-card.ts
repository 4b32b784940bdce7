/** What a card holds, without a hub and without keeping any of it: `hjemmebro import --dry-run`. */
import type { Driver, Outcome } from '../../drivers/contract/driver.ts';
import { drivers } from '../../drivers/registry.ts';
import { type CardFile, listCard, readCardFile } from '../link/card-files.ts';
import { unreachable } from '../reading/unreachable.ts';
import { Failure, type Terminal } from './command.ts';
import { printable } from './decode.ts';

/** Prints a line per file; with `json`, what each file means. Resolves to the exit code: 1 when a file was refused. */
export async function lookAtCard(folder: string, json: boolean, terminal: Terminal): Promise<number> {
  let files = 0;
  let refused = 0;
  for (const driver of drivers) {
    for (const file of await filesFor(driver, folder)) {
      const outcome = await outcomeOf(driver, folder, file);
      files++;
      if (outcome.outcome === 'malformed') refused++;
      if (json) terminal.out(JSON.stringify({ path: file.path, driver: driver.id, ...printable(outcome) }));
      else terminal.out(`${file.path}: ${gist(outcome)}`);
    }
  }
  if (files === 0) throw new Failure(`no files of a card in ${folder}; is this the folder that holds STR.edf?`);
  return refused > 0 ? 1 : 0;
}

async function filesFor(driver: Driver, folder: string): Promise<readonly CardFile[]> {
  if (driver.link.kind !== 'card') return [];
  return listCard(folder, driver.link.files).catch((error: unknown) => {
    throw new Failure(`cannot read ${folder}: ${error instanceof Error ? error.message : String(error)}`);
  });
}

async function outcomeOf(driver: Driver, folder: string, file: CardFile): Promise<Outcome> {
  const maxBytes = driver.link.kind === 'card' ? driver.link.maxFileBytes : 0;
  try {
    return driver.decode({ channel: file.path, bytes: await readCardFile(folder, file, maxBytes) });
  } catch (error) {
    return { outcome: 'malformed', how: error instanceof Error ? error.message : String(error) };
  }
}

function gist(outcome: Outcome): string {
  switch (outcome.outcome) {
    case 'measured':
      return `${outcome.measurements.length} measurements`;
    case 'ignored':
      return `nothing to keep: ${outcome.why}`;
    case 'clock':
      return `nothing to keep: the device's clock showed ${outcome.shows ?? 'nothing'}`;
    case 'malformed':
      return `refused: ${outcome.how}`;
    default:
      return unreachable(outcome);
  }
}
