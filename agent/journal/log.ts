/** The log: gathers what arrives while the disk is busy into the next synced batch, and numbers it without holes. */
import type { Draft, Gap, HubEvent } from '../reading/entry.ts';
import { rfc3339 } from '../world.ts';
import { type Appended, type Journal, JournalClosed, JournalFull, type Line, type Puts } from './contract.ts';
import { Disk } from './disk.ts';
import { type Call, type Plan, planBatch } from './plan.ts';
import { include, missing, parseRanges, type Ranges } from './ranges.ts';
import { key, sealed, written } from './record.ts';
import type { Where } from './recovery.ts';
import { type Scanned, scan, scanAlerts } from './scan.ts';
import type { Store } from './store.ts';

/** Drafts that may wait for the disk; past it append rejects with JournalFull. About 20 MB of readings. */
const WAITING_MOST = 20_000;
/** A batch is closed at this many drafts, so that nobody waits for all of a long queue. */
const GROUP_MOST = 1_000;
/** Kept value: which missing sequence numbers have been reported. */
const HOLES = 'journal.holes';
/** Past so many the oldest are forgotten, and reported again under the same id if they are read again. */
const HOLES_MOST = 1_000;

export interface LogStart {
  readonly where: Where;
  readonly onEvent: (event: HubEvent) => void;
  readonly store: Store;
  readonly head: number;
  readonly tail: number;
  /** Sequence numbers up to here are set aside on disk. */
  readonly reserved: number;
  readonly kept: Map<string, string>;
}

interface Waiting extends Call {
  readonly resolve: (appended: readonly Appended[]) => void;
  readonly reject: (error: Error) => void;
}

export class HubJournal implements Journal {
  readonly hub: string;
  readonly tail: number;
  readonly #start: LogStart;
  readonly #disk: Disk;
  readonly #kept: Map<string, string>;
  readonly #listeners = new Set<(lines: readonly Line[]) => void>();
  #head: number;
  #holes: Ranges;
  #waiting: Waiting[] = [];
  /** Drafts handed in and not yet on disk. */
  #queued = 0;
  #writing: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(start: LogStart) {
    const { where, store, reserved, onEvent } = start;
    this.hub = where.hub;
    this.tail = start.tail;
    this.#start = start;
    this.#head = start.head;
    this.#kept = start.kept;
    this.#holes = this.#keptHoles();
    const kept = () => [...this.#kept].map(([name, text]) => [key.kept(name), sealed(text)] as const);
    this.#disk = new Disk({ where, store, reserved, onEvent, kept });
  }

  get head(): number {
    return this.#head;
  }

