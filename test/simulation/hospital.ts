/** The hospital: the reference receiver in its application, which can be away, forgetful, hard to please, or without its database. */
import type { Entry } from '../../agent/reading/entry.ts';
import {
  type Arrival,
  downOf,
  memoryStore,
  openReceiver,
  type Placed,
  type Receiver,
  readTopic,
  type Statement,
  type Store,
} from '../../simulators/receiver/receiver.ts';
import type { SimulatedBroker } from './broker.ts';
import type { Scheduler } from './scheduler.ts';
import type { Trace } from './trace.ts';

export interface Held {
  readonly entry: Entry;
  readonly text: string;
}

export interface SimulatedHospital {
  /** By sequence number: what is stored for good. */
  readonly held: ReadonlyMap<number, Held>;
  /** Numbers of entries that were held under another number already: the hub lost its store, and heard the device again. */
  readonly renumbered: ReadonlySet<number>;
  /** Numbers that it will not store: it told the hub, and why. */
  readonly rejected: ReadonlySet<number>;
  /** What no hub may send, in words. */
  readonly contradictions: readonly string[];
  statement(): Statement;
  /** Stored since the last look. */
  takeFresh(): readonly Held[];
  /** Last words under other topics, by what follows `up/`. */
  readonly told: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  goAway(): void;
  comeBack(): void;
  /** From now on it stores and says nothing; or is itself again. */
  forget(isForgetful: boolean): void;
  /** Its database takes nothing, though what it was given last may have been kept; or does again. */
  loseDatabase(isLost: boolean): void;
  /** It will not store the next entry that comes. */
  rejectNext(): void;
  command(name: string, args: Readonly<Record<string, unknown>>): void;
  /** True time; in the future while it is away. */
  readonly hereSinceMs: number;
}

export interface HospitalOptions {
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly broker: SimulatedBroker;
  readonly hub: string;
}

export function openHospital({ scheduler, trace, broker, hub }: HospitalOptions): SimulatedHospital {
  const held = new Map<number, Held>();
  const renumbered = new Set<number>();
  const rejected = new Set<number>();
  const contradictions: string[] = [];
  const told = new Map<string, Readonly<Record<string, unknown>>>();
  let fresh: Held[] = [];
  let hereSinceMs = 0;
  let isHere = false;
  let isForgetful = false;
  let isWithoutDatabase = false;
  let rejects = 0;
  let ids = 0;
  /** What it was given when the database went may have been kept or not. */
  let isNextKept = false;

  const memory = memoryStore();
  const store: Store = {
    ...memory,
    put: async (name, arrivals) => {
      if (isWithoutDatabase && !isNextKept) throw new Error('the database is away');
      isNextKept = false;
      const placed = await memory.put(name, arrivals);
      for (const [at, arrival] of arrivals.entries()) note(arrival, placed[at]);
      if (isWithoutDatabase) throw new Error('the database went before it answered');
      return placed;
    },
  };
  let receiver: Receiver | undefined;

  function note({ entry, text }: Arrival, placed: Placed | undefined): void {
    const { seq, id, kind } = entry;
    trace.note('hospital', `${placed?.was === 'new' ? 'stores' : `has (${placed?.was})`} ${kind} ${seq}`);
    const before = held.get(seq);
    if (before && before.text !== text) contradictions.push(`number ${seq} came as ${before.entry.id} and as ${id}`);
    if (placed?.was === 'renumbered') renumbered.add(seq);
    if (placed?.was !== 'new') return;
    const one: Held = { entry: JSON.parse(text), text };
    held.set(seq, one);
    fresh.push(one);
  }

  function reject({ seq, kind }: Arrival['entry']): string | undefined {
    if (rejected.has(seq)) return 'not wanted';
    if (rejects === 0 || kind === 'gap') return undefined;
    rejects -= 1;
    rejected.add(seq);
    return 'not wanted';
  }

  function open(): Receiver {
    return openReceiver(hub, {
      store,
      now: () => scheduler.nowMs,
      after: (ms, fn) => scheduler.at(scheduler.nowMs + ms, fn),
      newId: () => `hospital-${++ids}`,
      receipts: !isForgetful,
      reject,
      say: async (topic, json) => {
        trace.note('hospital', `says ${topic.slice(downOf(hub, '').length)} ${json}`);
        if (!isHere || !broker.publishDown(topic, json)) throw new Error('the broker is away');
      },
    });
  }

  /** Resolves once nothing is lost by acknowledging it. */
  async function take(topic: string, text: string): Promise<void> {
    const heard = readTopic(topic);
    if (heard?.what === 'told') {
      const value: Readonly<Record<string, unknown>> = JSON.parse(text);
      told.set(heard.name === '' ? heard.topic : `${heard.topic}/${heard.name}`, value);
      const words = heard.topic === 'state' ? ` ${value['level']} (${value['cause']})` : '';
      trace.note('hospital', `hears ${heard.topic}${words}`);
    }
    const fate = await receiver?.take(topic, Buffer.from(text));
    if (fate === 'refused') contradictions.push(`not an entry: ${receiver?.statement().refusals.at(-1)}`);
  }

  function stop(): void {
    void receiver?.close();
    receiver = undefined;
    broker.listen(undefined);
  }

  function start(): void {
    receiver = open();
    broker.listen({ take, up: receiver.up });
  }

  return {
    held,
    renumbered,
    rejected,
    contradictions,
    statement: () => {
      if (receiver === undefined) throw new Error('the hospital is away');
      return receiver.statement();
    },
    takeFresh: () => {
      const seen = fresh;
      fresh = [];
      return seen;
    },
    told,
    get hereSinceMs() {
      return isHere ? hereSinceMs : Number.POSITIVE_INFINITY;
    },
    goAway: () => {
      if (!isHere) return;
      isHere = false;
      stop();
      trace.note('hospital', 'is gone');
    },
    comeBack: () => {
      if (isHere) return;
      isHere = true;
      hereSinceMs = scheduler.nowMs;
      trace.note('hospital', 'is here');
      start();
    },
    forget: (is) => {
      if (isForgetful === is) return;
      isForgetful = is;
      if (!isHere) return;
      stop();
      start();
    },
    loseDatabase: (isLost) => {
      isWithoutDatabase = isLost;
      isNextKept = isLost;
      trace.note('hospital', isLost ? 'has no database' : 'has its database');
    },
    rejectNext: () => {
      rejects += 1;
    },
    command: (name, args) => {
      receiver?.command(name, args).catch(() => undefined);
    },
  };
}
