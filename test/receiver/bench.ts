/** A receiver on a bench: virtual clock, a store that can be told to fail, and everything it says on paper. */
import {
  type Fate,
  memoryStore,
  openReceiver,
  type Receiver,
  type ReceiverOptions,
  type Store,
} from '../../simulators/receiver/receiver.ts';
import { type VirtualWorld, virtualWorld } from '../virtual-world.ts';
import { entryText, HUB, message } from './messages.ts';

export interface Bench {
  readonly world: VirtualWorld;
  readonly receiver: Receiver;
  /** Hands in these texts; resolves when all came to their end, which the clock may have to bring about. */
  hear(...texts: readonly (string | number)[]): Promise<readonly (Fate | 'not-an-entry')[]>;
  reply(fields: Readonly<Record<string, unknown>>): void;
  receipts(): readonly unknown[];
  /** What was asked for. */
  asked(): readonly unknown[];
  commands(): readonly Readonly<Record<string, unknown>>[];
  broker: 'there' | 'away' | 'slow';
  /** Answers everything that a slow broker has not answered yet. */
  answer(as?: 'sent' | 'lost'): void;
}

export function openBench(options: Partial<ReceiverOptions> & { readonly world?: VirtualWorld } = {}): Bench {
  const world = options.world ?? virtualWorld();
  const said: [what: string, message: unknown][] = [];
  const pending: { resolve(): void; reject(error: Error): void }[] = [];
  let ids = 0;
  const receiver = openReceiver(HUB, {
    now: world.wallMs,
    after: world.after,
    newId: () => `c-${++ids}`,
    store: memoryStore(),
    receiptAfterMs: 50,
    resendAfterMs: 1_000,
    say: (topic, json) => {
      const what = topic.slice(`hjemmebro/v1/${HUB}/down/`.length);
      if (bench.broker === 'away') return Promise.reject(new Error('the broker is away'));
      said.push([what, JSON.parse(json)]);
      if (bench.broker === 'there') return Promise.resolve();
      return new Promise((resolve, reject) => pending.push({ resolve, reject }));
    },
    ...options,
  });
  const saidTo = (what: string): unknown[] => said.filter(([topic]) => topic === what).map(([, told]) => told);
  const commands = () => saidTo('command') as Readonly<Record<string, unknown>>[];
  const bench: Bench = {
    world,
    receiver,
    hear: (...texts) =>
      Promise.all(texts.map((text) => receiver.take(...message(typeof text === 'number' ? entryText(text) : text)))),
    reply: (fields) => {
      const payload = new TextEncoder().encode(
        JSON.stringify({ v: 1, hub: HUB, name: 'resend', status: 'done', ...fields }),
      );
      void receiver.take(`hjemmebro/v1/${HUB}/up/reply`, payload);
    },
    receipts: () => saidTo('receipt'),
    asked: () =>
      commands()
        .filter(({ name }) => name === 'resend')
        .map(({ args }) => (args as { ranges: unknown }).ranges),
    commands,
    broker: 'there',
    answer: (as = 'sent') => {
      for (const each of pending.splice(0)) as === 'sent' ? each.resolve() : each.reject(new Error('lost on the way'));
    },
  };
  return bench;
}

/** A store in front of another that a test can make wait, fail, or die half-way. */
export interface Gate extends Store {
  /** What the next calls of `put` do. */
  put: Store['put'];
  readonly inner: Store;
}

export function gate(inner: Store = memoryStore()): Gate {
  return { ...inner, inner };
}

export function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}
