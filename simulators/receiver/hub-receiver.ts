/** One hub's receiver: stores what comes, receipts it, asks for what is missing, and says what will never come. */
import { accountFrom, openAccount } from './account.ts';
import { openAsking } from './asking.ts';
import { brief } from './bounded.ts';
import type { Entry, EntryKind } from './entry.ts';
import { isRecord, jsonOf, readEntry, textOf } from './entry-check.ts';
import { type Fate, type Handed, openIntake } from './intake.ts';
import type { Means } from './means.ts';
import { NO_RECEIPTS, openReceipts } from './receipts.ts';
import { rfc3339, type Statement, statementOf } from './statement.ts';
import type { Arrival, Placed, Row, Store } from './store.ts';
import { type BestTime, bestTime } from './time.ts';
import { downOf, readTopic } from './topic.ts';
import { unreachable } from './unreachable.ts';

export interface ReceiverOptions extends Means {
  readonly store: Store;
  /** False for a second listener that leaves receipts to another (default true). */
  readonly receipts?: boolean;
  /** How long a receipt may wait for more entries (default 1 s). */
  readonly receiptAfterMs?: number;
  /** How long a hole may stay before it is asked for (default 5 s); twice as long each time, up to 5 minutes. */
  readonly resendAfterMs?: number;
  /** Why this entry can never be stored; undefined for every other. When it throws, the entry stays unstored and missing. */
  reject?(entry: Entry): string | undefined;
  /**
   * An entry is durable; 'again' for a copy. A crash may come between the store and this call: what must not be missed is to be
   * read from the store. What it throws is not caught.
   */
  onEntry?(entry: Entry, was: 'new' | 'again', historical: boolean): void;
}

/** User properties of MQTT 5; the contract has `seq`, `id`, `kind` and `historical`. */
export type UserProperties = Readonly<Record<string, unknown>>;

export interface Receiver {
  readonly hub: string;
  /** A message came. Resolves when nothing is lost by acknowledging it to the broker. */
  take(topic: string, payload: Uint8Array, properties?: UserProperties): Promise<Fate | 'not-an-entry'>;
  /** The connection is back: receipts are said again that may have been lost, and the hub is asked for what may have been. */
  up(): void;
  /** Returns the command's id, which the reply carries. Rejects while the broker is away. */
  command(name: string, args?: Readonly<Record<string, unknown>>): Promise<string>;
  statement(): Statement;
  /** The times of an entry, put right by what the hub learned of its clock. */
  bestTime(entry: Entry): BestTime;
  /** Stops at once, as a crash would; resolves when no call of the store is under way. */
  close(): Promise<void>;
}

const RECEIPT_AFTER_MS = 1_000;
const RESEND_AFTER_MS = 5_000;
const COMMAND_LIFE_MS = 60_000;
/** A memo is kept after so many rows, and not before the rows have as many characters as the memo: it at most doubles the store. */
const MEMO_AFTER_ROWS = 1_000;
const ROWS_AT_A_TIME = 200;
/** Words on why messages were turned away; the youngest stay. */
const REFUSALS_MOST = 20;

