/** The store through good and bad times: a write is tried until it lands, in a store opened anew after each failure. */
import type { HubEvent } from '../reading/entry.ts';
import type { World } from '../world.ts';
import { JournalClosed } from './contract.ts';
import { BLOCK, writeHighWater } from './high-water.ts';
import { faultOf, type Medium, type Pair, type Store, wordsOf } from './medium.ts';
import { IO_PATIENCE_MS, openOrRecover, type Where } from './recovery.ts';
import type { Room } from './room.ts';

/** Pauses between attempts to get a failing disk back; the last one repeats. */
const REOPEN_PAUSES_MS = [100, 500, 2_000, 10_000, 30_000];

/** One atomic batch, and the newest sequence number once it is on disk. */
export interface Batch {
  readonly pairs: readonly Pair[];
  readonly head: number;
}

export interface DiskOptions {
  readonly where: Where;
  readonly store: Store;
  readonly room: Room;
  /** Sequence numbers up to here are set aside in the high-water mark. */
  readonly reserved: number;
  /** The mark says that entries may be lost, which is not told yet. */
  readonly isDoubtful: boolean;
  readonly onEvent: (event: HubEvent) => void;
  /** What a store that was started afresh must hold again. */
  readonly kept: () => readonly Pair[];
  /** Entries were lost while the store was opened anew: tells which. Then settled() is to be called. */
  readonly onLost: (store: Store, how: string) => Promise<void>;
}

export class Disk {
  readonly #options: DiskOptions;
  readonly #world: World;
  readonly #medium: Medium;
  readonly #closing = new AbortController();
  #store: Store;
  #reserved: number;
  /** Pending while the store is closed for another attempt. */
  #reopening: Promise<void> | undefined;
  /** Set from a write that failed until the next that succeeds; and since when. */
  #cause: string | undefined;
  #failingSinceMs = 0;
  #failures = 0;
  /** How the store was given up, whole or in part, since when it lacks what is kept in memory. */
  #loss: string | undefined;
  #isDoubtful: boolean;

  constructor(options: DiskOptions) {
    this.#options = options;
    this.#world = options.where.world;
    this.#medium = options.where.medium;
    this.#store = options.store;
    this.#reserved = options.reserved;
    this.#isDoubtful = options.isDoubtful;
  }

  /** Why nothing can be written at the moment. */
  get cause(): string | undefined {
    return this.#cause;
  }

  get isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  /**
   * Makes the batch anew for each attempt, or none when it may not be written now ('put back'). Undefined when the disk was
   * closed before one landed.
   */
  async write<B extends Batch>(make: (store: Store) => Promise<B> | undefined): Promise<B | 'put back' | undefined> {
    for (;;) {
      let batch: B | undefined;
      try {
        batch = await make(this.#store);
        if (!batch) return 'put back';
        if (batch.head > this.#reserved) await this.noteReserved(batch.head + BLOCK);
        await this.#store.write(batch.pairs);
        this.#succeed();
        return batch;
      } catch (error) {
        await this.#fail(error);
      }
      if (!(await this.#reopen())) return undefined;
      if (batch && this.#hasLanded(batch)) {
        this.#succeed();
        return batch;
      }
    }
  }

  /** Rejects with JournalClosed after close(). */
  async read<T>(from: (store: Store) => Promise<T>): Promise<T> {
    for (;;) {
      await this.#reopening;
      if (this.isClosing) throw new JournalClosed('the journal is closed');
      const store = this.#store;
      try {
        return await from(store);
      } catch (error) {
        const isReplaced = store !== this.#store || this.#reopening !== undefined || this.isClosing;
        if (!isReplaced) throw error;
      }
    }
  }

  /** What is being written gets no further attempt; reads end. */
  stopTrying(): void {
    this.#closing.abort();
  }

  async close(head: number): Promise<void> {
    await this.#store.close();
    if (this.#cause !== undefined || this.#isDoubtful) return;
    // Failing to note the last number costs nothing but a wider gap, should the store be lost as well.
    await writeHighWater(this.#medium, { upTo: head, state: 'closed' }).catch(() => undefined);
  }

  /** Sets numbers aside before the first of them is used. */
  async noteReserved(upTo = this.#reserved): Promise<void> {
    await writeHighWater(this.#medium, { upTo, state: this.#isDoubtful ? 'doubtful' : 'open' });
    this.#reserved = upTo;
  }

  /** What was lost is on disk: the next start need not doubt any more. */
  async settled(): Promise<void> {
    this.#isDoubtful = false;
    await this.noteReserved();
  }

  /** A batch is atomic, so that one of its pairs tells of all. One without entries may be written twice. */
  #hasLanded({ pairs }: Batch): boolean {
    const [name, value] = pairs[0] ?? [];
    if (name === undefined || !name.startsWith('e')) return false;
    try {
      return value !== undefined && this.#store.get(name)?.equals(value) === true;
    } catch {
      return false; // the next attempt will find out
    }
  }

  #succeed(): void {
    if (this.#cause === undefined) return;
    this.#options.onEvent({ name: 'journal-writable', count: this.#failures });
    this.#cause = undefined;
    this.#failures = 0;
  }

  async #fail(error: unknown): Promise<void> {
    const isFirst = this.#cause === undefined;
    if (isFirst) this.#failingSinceMs = this.#world.monotonicMs();
    this.#cause = wordsOf(error);
    this.#failures += 1;
    if (faultOf(error) === 'full') await this.#options.room.diskFull();
    if (isFirst) this.#options.onEvent({ name: 'journal-not-writable', cause: this.#cause });
  }

  /**
   * LevelDB after a failed write either refuses everything or, worse, accepts writes that are gone after the next opening:
   * only a store opened anew is trusted. Reading goes on until the moment of closing. False when the disk was closed first.
   */
  async #reopen(): Promise<boolean> {
    let done = (): void => undefined;
    let isOpen = false;
    while (!isOpen && !this.isClosing) {
      const pauseMs = REOPEN_PAUSES_MS[Math.min(this.#failures, REOPEN_PAUSES_MS.length) - 1] ?? 0;
      await this.#world.sleep(pauseMs, this.#closing.signal);
      this.#reopening ??= new Promise((resolve) => {
        done = resolve;
      });
      isOpen = await this.#renewStore();
    }
    this.#reopening = undefined;
    done();
    return isOpen;
  }

  async #renewStore(): Promise<boolean> {
    const { where } = this.#options;
    const onGivenUp = (how: string): void => {
      this.#loss = how;
    };
    try {
      await this.#store.close();
      const isPatienceOver = this.#world.monotonicMs() - this.#failingSinceMs >= IO_PATIENCE_MS;
      const stake = { upTo: this.#reserved, isPatienceOver, onGivenUp };
      const { store, loss, isNew } = await openOrRecover(where, stake);
      this.#store = store;
      this.#loss ??= loss ?? (isNew ? 'the store is gone' : undefined);
      if (this.#loss !== undefined) await this.#makeUp(this.#loss);
      this.#loss = undefined;
      return true;
    } catch (error) {
      await this.#fail(error);
      return false;
    }
  }

  /** The log goes on from the number in memory, and so does everything kept. */
  async #makeUp(loss: string): Promise<void> {
    const { kept, onLost } = this.#options;
    this.#isDoubtful = true;
    await this.noteReserved();
    await this.#store.write(kept());
    await onLost(this.#store, loss);
  }
}
