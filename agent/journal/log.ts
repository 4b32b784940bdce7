/** The log: gathers what arrives while the disk is busy into the next synced batch, and numbers it without holes. */
import type { Draft, Gap, HubEvent } from '../reading/entry.ts';
import { rfc3339, type Timer, type World } from '../world.ts';
import {
  type Appended,
  type Gone,
  type Journal,
  JournalClosed,
  type JournalHealth,
  type Line,
  type Puts,
  type Unsaved,
} from './contract.ts';
import { Disk } from './disk.ts';
import { type HoleReports, openHoleReports } from './holes.ts';
import { lossAtStart, lossInUse } from './loss.ts';
import type { Pair, Store } from './medium.ts';
import { type Plan, type Put, planBatch, putsOf } from './plan.ts';
import { openQueue, type Queue, type Waiting } from './queue.ts';
import { type IndexedLane, key, sealed, written } from './record.ts';
import type { Where } from './recovery.ts';
import { openRoom, type Room } from './room.ts';
import { bounds, gone, type Scanned, scan, scanLane } from './scan.ts';

/** Older than this and not on disk: the disk stands still, whether it says so or not. */
const STUCK_AFTER_MS = 2_000;
const KEEP_SOON_MS = 30_000;

export interface LogStart {
  readonly where: Where;
  readonly onEvent: (event: HubEvent) => void;
  readonly store: Store;
  readonly head: number;
  readonly tail: number;
  readonly plainUpTo: number;
  /** Sequence numbers up to here are set aside on disk. */
  readonly reserved: number;
  /** Entries may be lost, and recordLoss is to say which. */
  readonly isDoubtful: boolean;
  readonly reserveBytes: number;
  readonly kept: ReadonlyMap<string, string>;
}

