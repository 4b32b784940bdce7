/** Writes rows as a table that reads well on a terminal and is a table in Markdown, too. */
import { median } from './rows.ts';
import type { Row, Unit } from './topic.ts';

const HEAD = ['figure', 'ours', 'reference', 'ratio', 'target', 'met'];

export function tableOf(rows: readonly Row[]): readonly string[] {
  const cells = rows.map(cellsOf);
  const widths = HEAD.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(HEAD), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...cells.map(line)];
}

function cellsOf(row: Row): readonly string[] {
  const { figure, unit, ours, reference, ratio, target, note } = row;
  const own = ours.length === 0 ? '' : amount(median(ours), unit);
  const held =
    reference && `${reference.values.length === 0 ? '' : amount(median(reference.values), unit)} ${reference.is}`;
  return [
    figure,
    [own, note].filter(Boolean).join('; '),
    held?.trim() ?? '',
    ratio === undefined ? '' : digits(ratio),
    target?.says ?? '',
    target ? (target.isMet ? 'yes' : 'NO') : '',
  ];
}

/** Three digits are more than the drift of any machine allows. */
export function amount(value: number, unit: Unit): string {
  if (unit === '' && Number.isInteger(value)) return grouped(value);
  return unit === 'per s' ? `${digits(value)}/s` : `${digits(value)} ${unit}`.trim();
}

function digits(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  if (size >= 100) return grouped(Math.round(value));
  return value.toFixed(size >= 10 ? 1 : 2);
}

/** 12 345, as the documents write it. */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ' ');
}
