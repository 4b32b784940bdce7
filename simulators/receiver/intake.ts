/** From the wire into the store: gathers what comes while the database is busy, waits out its outages, and lets no poisoned entry hold up the rest. */
import { brief } from './bounded.ts';
import { doubling, type Means, type Timer } from './means.ts';
import type { Arrival, Placed } from './store.ts';

export interface IntakeOptions {
  readonly means: Pick<Means, 'now' | 'after'>;
  /** Done first, until it succeeds. */
  readonly begin: () => Promise<void>;
  readonly put: (arrivals: readonly Arrival[]) => Promise<readonly Placed[]>;
  /** What becomes of it without the store; undefined for an arrival that is to be stored. */
  readonly judge: (handed: Handed) => Fate | undefined;
  /** It is durable, or refused for good; returns what to tell the one who handed it in. */
  readonly onPlaced: (arrival: Arrival, placed: Placed) => Fate;
  /** After each put, before the next. */
  readonly afterPut: () => Promise<void>;
}

/** A message that is no entry, or none that is wanted, waits its turn like any other. */
export type Handed = Arrival | { readonly wrong: string; readonly seq?: number };

/** What became of a message. */
export type Fate =
  | 'new'
  /** It was here already, under this or another number. */
  | 'again'
  /** It can never be stored; the hub is told. */
  | 'rejected'
  /** It can never be stored, and has no number under which the hub could be told. */
  | 'refused'
  /** No room for it now. It gets no receipt, so it will come again. */
  | 'dropped';

export interface Intake {
  /** Resolves when nothing would be lost by acknowledging it to the broker; not at all after `close`. */
  offer(handed: Handed): Promise<Fate>;
  /** Not durable yet. */
  waiting(): number;
  /** Why nothing can be stored now. */
  trouble(): { readonly sinceMs: number; readonly cause: string } | undefined;
  /** Stops at once; resolves when no call of the store is under way. */
  close(): Promise<void>;
}

/** Messages that wait for the store, and their characters; past it the newest are dropped and counted. */
const WAITING_MOST = 10_000;
const WAITING_MOST_CHARACTERS = 64 << 20;
/** In one put. */
const PUT_MOST = 500;
const PUT_MOST_CHARACTERS = 4 << 20;
/** Times that the store refused an entry alone, and took another in between each time, before the entry is given up. */
const STRIKES_MOST = 3;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 60_000;

interface Waiting<H extends Handed = Handed> {
  readonly handed: H;
  readonly tell: (fate: Fate) => void;
  strikes: number;
  /** Puts that had succeeded at its last strike: more since then, and the fault is its own. */
  provenAt: number;
}

export function openIntake({ means, begin, put, judge, onPlaced, afterPut }: IntakeOptions): Intake {
  const queue: Waiting[] = [];
  /** Refused alone by the store: tried one by one, when nothing else waits. */
  const suspects: Waiting<Arrival>[] = [];
  /** All that was handed in and is not at its end, and its characters. */
  let waiting = 0;
  let characters = 0;
  let putMost = PUT_MOST;
  let proofs = 0;
  let waits = doubling(FIRST_WAIT_MS, LONGEST_WAIT_MS);
  let trouble: { readonly sinceMs: number; readonly cause: string } | undefined;
  let pause: { readonly timer: Timer; readonly over: () => void } | undefined;
  let hasBegun = false;
  let isClosed = false;
  let running: Promise<void> | undefined = run();

  async function run(): Promise<void> {
    await Promise.resolve(); // what comes in one go shares a put, and `running` is set before it can be unset
    while (!isClosed && !hasBegun) {
      hasBegun = (await worked(async () => [await begin()])) !== undefined;
      if (!hasBegun) await rest();
    }
    while (!isClosed && waiting > 0) {
      const batch = nextBatch();
      if (batch.length === 0) continue;
      const placed = await worked(() => put(batch.map(({ handed }) => handed)), batch.length);
      if (isClosed) break;
      if (placed !== undefined) {
        settle(batch, placed);
        await afterPut();
      } else {
        setBack(batch);
        await rest();
      }
    }
    running = undefined;
  }

  /** What the store answered; undefined when it is in trouble. */
  async function worked<T>(call: () => Promise<readonly T[]>, answers = 1): Promise<readonly T[] | undefined> {
    try {
      const answered = await call();
      if (answered.length !== answers)
        throw new Error(`the store gave ${answered.length} answers for ${answers} entries`);
      trouble = undefined;
      waits = doubling(FIRST_WAIT_MS, LONGEST_WAIT_MS);
      return answered;
    } catch (error) {
      const cause = brief(error instanceof Error ? error.message : error);
      trouble = { sinceMs: trouble?.sinceMs ?? means.now(), cause };
      return undefined;
    }
  }

  function rest(): Promise<void> {
    return new Promise((resolve) => {
      if (isClosed) return resolve();
      pause = { timer: means.after(waits.next().value, resolve), over: resolve };
    });
  }

  function nextBatch(): readonly Waiting<Arrival>[] {
    if (queue.length === 0) return suspects.splice(0, 1);
    let size = 0;
    let taken = 0;
    for (const { handed } of queue) {
      size += sizeOf(handed);
      if (taken > 0 && (taken === putMost || size > PUT_MOST_CHARACTERS)) break;
      taken += 1;
    }
    return queue.splice(0, taken).filter(isToBeStored);
  }

  function isToBeStored(each: Waiting): each is Waiting<Arrival> {
    const fate = judge(each.handed);
    if (fate !== undefined) end(each, fate);
    return fate === undefined;
  }

  function settle(batch: readonly Waiting<Arrival>[], placed: readonly Placed[]): void {
    proofs += 1;
    putMost = Math.min(PUT_MOST, putMost * 2);
    // A suspect that is taken now was the victim of an outage, and so may the others be.
    if (batch.some(({ strikes }) => strikes > 0)) queue.unshift(...suspects.splice(0));
    for (const [at, each] of batch.entries()) {
      const answer = placed[at];
      if (answer !== undefined) end(each, onPlaced(each.handed, answer));
    }
  }

  function setBack(batch: readonly Waiting<Arrival>[]): void {
    const [first] = batch;
    putMost = 1;
    if (batch.length > 1 || first === undefined) {
      queue.unshift(...batch);
      return;
    }
    if (first.strikes === 0 || first.provenAt < proofs) first.strikes += 1;
    first.provenAt = proofs;
    if (first.strikes < STRIKES_MOST) suspects.push(first);
    else end(first, onPlaced(first.handed, { was: 'refused', why: 'the store does not take it' }));
  }

  function end({ handed, tell }: Waiting, fate: Fate): void {
    waiting -= 1;
    characters -= sizeOf(handed);
    tell(fate);
  }

  return {
    offer: (handed) => {
      if (isClosed) return new Promise(() => undefined);
      const size = sizeOf(handed);
      if (waiting >= WAITING_MOST || characters + size > WAITING_MOST_CHARACTERS) return Promise.resolve('dropped');
      waiting += 1;
      characters += size;
      return new Promise((tell) => {
        queue.push({ handed, tell, strikes: 0, provenAt: 0 });
        running ??= run();
      });
    },
    waiting: () => waiting,
    trouble: () => trouble,
    close: async () => {
      isClosed = true;
      pause?.timer.cancel();
      pause?.over();
      await running;
    },
  };
}

function sizeOf(handed: Handed): number {
  return 'text' in handed ? handed.text.length : handed.wrong.length;
}