  append(drafts: readonly Draft[], puts: Puts = {}): Promise<readonly Appended[]> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new JournalClosed('the journal is closed');
      if (this.#queued + weigh(drafts) > WAITING_MOST) {
        throw new JournalFull(
          `${this.#queued} drafts wait for the disk and at most ${WAITING_MOST} may: hand over the ${drafts.length} later, in smaller portions`,
        );
      }
      this.#waiting.push({ drafts: drafts.map(written), puts, resolve, reject });
      this.#queued += weigh(drafts);
      this.#writing ??= this.#writeAll();
    });
  }

  async keep(puts: Puts): Promise<void> {
    await this.append([], puts);
  }

  kept(name: string): string | undefined {
    return this.#kept.get(name);
  }

  scan(from: number, limit: number): Promise<readonly Line[]> {
    return this.#read((store) => scan(store, Math.max(from, this.tail), this.#head, limit));
  }

  scanAlerts(from: number, limit: number): Promise<readonly Line[]> {
    return this.#read((store) => scanAlerts(store, Math.max(from, this.tail), this.#head, limit));
  }

  onLines(listener: (lines: readonly Line[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  health(): { readonly writable: boolean; readonly cause?: string; readonly waiting: number } {
    const waiting = this.#queued;
    const { cause } = this.#disk;
    return cause === undefined ? { writable: true, waiting } : { writable: false, cause, waiting };
  }

  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  /** Says that the numbers after `left` up to `above` are gone; called once, before the journal is handed out. */
  async recordLoss(left: number, above: number, detail: string): Promise<void> {
    this.#start.onEvent({ name: 'journal-lost-entries', cause: detail });
    // With nothing left the hub does not know where the hospital's own record ends: no `from`.
    const range = above > left ? { ...(left > 0 ? { from: left + 1 } : {}), to: above } : {};
    await this.append([this.#gap(left + 1, above, { ...range, detail })]);
    await this.#disk.noteReserved();
  }

  #gap(from: number, to: number, body: Omit<Gap, 'cause'>): Draft {
    const id = `${this.hub}-store-corrupt-${from}-${to}`;
    return {
      id,
      kind: 'gap',
      at: rfc3339(this.#start.where.world.wallMs()),
      body: { cause: 'store-corrupt', ...body },
    };
  }

  async #finish(): Promise<void> {
    this.#disk.stopTrying();
    await this.#writing;
    await this.#disk.close(this.#head);
  }

  async #writeAll(): Promise<void> {
    await Promise.resolve(); // calls made in one go share the first sync as well
    while (this.#waiting.length > 0) {
      const group = this.#takeGroup();
      const plan = await this.#disk.write((store) => planBatch(store, this.hub, this.#head, group));
      if (plan) this.#confirm(group, plan);
      else this.#giveUp(group);
    }
    this.#writing = undefined;
  }

  /** Whole calls, first come first served: a call is atomic, and its puts must not be overtaken. */
  #takeGroup(): readonly Waiting[] {
    let calls = 0;
    let drafts = 0;
    for (const call of this.#waiting) {
      if (calls > 0 && drafts + call.drafts.length > GROUP_MOST) break;
      calls += 1;
      drafts += call.drafts.length;
    }
    return this.#waiting.splice(0, calls);
  }

  #confirm(group: readonly Waiting[], plan: Plan): void {
    this.#head = plan.head;
    let answered = 0;
    for (const call of group) {
      this.#queued -= weigh(call.drafts);
      for (const [name, text] of Object.entries(call.puts)) this.#kept.set(name, text);
      call.resolve(plan.answers.slice(answered, answered + call.drafts.length));
      answered += call.drafts.length;
    }
    if (plan.lines.length > 0) for (const listener of this.#listeners) listener(plan.lines);
  }

  /** Closing does not wait for a disk that may never come back; nobody is told that something was kept which was not. */
  #giveUp(group: readonly Waiting[]): void {
    const error = new JournalClosed(`closed before it was on disk: ${this.#disk.cause}`);
    for (const call of [...group, ...this.#waiting]) call.reject(error);
    this.#waiting = [];
    this.#queued = 0;
  }

  async #read(from: (store: Store) => Promise<Scanned>): Promise<readonly Line[]> {
    const { lines, holes } = await this.#disk.read(from);
    this.#report(holes);
    return lines;
  }

  /** Each missing number is reported once, however often it is read over. */
  #report(holes: Ranges): void {
    const fresh = holes.flatMap(([from, to]) => missing(this.#holes, from, to));
    if (fresh.length === 0) return;
    for (const [from, to] of fresh) this.#holes = include(this.#holes, from, to);
    this.#holes = this.#holes.slice(-HOLES_MOST);
    const drafts = fresh.map(([from, to]) => this.#gap(from, to, { from, to, count: to - from + 1 }));
    this.append(drafts, { [HOLES]: JSON.stringify(this.#holes) }).catch(() => {
      // Full or closing: forgotten, so that the next reading reports it.
      this.#holes = this.#keptHoles();
    });
  }

  #keptHoles(): Ranges {
    return parseRanges(JSON.parse(this.#kept.get(HOLES) ?? '[]'), HOLES_MOST) ?? [];
  }
}

/** A call that only keeps values takes room too. */
function weigh(drafts: readonly unknown[]): number {
  return Math.max(1, drafts.length);
}
