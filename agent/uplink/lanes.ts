/** Which entry goes next: what is new before what waited, alerts before all, and nothing of it in memory but a little. */
import type { Journal, Lane as LaneName, Line } from '../journal/contract.ts';
import { include, missing, type Ranges } from '../journal/ranges.ts';
import type { World } from '../world.ts';
import type { Ledger } from './ledger.ts';

/** Lines held in memory for each lane; the rest stays on disk. */
const BUFFER_MOST = 2_000;
const LOW_WATER = 1_400;
/** Entries that may be asked for again and wait; a resend past it is refused. */
const RESEND_MOST = 10_000;
/** One in so many goes to what waited, however much is new: a link that is too slow for both must not forget the old. */
const BACKLOG_SHARE = 8;
/** What is sent later than this after it was written is no news of the patient. */
const HISTORICAL_AFTER_MS = 30_000;
/** How finely that is told. */
const RECENT_STEP_MS = 1_000;
/** A queue gives its memory back when so many were taken from it. */
const TAKEN_MOST = 512;

export interface Due {
  readonly line: Line;
  readonly isHistorical: boolean;
}

export interface Lanes {
  /** The next alert that is not settled nor under way, as far as lines are in memory. */
  nextAlert(isUnderWay: (seq: number) => boolean): Due | undefined;
  /** The next of all. */
  next(isUnderWay: (seq: number) => boolean): Due | undefined;
  /** Whether a lane is short of lines that are on disk. */
  runLow(): boolean;
  /** Nothing left to send, in memory or on disk. */
  isDry(): boolean;
  /** Reads ahead for the lanes that run low; calls while one runs share it. */
  refill(): Promise<void>;
  /** Newly journaled lines; with `isLive` they are sent before what waited. */
  offer(lines: readonly Line[], isLive: boolean): void;
  /** Starts over after what is settled. */
  rewind(): void;
  /** Sends these once more, receipted or not; false when too many would wait. */
  resend(ranges: Ranges): boolean;
  /** Puts a line that was refused back in front. */
  again(line: Line): void;
}

/** Lines that can be taken from the front. */
interface Queue {
  readonly lines: Line[];
  taken: number;
}

interface Lane extends Queue {
  readonly name: LaneName;
  /** Everything of this lane up to this number is in memory or was handed out. */
  upTo: number;
}