export function openReceiver(hub: string, options: ReceiverOptions): Receiver {
  const { store } = options;
  let account = openAccount();
  let isResumed = false;
  /** A put has failed since the store was read. */
  let isBehind = false;
  /** The account holds the rows up to `place`; so many came after the last memo. */
  let folded = { rows: 0, characters: 0, place: 0 };
  let memoCharacters = 0;
  const tally = { duplicates: 0, rejected: 0, refused: 0, dropped: 0 };
  const refusals: string[] = [];

  const means = options;
  const numbers = () => account.numbers;
  const say = (what: string, message: object) => options.say(downOf(hub, what), JSON.stringify(message));
  const receipts =
    options.receipts === false
      ? NO_RECEIPTS
      : openReceipts({
          means,
          numbers,
          isReused: () => account.counts.reused > 0,
          afterMs: options.receiptAfterMs ?? RECEIPT_AFTER_MS,
          say: (receipt) => say('receipt', receipt),
        });
  const asking = openAsking({
    means,
    numbers,
    afterMs: options.resendAfterMs ?? RESEND_AFTER_MS,
    ask: (id, ranges, expires) => say('command', commandOf(id, 'resend', { ranges }, expires)),
  });
  const intake = openIntake({
    means,
    begin: resume,
    put,
    judge,
    onPlaced,
    afterPut: keepMemo,
  });

  /** Costs the rows since the last memo, not those of years. */
  async function resume(): Promise<void> {
    const memo = await store.memo(hub);
    const kept = memo === undefined ? undefined : accountFrom(memo.text);
    account = kept ?? openAccount();
    memoCharacters = kept === undefined ? 0 : (memo?.text.length ?? 0);
    folded = { rows: 0, characters: 0, place: kept === undefined ? 0 : (memo?.place ?? 0) };
    await readOn(fold);
    isResumed = true;
    if (numbers().highest > 0) up();
  }

  async function readOn(take: (row: Row, entry: Entry | undefined) => void): Promise<void> {
    for (;;) {
      const rows = await store.rows(hub, folded.place, ROWS_AT_A_TIME);
      if (rows.length === 0) return;
      for (const row of rows) take(row, jsonOf(row.text) as Entry | undefined); // it was checked when it came
    }
  }

  /** What failed may have been stored all the same: that is read before anything comes on top of it. */
  async function put(arrivals: readonly Arrival[]): Promise<readonly Placed[]> {
    if (isBehind) await readOn(enter);
    isBehind = true;
    const placed = await store.put(hub, arrivals);
    isBehind = false;
    return placed;
  }

  function fold(row: Row, entry: Entry | undefined): void {
    account.fold(row, entry, options.now());
    folded.rows += 1;
    folded.characters += row.text.length;
    folded.place = row.place;
  }

  function enter(row: Row, entry: Entry | undefined): void {
    fold(row, entry);
    receipts.due(row.seq);
    asking.look();
    if (entry !== undefined) options.onEntry?.(entry, row.was === 'new' ? 'new' : 'again', row.historical);
  }

  async function keepMemo(): Promise<void> {
    const { rows, characters, place } = folded;
    if (rows < MEMO_AFTER_ROWS || characters < memoCharacters) return;
    const text = account.memo();
    folded = { rows: 0, characters: 0, place };
    memoCharacters = text.length;
    await store.keep(hub, { place, text }).catch(() => undefined); // the one before it will do
  }

  function onPlaced({ entry, text, historical }: Arrival, placed: Placed): Fate {
    const { seq } = entry;
    switch (placed.was) {
      case 'new':
      case 'renumbered':
        enter({ ...placed, seq, historical, text }, entry);
        return placed.was === 'new' ? 'new' : 'again';
      case 'copy':
        tally.duplicates += 1;
        // A store that finishes a call after it has failed breaks its promise; that is no reason to miss this number for ever.
        if (!numbers().isHeld(seq)) account.fold({ seq, was: 'new', historical }, entry, options.now());
        receipts.due(seq); // the one before may have been lost
        options.onEntry?.(entry, 'again', historical);
        return 'again';
      case 'refused':
        return turnAway(placed.why, seq);
      default:
        return unreachable(placed);
    }
  }

  /** The hub is told where there is a number to tell it by: one bad message must not hold up the stream. */
  function turnAway(why: string, seq?: number): Fate {
    refusals.push(brief(seq === undefined ? why : `${seq}: ${why}`));
    if (refusals.length > REFUSALS_MOST) refusals.shift();
    if (seq !== undefined && !numbers().hasRoomFor(seq)) return 'dropped';
    if (seq !== undefined && numbers().reject(seq, brief(why), options.now())) {
      tally.rejected += 1;
      receipts.reject(seq, brief(why));
      asking.look();
      return 'rejected';
    }
    if (seq !== undefined) receipts.due(seq); // a bad copy of what is held
    tally.refused += 1;
    return 'refused';
  }

  async function takeEntry(kind: EntryKind, payload: Uint8Array, properties: UserProperties): Promise<Fate> {
    const { seq, historical } = properties;
    const read = readEntry(hub, kind, payload, typeof seq === 'string' ? seq : undefined);
    const fate = await intake.offer('wrong' in read ? read : { ...read, historical: historical === 'true' });
    if (fate === 'dropped') tally.dropped += 1;
    return fate;
  }

  function judge(handed: Handed): Fate | undefined {
    if ('wrong' in handed) return turnAway(handed.wrong, handed.seq);
    const { entry } = handed;
    if (!numbers().hasRoomFor(entry.seq)) return 'dropped';
    if (options.reject === undefined || numbers().isHeld(entry.seq)) return undefined;
    try {
      const why = options.reject(entry);
      return why === undefined ? undefined : turnAway(why, entry.seq);
    } catch (error) {
      return turnAway(`number ${entry.seq} was not judged: ${String(error)}`);
    }
  }

  function up(): void {
    receipts.again();
    asking.again();
  }

  function commandOf(id: string, name: string, args: object, expires = true): object {
    return { id, name, args, ...(expires && { expires: rfc3339(options.now() + COMMAND_LIFE_MS) }) };
  }

  return {
    hub,
    take: async (topic, payload, properties = {}) => {
      const heard = readTopic(topic);
      if (heard?.hub !== hub) return 'not-an-entry';
      if (heard.what === 'entry') return await takeEntry(heard.kind, payload, properties);
      const told = heard.topic === 'reply' ? jsonOf(textOf(payload) ?? '') : undefined;
      if (isRecord(told)) asking.replied(told);
      return 'not-an-entry';
    },
    up,
    command: async (name, args = {}) => {
      const id = options.newId();
      await say('command', commandOf(id, name, args));
      return id;
    },
    statement: () =>
      statementOf(account, {
        hub,
        nowMs: options.now(),
        isResumed,
        tally: { ...tally, receiptsSent: receipts.sent, resendsAsked: asking.asked },
        refusals,
        waiting: intake.waiting(),
        trouble: intake.trouble(),
      }),
    bestTime: (entry) => bestTime(entry, account.corrections()),
    close: async () => {
      receipts.close();
      asking.close();
      await intake.close();
    },
  };
}
