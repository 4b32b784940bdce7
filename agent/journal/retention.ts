/** What may go when there is no room, or no reason to keep it: the written eviction policy (docs/durability.md, "What is removed"). */
import type { Alert, Draft, Entry, HubEvent, Reading } from '../reading/entry.ts';
import type { Timer, World } from '../world.ts';
import { bury, inLongRuns, type Removed } from './burial.ts';
import { CONTEXT_MS, type Context, contextOf } from './context.ts';
import { entryOf, JournalClosed, type Line } from './contract.ts';
import type { HubJournal } from './log.ts';
import { isUnreadable, wordsOf } from './medium.ts';
import { missing, type Ranges, type Span } from './ranges.ts';
import { key } from './record.ts';
import { saidOf, summarise } from './summary.ts';

export interface Limits {
  /** The store on disk, bytes. Alerts may go beyond it by the reserve. */
  readonly maxBytes: number;
  /** Receipted entries older than this go even where there is room, and continuous readings are thinned. */
  readonly keepMs: number;
  /** With less than this free on the disk, receipted entries go as if the bound were reached. */
  readonly lowFreeBytes: number;
}

export interface RetentionOptions {
  readonly world: World;
  readonly journal: HubJournal;
  readonly limits: Limits;
  /** What the hospital's application has. */
  readonly receipted: () => Ranges;
  readonly onEvent: (event: HubEvent) => void;
}

export interface Retention {
  /** Looks now, and resolves when what may go is gone. */
  look(): Promise<void>;
  close(): Promise<void>;
}

const LOOK_EVERY_MS = 60_000;
/** A burst of so many entries is looked at sooner. */
const LOOK_AFTER_ENTRIES = 5_000;
const TICK_MS = 2_000;
/** Entries judged at a time; one batch on disk. */
const CHUNK = 500;
/** Entries removed between two looks at the size, most and least: each look gives the room back first, which costs writes. */
const ROUND_MOST = 10_000;
const ROUND_LEAST = 200;
/** When the bound is reached, room is made for a while. */
const DOWN_TO = 0.9;
/** No time of ours is right before it: what was written under a clock that was never set has no age. */
const PLAUSIBLE_MS = Date.UTC(2026, 0, 1);

type Way = 'receipted' | 'thinned';

