/** `hjemmebro import`: take a CPAP card into the journal. */
import { resolve } from 'node:path';
import { askAgent, controlPath } from '../control/control.ts';
import { openJournal } from '../journal/open.ts';
import { LinkError } from '../link/link.ts';
import { cardDevice, type ImportReport, importFor } from '../session/import-card.ts';
import type { Settings } from '../settings/settings.ts';
import { realWorld } from '../world.ts';
import { type Command, configFolder, Failure, type Given, type Terminal, textOption, UsageError } from './command.ts';
import { readSettings } from './config.ts';
import { lookAtCard } from './look-at-card.ts';

export const importCommand: Command = {
  name: 'import',
  usage: 'import PATH [--config DIR] [--device ID] [--dry-run] [--json]',
  summary: 'take a CPAP card into the journal; harmless to repeat',
  details: [
    '  PATH          the folder of the card',
    '  --config DIR  the hub that takes it (default /etc/hjemmebro), whether its agent runs or not',
    '  --device ID   which device of the settings the card belongs to, where there are several with cards',
    '  --dry-run     say what the card holds and keep nothing; needs no hub. With --json, what each file means',
  ],
  operandsMax: 1,
  options: { config: { type: 'string' }, device: { type: 'string' }, 'dry-run': { type: 'boolean' } },
  run: async (given, terminal) => {
    const [path] = given.operands;
    if (path === undefined) throw new UsageError('name the folder of one card');
    const folder = resolve(path);
    if (given.options['dry-run'] === true) return lookAtCard(folder, given.options['json'] === true, terminal);
    const settings = readSettings(configFolder(given), terminal);
    const report = await imported(settings, folder, textOption(given, 'device'), terminal);
    show(report, given, terminal);
    return report.files === 0 || Object.keys(report.refused).length > 0 ? 1 : 0;
  },
};

async function imported(
  settings: Settings,
  folder: string,
  id: string | undefined,
  terminal: Terminal,
): Promise<ImportReport> {
  try {
    const device = cardDevice(settings, id).id;
    return (await throughAgent(settings, folder, device, terminal)) ?? (await directly(settings, folder, device));
  } catch (error) {
    throw error instanceof LinkError ? new Failure(error.message) : error;
  }
}

/** The running agent holds the journal, so it does the work; undefined when none runs. */
async function throughAgent(
  settings: Settings,
  folder: string,
  device: string,
  terminal: Terminal,
): Promise<ImportReport | undefined> {
  let answer: string | undefined;
  const question = { ask: 'import', folder, device } as const;
  const onLine = (line: string): void => {
    answer = line;
  };
  if (!(await askAgent(controlPath(settings.journal.path), question, onLine, terminal.stop))) return undefined;
  const reply = JSON.parse(answer ?? '{"error":"the agent ended before it had answered"}') as
    | ImportReport
    | { error: string };
  if ('error' in reply) throw new Failure(reply.error);
  return reply;
}

async function directly(settings: Settings, folder: string, device: string): Promise<ImportReport> {
  const world = realWorld();
  const journal = await openJournal({
    world,
    path: settings.journal.path,
    hub: settings.hub,
    onEvent: () => undefined,
  });
  try {
    return await importFor(world, journal, settings, device, folder);
  } finally {
    await journal.close();
  }
}

function show(report: ImportReport, given: Given, terminal: Terminal): void {
  if (given.options['json'] === true) {
    terminal.out(JSON.stringify(report));
    return;
  }
  for (const [path, why] of Object.entries(report.ignored)) terminal.out(`${path}: nothing to keep: ${why}`);
  for (const [path, how] of Object.entries(report.refused)) terminal.err(`${path}: refused: ${how}`);
  if (report.files === 0) terminal.err('no files of a card were found there; is this the folder that holds STR.edf?');
  terminal.out(
    `${report.device}: ${report.files} files, ${report.added} readings added, ${report.known} were in the journal already`,
  );
}