export class HubJournal implements Journal {
  readonly hub: string;
  readonly room: Room;
  /** Entries up to this number were written before lanes were told apart: none of them counts as continuous. */
  readonly plainUpTo: number;
  readonly #world: World;
  readonly #disk: Disk;
  readonly #onEvent: (event: HubEvent) => void;
  readonly #kept: Map<string, Put>;
  readonly #listeners = new Set<(lines: readonly Line[]) => void>();
  readonly #queue: Queue = openQueue();
  readonly #holes: HoleReports;
  #head: number;
  #tail: number;
  #calls = 0;
  #handedIn = 0;
  #bytes = 0;
  /** Values that may wait for the next batch, and when that may not be waited for any longer. */
  #soon: Record<string, string> = {};
  #soonTimer: Timer | undefined;
  #writing: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  constructor(start: LogStart) {
    const { where, store, reserved, isDoubtful, reserveBytes, onEvent } = start;
    this.hub = where.hub;
    this.plainUpTo = start.plainUpTo;
    this.#world = where.world;
    this.#onEvent = onEvent;
    this.#head = start.head;
    this.#tail = start.tail;
    this.#kept = new Map([...start.kept].map(([name, text]) => [name, { order: 0, text }]));
    this.#holes = openHoleReports(where.world, this);
    this.room = openRoom({ ...where, reserveBytes, onEvent, onRoom: () => this.#kick() });
    const kept = () => [...this.#kept].map(([name, { text }]) => [key.kept(name), sealed(text)] as const);
    const onLost = (renewed: Store, how: string): Promise<void> => this.#lost(renewed, how);
    this.#disk = new Disk({ where, store, room: this.room, reserved, isDoubtful, onEvent, kept, onLost });
  }

  get head(): number {
    return this.#head;
  }

  get tail(): number {
    return this.#tail;
  }

  append(drafts: readonly Draft[], puts: Puts = {}): Promise<readonly Appended[]> {
    return this.#handIn(drafts, puts, []);
  }

  async keep(puts: Puts): Promise<void> {
    await this.append([], puts);
  }

  keepSoon(puts: Puts): void {
    Object.assign(this.#soon, puts);
    this.#soonTimer ??= this.#world.after(KEEP_SOON_MS, () => this.#flushSoon());
  }

  kept(name: string): string | undefined {
    return this.#kept.get(name)?.text;
  }

  /** Removes entries and writes what stands for them, in one batch. `tail` is the oldest that is left. */
  async replace(drafts: readonly Draft[], removals: readonly Pair[], tail: number): Promise<void> {
    await this.#handIn(drafts, {}, removals);
    this.#tail = tail;
  }

  scan(from: number, limit: number): Promise<readonly Line[]> {
    return this.#read((store) => scan(store, Math.max(from, this.#tail), this.#head, limit));
  }

  scanLane(lane: IndexedLane, from: number, limit: number): Promise<readonly Line[]> {
    return this.#read((store) => scanLane(store, lane, Math.max(from, this.#tail), this.#head, limit));
  }

  gone(from: number, to: number, most: number): Promise<Gone | undefined> {
    return this.#disk.read((store) => gone(store, this.#tail, from, to, most));
  }

  /** For the eviction policy, which works on the store itself. */
  look<T>(at: (store: Store) => Promise<T>): Promise<T> {
    return this.#disk.read(at);
  }

  onLines(listener: (lines: readonly Line[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  isStuck(): boolean {
    const oldestMs = this.#queue.oldestMs();
    if (oldestMs === undefined) return false;
    if (this.#disk.cause !== undefined || (this.room.cause() !== undefined && this.#queue.holdsOthers())) return true;
    return this.#world.monotonicMs() - oldestMs > STUCK_AFTER_MS;
  }

  unsaved(after: number): readonly Unsaved[] {
    return this.#queue.unsaved(this.hub, after);
  }

  health(): JournalHealth {
    const { drafts: waiting, letGo } = this.#queue;
    const cause = this.#disk.cause ?? this.room.cause();
    return {
      writable: this.#disk.cause === undefined,
      ...(cause !== undefined && { cause }),
      isAlertsOnly: this.room.cause() !== undefined,
      waiting,
      letGo,
      bytes: this.#bytes,
    };
  }

  noteBytes(bytes: number): void {
    this.#bytes = bytes;
  }

  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  /** Says that the numbers after `left` up to the newest ever given out are gone; called once, before the journal is handed out. */
  async recordLoss(left: number, detail: string): Promise<void> {
    this.#onEvent({ name: 'journal-lost-entries', cause: detail });
    await this.append(lossAtStart({ tail: this.#tail, left, head: this.#head }, detail, this.gap));
    await this.#disk.settled();
  }

  /** The same while the journal is in use. */
  async #lost(store: Store, detail: string): Promise<void> {
    this.#onEvent({ name: 'journal-lost-entries', cause: detail });
    const { head: left, tail = this.#head + 1 } = await bounds(store);
    const drafts = lossInUse(this.#tail, { tail, left, head: this.#head }, detail, this.gap);
    this.#tail = Math.max(this.#tail, tail);
    // Not waited for: it is written by the very batch that this reopening is for. Where it is not, the next start tells.
    this.append(drafts).then(
      () => this.#disk.settled().catch(() => undefined),
      () => undefined,
    );
  }

  /** A gap about sequence numbers: the same numbers and cause give the same entry. */
  readonly gap = (from: number, to: number, body: Gap): Draft => {
    const id = `${this.hub}-${body.cause}-${from}-${to}`;
    return { id, kind: 'gap', at: rfc3339(this.#world.wallMs()), body };
  };

  #handIn(drafts: readonly Draft[], puts: Puts, pairs: readonly Pair[]): Promise<readonly Appended[]> {
    return new Promise((resolve, reject) => {
      if (this.#closed) throw new JournalClosed('the journal is closed');
      for (const name in puts) delete this.#soon[name];
      this.#calls += 1;
      const call: Waiting = {
        order: this.#calls,
        drafts: drafts.map(written),
        puts,
        pairs,
        isUrgent: pairs.length > 0 || drafts.some(({ kind }) => kind === 'alert' || kind === 'gap'),
        firstOrdinal: this.#handedIn + 1,
        handedInMs: this.#world.monotonicMs(),
        resolve,
        reject,
      };
      this.#adopt(call);
    });
  }

  /**
   * Gives the entries that wait to another journal, in order; their calls are settled there. Values are left behind: they are of
   * a hub that knew nothing of what lies in that journal.
   */
  handOver(to: HubJournal): void {
    this.#disk.stopTrying();
    for (const call of this.#queue.takeAll()) {
      if (call.drafts.length === 0) call.reject(new JournalClosed('handed over to another journal'));
      else to.#adopt({ ...call, puts: {}, firstOrdinal: to.#handedIn + 1 });
    }
  }

  #adopt(call: Waiting): void {
    this.#queue.add(call, () => this.isStuck());
    this.#handedIn += call.drafts.length;
    this.#kick();
  }

  #kick(): void {
    this.#writing ??= this.#writeAll();
  }

  #flushSoon(): void {
    this.#soonTimer?.cancel();
    this.#soonTimer = undefined;
    const puts = this.#soon;
    this.#soon = {};
    // Full: what it was to save is read or judged again, and the next value comes soon.
    if (Object.keys(puts).length > 0) this.#handIn([], puts, []).catch(() => undefined);
  }

  async #writeAll(): Promise<void> {
    await Promise.resolve(); // calls made in one go share the first sync as well
    for (;;) {
      if (this.#queue.drafts > 0 && this.room.cause() === undefined) this.#flushSoon();
      const group = this.#queue.take(this.room.cause() !== undefined);
      if (group.length === 0) break;
      const plan = await this.#disk.write((store) =>
        this.room.cause() !== undefined && !this.#queue.isUrgentInHand()
          ? undefined
          : planBatch(store, this, group, putsOf(group, this.#kept)),
      );
      if (plan === 'put back') this.#queue.putBack();
      else if (plan) this.#confirm(group, plan);
      else this.#giveUp();
    }
    this.#writing = undefined;
  }

  #confirm(group: readonly Waiting[], plan: Plan): void {
    this.#head = plan.head;
    this.#queue.done();
    for (const [name, put] of putsOf(group, this.#kept)) this.#kept.set(name, put);
    let answered = 0;
    for (const call of group) {
      call.resolve(plan.answers.slice(answered, answered + call.drafts.length));
      answered += call.drafts.length;
    }
    if (plan.lines.length > 0) for (const listener of this.#listeners) listener(plan.lines);
  }

  /** Closing does not wait for a disk that may never come back; nobody is told that something was kept which was not. */
  #giveUp(): void {
    const cause = this.#disk.cause ?? this.room.cause() ?? 'stopped';
    this.#queue.giveUp(new JournalClosed(`closed before it was on disk: ${cause}`));
  }

  async #finish(): Promise<void> {
    this.#flushSoon();
    // What waits gets its one attempt.
    this.#disk.stopTrying();
    await this.#writing;
    this.room.close();
    this.#giveUp();
    await this.#disk.close(this.#head);
  }

  async #read(from: (store: Store) => Promise<Scanned>): Promise<readonly Line[]> {
    const { lines, holes } = await this.#disk.read(from);
    this.#holes.report(holes);
    return lines;
  }
}
