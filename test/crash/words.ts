/** What the rig prints: plans, cycles and the account, as lines for a person. */
import { unreachable } from '../../agent/reading/unreachable.ts';
import { columns } from '../../simulators/demo/account.ts';
import type { Row } from './account.ts';
import type { Lived, Outcome, Start } from './cycle.ts';
import type { Cycle, DiskTrouble, End, WireTrouble } from './plan.ts';
import { isGood, type Report } from './rig.ts';

export function planLine({ number, lifeMs, end, disk, wire }: Cycle): string {
  const parts = [`${lifeMs} ms`, endWords(end), diskWords(disk), wireWords(wire)].filter((words) => words !== '');
  return `${String(number).padStart(4)}  ${parts.join('; ')}`;
}

function endWords(end: End): string {
  switch (end.end) {
    case 'kill':
    case 'stop':
    case 'power-cut':
      return end.end;
    case 'kill-at-call':
    case 'power-cut-at-call':
      return `${end.end} ${end.call} ${end.nth}`;
    case 'kill-at-start':
    case 'kill-at-stop':
      return `${end.end} +${end.afterMs} ms`;
    default:
      return unreachable(end);
  }
}

function diskWords(trouble: DiskTrouble): string {
  switch (trouble.disk) {
    case 'well':
      return '';
    case 'sync-fails':
    case 'write-fails':
      return `${trouble.disk} ${trouble.error} ${trouble.first}..${trouble.first + trouble.calls - 1}`;
    case 'open-fails':
      return `open-fails ENOSPC 1..${trouble.calls}`;
    case 'full':
      return `full but ${trouble.roomKb} KB at ${trouble.atMs} ms for ${trouble.forMs} ms`;
    case 'full-at-start':
      return `full-at-start but ${trouble.roomKb} KB`;
    case 'read-only-at-start':
      return trouble.disk;
    case 'slow':
      return `slow, ${trouble.syncMs} ms a sync`;
    default:
      return unreachable(trouble);
  }
}

function wireWords(trouble: WireTrouble): string {
  switch (trouble.wire) {
    case 'well':
      return '';
    case 'slow':
      return `network slow by ${trouble.delayMs}..${trouble.delayMs + trouble.jitterMs} ms${when(trouble)}`;
    case 'narrow':
      return `network narrow, ${trouble.bytesPerSecond} bytes/s${when(trouble)}`;
    case 'torn':
      return `network torn after ${trouble.bytes} bytes${when(trouble)}`;
    case 'broker-killed':
      return `broker-killed, ${trouble.remembers ? 'remembers' : 'forgets'}${when(trouble)}`;
    case 'refusing':
    case 'half-open':
    case 'reset':
    case 'broker-hangs':
    case 'receiver-killed':
    case 'links-lost':
    case 'card':
      return `${trouble.wire}${when(trouble)}`;
    default:
      return unreachable(trouble);
  }
}

function when({ atMs, forMs }: { readonly atMs: number; readonly forMs: number }): string {
  return ` at ${atMs} ms for ${forMs} ms`;
}

export function cycleLine({ cycle, lives }: Outcome, readings: number): string {
  return [planLine(cycle), ...lives.map(lifeLine), `      ${readings} readings given so far`].join('\n');
}

function lifeLine({ start, crash, cut, timesStuck, diedAtCall, journalAt }: Lived): string {
  const parts = [
    startWords(start),
    ...(journalAt === undefined ? [] : [`journal at ${journalAt}`]),
    ...(diedAtCall ? ['died at the call'] : []),
    ...(timesStuck > 0 ? ['found its disk not writable'] : []),
    ...(cut ? [`${cut.filesCut} files cut, ${cut.bytesLost} bytes and ${cut.namesUndone} names gone`] : []),
    ...(crash === undefined ? [] : [`CRASHED: ${crash}`]),
  ];
  return `      ${parts.join(', ')}`;
}

function startWords(start: Start): string {
  switch (start.start) {
    case 'up':
      return `up in ${Math.round(start.ms)} ms`;
    case 'killed':
      return 'killed before it was up';
    case 'refused':
      return `refused to start (${start.why})`;
    case 'failed':
      return `FAILED TO START (${start.why})`;
    default:
      return unreachable(start);
  }
}

const NAMED_MOST = 10;