export function openLanes(world: World, journal: Journal, ledger: Ledger): Lanes {
  const liveAlerts: Queue = { lines: [], taken: 0 };
  const live: Queue = { lines: [], taken: 0 };
  let backlog = openBacklog();
  const asked: Queue = { lines: [], taken: 0 };
  /** Asked for, and not read yet. */
  let spans: Ranges = [];
  /** Batches of the last half minute: where each ended, and when it was written. */
  const recent: { lastSeq: number; readonly atMs: number }[] = [];
  let historicalUpTo = journal.head;
  let turn = 0;
  let filling: Promise<void> | undefined;

  /** In this order. A waveform is large and never urgent. */
  function openBacklog(): readonly [alerts: Lane, spots: Lane, continuous: Lane, waveforms: Lane] {
    const lane = (name: LaneName): Lane => ({ name, lines: [], taken: 0, upTo: ledger.ackedUpTo() });
    return [lane('alert'), lane('spot'), lane('continuous'), lane('waveform')];
  }

  const isShort = (lane: Lane): boolean => sizeOf(lane) < LOW_WATER && lane.upTo < journal.head;
  const isAskedShort = (): boolean => sizeOf(asked) < LOW_WATER && spans.length > 0;

  async function fill(): Promise<void> {
    const lanes = backlog;
    if (isAskedShort()) await readAsked();
    for (const lane of lanes) if (isShort(lane)) await read(lane);
  }

  async function read(lane: Lane): Promise<void> {
    const head = journal.head;
    const limit = BUFFER_MOST - sizeOf(lane);
    if (lane.name !== 'continuous') {
      const lines = await journal.scanLane(lane.name, lane.upTo + 1, limit);
      lane.lines.push(...lines);
      lane.upTo = Math.max(lane.upTo, lines.at(-1)?.seq ?? head);
      return;
    }
    const lines = await journal.scan(lane.upTo + 1, limit);
    for (const line of lines) {
      // What cannot be read or was evicted has a gap entry, which goes to the hospital in its stead.
      if (line.seq > lane.upTo + 1) ledger.absent(lane.upTo + 1, line.seq - 1);
      if (line.kind !== 'waveform') lane.lines.push(line);
      lane.upTo = Math.max(lane.upTo, line.seq);
    }
    if (lines.length > 0 || lane.upTo >= head) return;
    ledger.absent(lane.upTo + 1, head);
    lane.upTo = head;
  }

  async function readAsked(): Promise<void> {
    const [span] = spans;
    if (!span) return;
    const [from, to] = span;
    const lines = (await journal.scan(from, Math.min(BUFFER_MOST, to - from + 1))).filter(({ seq }) => seq <= to);
    const last = lines.at(-1)?.seq ?? to;
    spans = spans.flatMap((other) => missing([[from, last]], ...other));
    asked.lines.push(...lines);
  }

  function waitingAsked(): Ranges {
    return asked.lines.slice(asked.taken).reduce<Ranges>((all, { seq }) => include(all, seq, seq), spans);
  }

  /** How far back entries are no news. */
  function age(): void {
    const limitMs = world.monotonicMs() - HISTORICAL_AFTER_MS;
    for (let oldest = recent[0]; oldest && oldest.atMs < limitMs; oldest = recent[0]) {
      historicalUpTo = oldest.lastSeq;
      recent.shift();
    }
  }

  function due(line: Line | undefined): Due | undefined {
    if (!line) return undefined;
    age();
    return { line, isHistorical: line.seq <= historicalUpTo };
  }

  type IsDue = (line: Line) => boolean;

  function takeWaiting(isDue: IsDue, isUnderWay: (seq: number) => boolean): Line | undefined {
    const [, spots, continuous, waveforms] = backlog;
    return (
      take(asked, ({ seq }) => !isUnderWay(seq)) ??
      take(spots, isDue) ??
      take(continuous, isDue) ??
      take(waveforms, isDue)
    );
  }

  function takeAlert(isDue: IsDue): Line | undefined {
    return take(liveAlerts, isDue) ?? take(backlog[0], isDue);
  }

  const dueUnless =
    (isUnderWay: (seq: number) => boolean): IsDue =>
    ({ seq }) =>
      !isUnderWay(seq) && !ledger.isSettled(seq);

  return {
    nextAlert: (isUnderWay) => due(takeAlert(dueUnless(isUnderWay))),
    next: (isUnderWay) => {
      const isDue = dueUnless(isUnderWay);
      const alert = takeAlert(isDue);
      if (alert) return due(alert);
      turn = (turn + 1) % BACKLOG_SHARE;
      const waited = turn === 0 ? takeWaiting(isDue, isUnderWay) : undefined;
      return due(waited ?? take(live, isDue) ?? takeWaiting(isDue, isUnderWay));
    },
    runLow: () => isAskedShort() || backlog.some(isShort),
    isDry: () =>
      [liveAlerts, live, asked, ...backlog].every((queue) => sizeOf(queue) === 0) &&
      spans.length === 0 &&
      backlog.every(({ upTo }) => upTo >= journal.head),
    refill: () => {
      filling ??= fill().finally(() => {
        filling = undefined;
      });
      return filling;
    },
    offer: (lines, isLive) => {
      const last = lines.at(-1)?.seq ?? 0;
      age();
      const batch = recent.at(-1);
      const nowMs = world.monotonicMs();
      if (batch && nowMs - batch.atMs < RECENT_STEP_MS) batch.lastSeq = last;
      else recent.push({ lastSeq: last, atMs: nowMs });
      if (!isLive) return;
      const alerts = lines.filter(({ kind }) => kind === 'alert');
      const others = lines.filter(({ kind }) => kind !== 'alert');
      // A queue that is full leaves them to the backlog, which reads them from disk when it gets there.
      if (sizeOf(liveAlerts) + alerts.length > BUFFER_MOST || sizeOf(live) + others.length > BUFFER_MOST) return;
      liveAlerts.lines.push(...alerts);
      live.lines.push(...others);
      const first = lines[0]?.seq ?? 0;
      for (const lane of backlog) if (lane.upTo === first - 1) lane.upTo = last;
    },
    rewind: () => {
      for (const queue of [liveAlerts, live]) clear(queue);
      // New objects: what is being read for the old ones goes with them.
      backlog = openBacklog();
    },
    resend: (ranges) => {
      // A link that is slow is asked again before it has sent: what waits already goes once.
      const waiting = waitingAsked();
      const all = ranges.reduce<Ranges>((some, span) => include(some, ...span), waiting);
      if (all.reduce((sum, [from, to]) => sum + to - from + 1, 0) > RESEND_MOST) return false;
      for (const span of ranges.flatMap((asking) => missing(waiting, ...asking))) spans = include(spans, ...span);
      return true;
    },
    again: (line) => {
      asked.lines.splice(asked.taken, 0, line);
    },
  };
}

function sizeOf({ lines, taken }: Queue): number {
  return lines.length - taken;
}

function clear(queue: Queue): void {
  queue.lines.length = 0;
  queue.taken = 0;
}

/** Takes the first line that is due and drops those before it. */
function take(queue: Queue, isDue: (line: Line) => boolean): Line | undefined {
  while (queue.taken < queue.lines.length) {
    const line = queue.lines[queue.taken++];
    if (queue.taken === queue.lines.length) clear(queue);
    else if (queue.taken >= TAKEN_MOST) {
      queue.lines.splice(0, queue.taken);
      queue.taken = 0;
    }
    if (line && isDue(line)) return line;
  }
  return undefined;
}
