/** `hjemmebro journal`: read what the hub has written down. */
import { existsSync } from 'node:fs';
import { askAgent, controlPath } from '../control/control.ts';
import { textOf } from '../journal/contract.ts';
import { openJournal } from '../journal/open.ts';
import type { Entry } from '../reading/entry.ts';
import type { Measurement } from '../reading/measurement.ts';
import { METRICS } from '../vocabulary/metrics.ts';
import { realWorld } from '../world.ts';
import { type Command, configFolder, Failure, type Terminal, wholeOption } from './command.ts';
import { readSettings } from './config.ts';

const LINES_AT_A_TIME = 500;

export const journalCommand: Command = {
  name: 'journal',
  usage: 'journal [--config DIR] [--from SEQ] [--follow] [--json]',
  summary: 'read the journal, also while the agent runs',
  details: [
    '  --config DIR  the hub whose journal it is (default /etc/hjemmebro)',
    '  --from SEQ    begin at this sequence number (default: the oldest kept)',
    '  --follow      go on with new entries as they come; needs a running agent',
    '  --json        entries as they are stored and published, one per line',
  ],
  options: { config: { type: 'string' }, from: { type: 'string' }, follow: { type: 'boolean' } },
  run: async (given, terminal) => {
    const settings = readSettings(configFolder(given), terminal);
    const from = wholeOption(given, 'from', 1, Number.MAX_SAFE_INTEGER) ?? 1;
    const follow = given.options['follow'] === true;
    const json = given.options['json'] === true;
    const show = (line: string): void => terminal.out(json ? line : readable(JSON.parse(line) as Entry));
    const path = controlPath(settings.journal.path);
    if (await askAgent(path, { ask: 'journal', from, follow }, show, terminal.stop)) return 0;
    if (follow)
      throw new Failure(
        'no agent runs with these settings, so there is nothing to follow; start it with "hjemmebro run"',
      );
    if (!existsSync(settings.journal.path)) {
      terminal.err(`nothing was written to ${settings.journal.path} yet`);
      return 0;
    }
    await showStored(settings.journal.path, settings.hub, from, show, terminal);
    return 0;
  },
};

async function showStored(
  path: string,
  hub: string,
  from: number,
  show: (line: string) => void,
  terminal: Terminal,
): Promise<void> {
  const onEvent = ({ name, cause }: { name: string; cause?: string }): void => terminal.err(`${name}: ${cause ?? ''}`);
  const journal = await openJournal({ world: realWorld(), path, hub, onEvent });
  let next = from;
  while (next <= journal.head && !terminal.stop.aborted) {
    const lines = await journal.scan(next, LINES_AT_A_TIME);
    for (const line of lines) show(textOf(line));
    next = (lines.at(-1)?.seq ?? journal.head) + 1;
  }
  await journal.close();
}

/** One line for a person: number, time, what. */
function readable(entry: Entry): string {
  return `${String(entry.seq).padStart(8)}  ${entry.at}  ${entry.kind.padEnd(8)}  ${gist(entry)}`;
}

function gist(entry: Entry): string {
  switch (entry.kind) {
    case 'reading':
    case 'waveform': {
      const { device, metric, unit } = entry.body;
      const label = METRICS[metric]?.label ?? metric;
      return `${device}: ${label} ${valueText(entry.body)}${'value' in entry.body && unit ? ` ${unit}` : ''}`;
    }
    case 'alert':
      return `${entry.body.zone} ${entry.body.priority} ${entry.body.phase}: ${entry.body.text}`;
    case 'gap':
      return `${entry.body.cause}${entry.body.device ? ` (${entry.body.device})` : ''} ${entry.body.detail ?? ''}`.trimEnd();
    case 'event':
      return [entry.body.name, entry.body.device, entry.body.cause].filter((part) => part !== undefined).join('  ');
  }
}

function valueText(m: Measurement): string {
  if ('value' in m) return m.value;
  if ('absent' in m) return `absent (${m.absent})`;
  if ('code' in m) return m.code;
  if ('bits' in m) return m.bits.length > 0 ? m.bits.join(', ') : 'none set';
  if ('text' in m) return m.text;
  return `${m.samples.length} samples, one each ${m.periodMs / 1000} s`;
}