export function reportLines(report: Report): readonly string[] {
  const { account, outcomes, finale, seconds } = report;
  const lives = outcomes.flatMap(({ cycle, lives: lived }) => lived.map((life) => ({ ...life, number: cycle.number })));
  const starts = lives.map(({ start }) => start);
  const upMs = starts.flatMap((start) => (start.start === 'up' ? [start.ms] : [])).sort((a, b) => a - b);
  const count = (name: Start['start']): number => starts.filter(({ start }) => start === name).length;
  const lost = account.rows.flatMap(({ device, lost }) => lost.map((key) => `${device}: ${key}`));
  const doubled = account.rows.flatMap(({ device, doubled }) => doubled.map((key) => `${device}: ${key}`));
  const crashes = lives.filter(({ crash }) => crash !== undefined);
  return [
    ...columns([HEADINGS, ...account.rows.map(cells), cells(total(account.rows))]),
    '',
    `starts ${starts.length + 1}: ${count('up') + (finale.startMs === undefined ? 0 : 1)} up, ${count('killed')} killed on the way as planned, ` +
      `${count('refused')} refused on a disk of no use, ${count('failed')} FAILED; up in ${ms(upMs[Math.floor(upMs.length / 2)])} median, ${ms(upMs.at(-1))} at most`,
    `ends: ${tally(outcomes.map(({ cycle }) => cycle.end.end))}`,
    `disk: ${tally(outcomes.map(({ cycle }) => cycle.disk.disk))}; noticed as not writable in ${lives.filter(({ timesStuck }) => timesStuck > 0).length} lives`,
    `wire: ${tally(outcomes.map(({ cycle }) => cycle.wire.wire))}`,
    `died at the planned call: ${lives.filter(({ diedAtCall }) => diedAtCall).length}; power cuts took ${sum(lives.map(({ cut }) => cut?.bytesLost ?? 0))} bytes that were not synced and ${sum(lives.map(({ cut }) => cut?.namesUndone ?? 0))} names`,
    `wire duplicates, known by their id: ${account.copies}; gap entries: ${
      Object.entries(account.gaps)
        .map(([cause, times]) => `${cause} ${times}`)
        .join(', ') || 'none'
    }`,
    `drained in ${ms(finale.drainMs)} after the last start`,
    ...crashes.map(({ number, crash, log }) => `CRASH in cycle ${number}: ${crash}\n  ${log.slice(-8).join('\n  ')}`),
    ...lives.flatMap(({ number, start }) =>
      start.start === 'failed' ? [`FAILED START in cycle ${number}: ${start.why}`] : [],
    ),
    ...(finale.fault === undefined ? [] : [`THE END WENT WRONG: ${finale.fault}`]),
    ...account.missed.map(
      ({ cycle, device, keys }) =>
        `NOT ON DISK after cycle ${cycle}: ${keys.length} of ${device} that it was told are safe, such as ${keys[0]}`,
    ),
    ...account.conflicts
      .slice(0, NAMED_MOST)
      .map(({ seq, ids }) => `NUMBER USED TWICE: ${seq} for ${ids.join(' and ')}`),
    ...account.holes.slice(0, NAMED_MOST).map(([from, to]) => `HOLE without a word: ${from}..${to}`),
    ...account.renumbered
      .slice(0, NAMED_MOST)
      .map(({ seq, id, first }) => `TWO NUMBERS: ${id} came as ${first} and as ${seq}`),
    ...lost.slice(0, NAMED_MOST).map((key) => `LOST ${key}`),
    ...account.rows.flatMap(({ device, where }) =>
      where.slice(0, NAMED_MOST).map((words) => `LOST FRAME of ${device}: ${words}`),
    ),
    ...doubled.slice(0, NAMED_MOST).map((key) => `DOUBLED ${key}`),
    '',
    `${lost.length} lost, ${doubled.length} duplicated in meaning, ${count('failed')} failed starts, ${crashes.length} crashes, ${account.holes.length} unexplained holes, in ${Math.round(seconds)} s: ${isGood(report) ? 'good' : 'NOT GOOD'}`,
  ];
}

const HEADINGS = [
  'device',
  'sent',
  'confirmed',
  'journaled',
  'at broker',
  'at hospital',
  'receipted',
  'in the air',
  'in the device',
  'explained',
  'lost',
  'doubled',
  '',
];

function cells(row: Row): readonly string[] {
  const { sent, confirmed, journaled, atBroker, atHospital, receipted, inAir, inDevice, explained } = row;
  const numbers = [sent, confirmed, journaled, atBroker, atHospital, receipted, inAir, inDevice, explained];
  return [row.device, ...numbers.map(String), String(row.lost.length), String(row.doubled.length), ''];
}

function total(rows: readonly Row[]): Row {
  const add = (of: (row: Row) => number): number => sum(rows.map(of));
  return {
    device: 'all',
    sent: add((row) => row.sent),
    confirmed: add((row) => row.confirmed),
    journaled: add((row) => row.journaled),
    atBroker: add((row) => row.atBroker),
    atHospital: add((row) => row.atHospital),
    receipted: add((row) => row.receipted),
    inAir: add((row) => row.inAir),
    inDevice: add((row) => row.inDevice),
    explained: add((row) => row.explained),
    lost: rows.flatMap((row) => row.lost),
    doubled: rows.flatMap((row) => row.doubled),
    where: [],
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

function tally(names: readonly string[]): string {
  const times = new Map<string, number>();
  for (const name of names) times.set(name, (times.get(name) ?? 0) + 1);
  return [...times].map(([name, count]) => `${name} ${count}`).join(', ');
}

function ms(value: number | undefined): string {
  return value === undefined ? 'unknown' : `${Math.round(value)} ms`;
}
