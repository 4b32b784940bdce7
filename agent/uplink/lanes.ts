/** Which entry goes next: alerts before what was asked for again, that before everything else in order of its number. */
import type { Journal, Line } from '../journal/contract.ts';
import type { Ranges, Span } from '../journal/ranges.ts';
import type { Ledger } from './ledger.ts';

/** Lines held in memory for each lane; the rest stays on disk. */
const BUFFER_MOST = 500;
const LOW_WATER = 200;
/** Entries that may be asked for again and wait; a resend past it is refused. */
const RESEND_MOST = 10_000;

export interface Lanes {
  /** The next line that is not settled nor under way, as far as lines are in memory. */
  next(isUnderWay: (seq: number) => boolean): Line | undefined;
  /** Whether a lane is short of lines that are on disk. */
  runLow(): boolean;
  /** Nothing left to send, in memory or on disk. */
  isDry(): boolean;
  /** Reads ahead for the lanes that run low; calls while one runs share it. */
  refill(): Promise<void>;
  /** Newly journaled lines, so that what is live need not be read back from disk. */
  offer(lines: readonly Line[]): void;
  /** Starts over after what is settled. */
  rewind(): void;
  /** Sends these once more, receipted or not; false when too many would wait. */
  resend(ranges: Ranges): boolean;
  /** Puts a line that was refused back in front. */
  again(line: Line): void;
}

interface Lane {
  readonly buffer: Line[];
  /** Everything of this lane up to this number is in the buffer or was handed out. */
  upTo: number;
}

type Scan = (from: number, limit: number) => Promise<readonly Line[]>;

export function openLanes(journal: Journal, ledger: Ledger): Lanes {
  let alerts: Lane = { buffer: [], upTo: ledger.ackedUpTo() };
  let rest: Lane = { buffer: [], upTo: ledger.ackedUpTo() };
  const asked: Line[] = [];
  const spans: Span[] = [];
  let filling: Promise<void> | undefined;

  const isShort = ({ buffer, upTo }: Lane): boolean => buffer.length < LOW_WATER && upTo < journal.head;
  const isAskedShort = (): boolean => asked.length < LOW_WATER && spans.length > 0;

  async function fill(): Promise<void> {
    if (isShort(alerts)) await read(alerts, (from, limit) => journal.scanAlerts(from, limit));
    if (isAskedShort()) await readAsked();
    if (isShort(rest)) await read(rest, (from, limit) => journal.scan(from, limit), ledger.absent);
  }

  async function read(into: Lane, scan: Scan, absent?: Ledger['absent']): Promise<void> {
    const head = journal.head;
    const lines = await scan(into.upTo + 1, BUFFER_MOST - into.buffer.length);
    for (const line of lines) {
      // What cannot be read has a gap entry, which goes to the hospital in its stead.
      if (line.seq > into.upTo + 1) absent?.(into.upTo + 1, line.seq - 1);
      into.buffer.push(line);
      into.upTo = line.seq;
    }
    if (lines.length > 0) return;
    absent?.(into.upTo + 1, head);
    into.upTo = head;
  }

  async function readAsked(): Promise<void> {
    const [span] = spans;
    if (!span) return;
    const [from, to] = span;
    const lines = (await journal.scan(from, Math.min(BUFFER_MOST, to - from + 1))).filter(({ seq }) => seq <= to);
    const last = lines.at(-1)?.seq ?? to;
    if (last < to) spans[0] = [last + 1, to];
    else spans.shift();
    asked.push(...lines);
  }

  function offerTo(into: Lane, first: number, last: number, lines: readonly Line[]): void {
    // A lane that is behind, or full, reads them from disk when it gets there.
    if (into.upTo !== first - 1 || into.buffer.length + lines.length > BUFFER_MOST) return;
    into.buffer.push(...lines);
    into.upTo = last;
  }

  return {
    next: (isUnderWay) => {
      const isDue = ({ seq }: Line): boolean => !isUnderWay(seq) && !ledger.isSettled(seq);
      return take(alerts.buffer, isDue) ?? take(asked, ({ seq }) => !isUnderWay(seq)) ?? take(rest.buffer, isDue);
    },
    runLow: () => isShort(alerts) || isAskedShort() || isShort(rest),
    isDry: () =>
      [alerts, rest].every(({ buffer, upTo }) => buffer.length === 0 && upTo >= journal.head) &&
      asked.length + spans.length === 0,
    refill: () => {
      filling ??= fill().finally(() => {
        filling = undefined;
      });
      return filling;
    },
    offer: (lines) => {
      const first = lines[0]?.seq ?? 0;
      const last = lines.at(-1)?.seq ?? 0;
      offerTo(rest, first, last, lines);
      offerTo(
        alerts,
        first,
        last,
        lines.filter(({ kind }) => kind === 'alert'),
      );
    },
    rewind: () => {
      // New objects: what is being read for the old ones goes with them.
      alerts = { buffer: [], upTo: ledger.ackedUpTo() };
      rest = { buffer: [], upTo: ledger.ackedUpTo() };
    },
    resend: (ranges) => {
      const waiting = [...spans, ...ranges].reduce((sum, [from, to]) => sum + to - from + 1, asked.length);
      if (waiting > RESEND_MOST) return false;
      spans.push(...ranges);
      return true;
    },
    again: (line) => asked.unshift(line),
  };
}

/** Takes the first line that is due and drops those before it. */
function take(buffer: Line[], isDue: (line: Line) => boolean): Line | undefined {
  for (let line = buffer.shift(); line; line = buffer.shift()) if (isDue(line)) return line;
  return undefined;
}