export function startRetention({ world, journal, limits, receipted, onEvent }: RetentionOptions): Retention {
  let lastLook = { atMs: world.monotonicMs(), head: journal.head };
  let working: Promise<void> = Promise.resolve();
  let isClosed = false;
  /** Older than this everything continuous has been thinned already. */
  let thinnedUpTo = 0;

  async function look(): Promise<void> {
    lastLook = { atMs: world.monotonicMs(), head: journal.head };
    const before = await measure(limits.maxBytes);
    // Nothing can be removed from a disk that takes no writes; that it does not is told elsewhere.
    if (!journal.health().writable) return;
    if (world.clock().state !== 'unsynced') await age(world.wallMs() - limits.keepMs);
    const after = before.isOver ? await makeRoom(before) : before;
    if (after.bytes < before.bytes)
      onEvent({ name: 'journal-evicted', cause: `${mb(before.bytes)} MB, now ${mb(after.bytes)} MB` });
    journal.room.setAtBound(after.bytes > limits.maxBytes);
  }

  interface Size {
    readonly bytes: number;
    readonly isOver: boolean;
    /** Entries that take about as much as is too much. */
    readonly excess: number;
  }

  async function measure(mostBytes: number): Promise<Size> {
    const free = await journal.room.look();
    const bytes = await journal.look((store) => store.bytes());
    journal.noteBytes(bytes);
    const tooMuch = Math.max(bytes - limits.maxBytes * DOWN_TO, limits.lowFreeBytes - free);
    const excess = Math.ceil(((journal.head - journal.tail + 1) * tooMuch) / Math.max(bytes, 1));
    return { bytes, isOver: bytes > mostBytes || free < limits.lowFreeBytes, excess };
  }

  /** First what the hospital has, then what can be thinned; rounds, since only the disk knows what a round gave back. */
  async function makeRoom(before: Size): Promise<Size> {
    let size = before;
    for (const way of ['receipted', 'thinned'] as const) {
      for (let from = journal.tail; from < journal.head && !isClosed; ) {
        const most = Math.min(Math.max(size.excess, ROUND_LEAST), ROUND_MOST);
        const { removed, upTo } = await round(way, from, most);
        const span = [key.entry(from), key.entry(upTo)] as const;
        if (removed > 0) await journal.look((store) => store.compact(...span));
        size = await measure(limits.maxBytes * DOWN_TO);
        if (!size.isOver) return size;
        from = upTo + 1;
      }
    }
    return measure(limits.maxBytes);
  }

  /** Age ends what is receipted, oldest first, and thins what is not. */
  async function age(beforeMs: number): Promise<void> {
    const isYoung: IsYoung = ({ at }) => Date.parse(at) >= beforeMs;
    // What was written by a clock that was never set has no age: it stays, and those behind it do not.
    const aged =
      (mayGo: MayGo): MayGo =>
      (stored) =>
        mayGo(stored) && Date.parse(stored.entry.at) > PLAUSIBLE_MS;
    for (const span of kept(receipted())) {
      if (await beginsYoung(span, isYoung)) continue;
      await sweep(span, aged(receiptedMayGo(await oldestOwedMs())), 'receipted', isYoung);
    }
    const span: Span = [Math.max(journal.tail, thinnedUpTo + 1), journal.head - 1];
    if (await beginsYoung(span, isYoung)) return;
    const context = await alertContext();
    thinnedUpTo = (await sweep(span, aged(continuousMayGo(context)), 'thinned', isYoung)).upTo;
  }

  /** Mostly nothing is old enough, and one entry tells. */
  async function beginsYoung([from, to]: Span, isYoung: IsYoung): Promise<boolean> {
    const [line] = from <= to ? await journal.scan(from, 1) : [];
    return line === undefined || isYoung(entryOf(line));
  }

  /** Removes the oldest from this number on that may go in this way, and says how far it looked. */
  async function round(way: Way, from: number, most: number): Promise<Swept> {
    const mayGo = way === 'receipted' ? receiptedMayGo(await oldestOwedMs()) : continuousMayGo(await alertContext());
    const spans: Ranges = kept(way === 'receipted' ? receipted() : [[1, journal.head]]);
    let removed = 0;
    for (const [first, last] of spans) {
      if (last < from) continue;
      const swept = await sweep([Math.max(first, from), last], mayGo, way, () => false, most - removed);
      removed += swept.removed;
      if (removed >= most) return { removed, upTo: swept.upTo };
    }
    return { removed, upTo: journal.head };
  }

  /** The newest entry stays in any case: it says how far the numbers have come. */
  function kept(ranges: Ranges): Ranges {
    return ranges
      .map(([from, to]) => [Math.max(from, journal.tail), Math.min(to, journal.head - 1)] as const)
      .filter(([from, to]) => from <= to);
  }

  /** Removes what may go from a span, until an entry is too young or enough are gone. */
  async function sweep(
    [from, to]: Span,
    mayGo: MayGo,
    way: Way,
    isYoung: IsYoung,
    most = Number.POSITIVE_INFINITY,
  ): Promise<Swept> {
    let removed = 0;
    let next = from;
    while (next <= to && removed < most && !isClosed) {
      const chunk = (await storedFrom(next)).filter(({ line }) => line.seq <= to);
      const young = chunk.findIndex(({ entry }) => isYoung(entry));
      const old = young < 0 ? chunk : chunk.slice(0, young);
      const going = old.filter(mayGo).slice(0, most - removed);
      removed += await remove(going, way);
      const last = removed < most ? old.at(-1) : going.at(-1);
      next = (last?.line.seq ?? next - 1) + 1;
      if (chunk.length === 0 || young >= 0) break;
    }
    return { removed, upTo: next - 1 };
  }

  async function storedFrom(from: number): Promise<readonly Stored[]> {
    const lines = await journal.scan(from, CHUNK);
    const last = lines.at(-1)?.seq ?? from;
    const spots = await journal.look((store) =>
      store.keys({ from: key.mark('spot', from), to: key.mark('spot', last), limit: CHUNK }),
    );
    const isSpot = new Set(spots.map(key.seqOf));
    return lines.map((line) => ({
      line,
      entry: entryOf(line),
      lane: line.kind === 'alert' || line.kind === 'waveform' ? line.kind : isSpot.has(line.seq) ? 'spot' : undefined,
    }));
  }

  async function remove(going: readonly Stored[], way: Way): Promise<number> {
    const worth = way === 'thinned' ? inLongRuns(going) : going;
    if (worth.length === 0) return 0;
    const { tail, plainUpTo } = journal;
    const burial = await journal.look((store) => bury({ store, tail, plainUpTo }, worth));
    const drafts = way === 'thinned' ? burial.runs.map((run) => evicted(run, worth)) : [];
    await journal.replace(drafts, burial.pairs, burial.tail);
    return worth.length;
  }

  function evicted([from, to]: Span, going: readonly Stored[]): Draft {
    const readings = going
      .filter(({ line }) => line.seq >= from && line.seq <= to)
      .map(({ entry }) => readingOf(entry));
    const summaries = summarise(readings.filter((reading) => reading !== undefined));
    return journal.gap(from, to, { cause: 'evicted', from, to, count: to - from + 1, summaries });
  }

  /** A receipted alert stays while something around it is still owed to the hospital. */
  function receiptedMayGo(owedMs: number): MayGo {
    return ({ line, entry }) => line.kind !== 'alert' || Date.parse(entry.at) + CONTEXT_MS < owedMs;
  }

  /** When the oldest entry was written that the hospital does not have. */
  async function oldestOwedMs(): Promise<number> {
    const [owed] = missing(receipted(), journal.tail, journal.head);
    const [line] = owed ? await journal.scan(owed[0], 1) : [];
    return line ? Date.parse(entryOf(line).at) : Number.POSITIVE_INFINITY;
  }

  /** Never alerts, nor what was measured around one, nor spot readings, events and gaps; of codes only repetitions. */
  function continuousMayGo(context: Context): MayGo {
    const said = new Map<string, string>();
    const has = receipted();
    return ({ line, entry, lane }) => {
      const reading = readingOf(entry);
      const isContinuous = lane === 'waveform' || (lane === undefined && line.seq > journal.plainUpTo);
      if (!reading || !isContinuous || missing(has, line.seq, line.seq).length === 0) return false;
      const stream = `${reading.device} ${reading.metric}`;
      const now = saidOf(reading);
      const isNews = now !== undefined && said.get(stream) !== now;
      if (now !== undefined) said.set(stream, now);
      return !isNews && !context.holds(reading.device, Date.parse(reading.effective.at));
    };
  }

  async function alertContext(): Promise<Context> {
    const alerts: { atMs: number; alert: Alert }[] = [];
    for (let next = journal.tail; ; ) {
      const lines: readonly Line[] = await journal.scanLane('alert', next, CHUNK);
      for (const entry of lines.map(entryOf)) {
        if (entry.kind === 'alert') alerts.push({ atMs: Date.parse(entry.at), alert: entry.body });
      }
      if (lines.length === 0) return contextOf(alerts);
      next = (lines.at(-1)?.seq ?? next) + 1;
    }
  }

  function lookInTurn(): Promise<void> {
    working = working.then(look).catch((error: unknown) => {
      if (error instanceof JournalClosed) return;
      if (!isUnreadable(error)) throw error;
      // What lies in a damaged block cannot be removed: that is told, and is no reason to stop.
      onEvent({ name: 'journal-unreadable', cause: wordsOf(error) });
    });
    return working;
  }

  let timer: Timer = world.after(0, tick);
  function tick(): void {
    timer = world.after(TICK_MS, tick);
    const isDue = world.monotonicMs() - lastLook.atMs >= LOOK_EVERY_MS || journal.health().isAlertsOnly;
    if (isDue || journal.head - lastLook.head >= LOOK_AFTER_ENTRIES) void lookInTurn();
  }

  return {
    look: lookInTurn,
    close: async () => {
      isClosed = true;
      timer.cancel();
      await working;
    },
  };
}

type IsYoung = (entry: Entry) => boolean;
type MayGo = (stored: Stored) => boolean;

interface Swept {
  readonly removed: number;
  /** The last number that was looked at. */
  readonly upTo: number;
}

interface Stored extends Removed {
  readonly entry: Entry;
}

function readingOf(entry: Entry): Reading | undefined {
  return entry.kind === 'reading' || entry.kind === 'waveform' ? entry.body : undefined;
}

function mb(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
