/** The report: machine, one table per topic, what was missed; on the terminal, as raw numbers, and between the marks of docs/performance.md. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../agent/settings/package-root.ts';
import { type Machine, machineLines } from './machine.ts';
import { median } from './rows.ts';
import { amount, tableOf } from './table.ts';
import type { Row } from './topic.ts';

export interface Section {
  readonly name: string;
  readonly title: string;
  readonly about: string;
  readonly rows: readonly Row[];
  /** Why there are no rows. */
  readonly failure?: string;
  readonly seconds: number;
}

export function sectionLines({ title, about, rows, failure }: Section): readonly string[] {
  const body = failure === undefined ? tableOf(rows) : [`FAILED: ${failure}`];
  return [`### ${title}`, '', about, '', ...body, ''];
}

export function headLines(machine: Machine, runs: number, isQuick: boolean): readonly string[] {
  const quick = isQuick ? ['**Quick run: sizes are too small for figures.**', ''] : [];
  return [...quick, ...machineLines(machine, runs), ''];
}

export function missedLines(sections: readonly Section[]): readonly string[] {
  const missed = sections.flatMap(({ title, rows }) =>
    rows.filter(({ target }) => target && !target.isMet).map((row) => `- ${title}: ${missedWords(row)}`),
  );
  const failed = sections.filter(({ failure }) => failure !== undefined).map(({ title }) => `- ${title}: failed`);
  const judged = sections.flatMap(({ rows }) => rows).filter(({ target }) => target).length;
  const head = `${missed.length} of ${judged} targets are not met${missed.length > 0 ? ':' : '.'}`;
  return ['### Not met', '', head, '', ...missed, ...failed];
}

function missedWords({ figure, unit, ours, reference, ratio, target }: Row): string {
  const against = reference && ratio !== undefined ? `, ${ratio.toFixed(2)} of ${reference.is}` : '';
  return `${figure}: ${amount(median(ours), unit)}${against}; target ${target?.says}`;
}

export function writeJson(file: string, machine: Machine, sections: readonly Section[]): void {
  writeFileSync(file, `${JSON.stringify({ machine, sections }, null, 2)}\n`);
}

const BEGIN = '<!-- bench: begin -->';
const END = '<!-- bench: end -->';

/** What people wrote above and below the marks stays. Throws when a mark is missing. */
export function writeDocs(lines: readonly string[]): void {
  const file = join(packageRoot(), 'docs/performance.md');
  const text = readFileSync(file, 'utf8');
  const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${file} lacks "${BEGIN}" and "${END}", between which the tables go`);
  writeFileSync(file, `${text.slice(0, begin)}${BEGIN}\n\n${lines.join('\n')}\n\n${text.slice(end)}`);
}
