/** A hub, its wire and its hospital's disk as a small model: it knows the truth that the receiver can only infer. */
import type { Arrival, Placed, Row, Store } from '../../simulators/receiver/receiver.ts';
import { memoryStore } from '../../simulators/receiver/receiver.ts';
import type { VirtualWorld } from '../virtual-world.ts';
import { entryText, type Fields } from './messages.ts';

/** The hub: a journal, what of it is receipted, and messages on their way to the hospital. */
export class HubModel {
  head = 0;
  /** What the hub still has, and can send. */
  readonly journal = new Map<number, string>();
  readonly receipted = new Set<number>();
  readonly refused = new Set<number>();
  /** On the wire, in no order. */
  wire: string[] = [];
  readonly replies: object[] = [];
  #ids = 0;
  /** What a device still has, and gives again when it is read anew. */
  readonly #readingIds: string[] = [];

  write(fields: Fields = {}): number {
    this.head += 1;
    const id = `id-${++this.#ids}`;
    if (fields['kind'] === undefined && fields['id'] === undefined) this.#readingIds.push(id);
    this.journal.set(this.head, entryText(this.head, { id, ...fields }));
    this.send(this.head);
    return this.head;
  }

  #gap(body: Fields): void {
    this.write({ kind: 'gap', body });
  }

  send(seq: number): void {
    const text = this.journal.get(seq);
    if (text !== undefined) this.wire.push(text);
  }

  /** Room is needed: the oldest go, receipted or not. */
  evict(count: number): void {
    const gone = [...this.journal.keys()].sort((a, b) => a - b).slice(0, count);
    for (const seq of gone) this.journal.delete(seq);
    const [from, to] = [gone[0], gone.at(-1)];
    if (from !== undefined && to !== undefined) this.#gap({ cause: 'evicted', from, to });
  }

  /** The store is lost; numbers go on above those set aside, and devices are read again: the same ids under other numbers. */
  loseStore(setAside: number, readAgain: number, isFromKnown: boolean): void {
    this.journal.clear();
    this.receipted.clear();
    this.head += setAside;
    if (this.head > 0) this.#gap({ cause: 'store-corrupt', to: this.head, ...(isFromKnown && { from: 1 }) });
    const { length } = this.#readingIds;
    for (const id of this.#readingIds.slice(Math.max(0, length - readAgain))) this.write({ id });
  }

  /** A new session: what has no receipt is sent again. */
  connect(): void {
    for (const seq of this.journal.keys()) if (!this.receipted.has(seq) && !this.refused.has(seq)) this.send(seq);
  }

  take(what: string, json: string): void {
    const { upTo, ranges = [], rejected = [], id, name, args } = JSON.parse(json);
    if (what === 'receipt') {
      for (const [from, to] of [[1, upTo ?? 0], ...ranges])
        for (let seq = from; seq <= to; seq++) this.receipted.add(seq);
      for (const { seq, why } of rejected) {
        if (this.refused.has(seq) || !this.journal.has(seq)) continue;
        this.refused.add(seq);
        this.#gap({ cause: 'undeliverable', from: seq, to: seq, detail: why });
      }
    } else if (name === 'resend') {
      const gone: [number, number][] = [];
      for (const [from, to] of args.ranges) {
        for (let seq = from; seq <= Math.min(to, this.head); seq++) {
          if (this.journal.has(seq)) this.send(seq);
          else gone.push([seq, seq]);
        }
      }
      this.replies.push({ v: 1, command: id, name, status: 'done', detail: { gone } });
    }
  }
}

export type Mood = 'well' | 'fails before' | 'fails after' | 'slow';

/** The hospital's database: it may fail before or after it has written, or finish when whoever asked is dead, but not behind the back of the next. */
export class DiskModel {
  mood: Mood = 'well';
  /** What is durable, number by number: the text that came under it first. */
  readonly durable = new Map<number, string>();
  readonly ids = new Set<string>();
  readonly store: Store;
  #lock: Promise<unknown> = Promise.resolve();

  constructor(world: VirtualWorld) {
    const inner = memoryStore();
    const write = async (hub: string, arrivals: readonly Arrival[]): Promise<readonly Placed[]> => {
      const placed = await inner.put(hub, arrivals);
      for (const { entry, text } of arrivals) {
        this.ids.add(entry.id);
        if (!this.durable.has(entry.seq)) this.durable.set(entry.seq, text);
      }
      return placed;
    };
    this.store = {
      ...inner,
      put: async (hub, arrivals) => {
        const { mood } = this;
        if (mood === 'fails before') throw new Error('away');
        const writing = (mood === 'slow' ? world.sleep(700) : Promise.resolve()).then(() => write(hub, arrivals));
        this.#lock = writing.catch(() => undefined);
        const placed = await writing;
        if (mood === 'fails after') throw new Error('lost the connection after the commit');
        return placed;
      },
      memo: async (hub) => {
        await this.#lock;
        return await inner.memo(hub);
      },
      rows: async (...args): Promise<readonly Row[]> => {
        if (this.mood === 'fails before') throw new Error('away');
        return await inner.rows(...args);
      },
    };
  }
}
