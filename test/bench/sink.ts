/** The subscriber at the other end: the C program of native/sink.c, so that it is never what limits. */
import { launch } from './child.ts';
import { nowMs } from './clock.ts';
import { TOPIC_ROOT } from './hub.ts';
import type { Native } from './native.ts';

export interface SinkOptions {
  readonly port: number;
  /** Default: everything that the hub publishes. */
  readonly filter?: string;
  /** So many different entries are waited for. */
  readonly target: number;
  /** Only entries with numbers up to here count; default all. */
  readonly limit?: number;
  /** Calls back after each so many of them. */
  readonly every?: number;
  readonly onCount?: (count: number) => void;
  /** The sink receipts what it has without a hole after each so many; left out, never. */
  readonly receiptEvery?: number;
}

export interface SinkTotal {
  readonly messages: number;
  /** Different entries that were waited for. */
  readonly wanted: number;
  /** Came more than once. */
  readonly again: number;
  /** Payload of all messages. */
  readonly bytes: number;
}

export interface Sink {
  /** When the first entry came; undefined before. */
  readonly firstMs: number | undefined;
  readonly count: number;
  /** When the last entry came that `count` counts. */
  readonly lastMs: number;
  readonly alerts: readonly { readonly atMs: number; readonly json: string }[];
  /** When the last of those waited for came. Rejects after the bound, saying how many were there. */
  reached(withinMs: number): Promise<number>;
  stop(): Promise<SinkTotal>;
}

const NUMBERS_MOST = 15_000_000;

export async function openSink(native: Native, options: SinkOptions): Promise<Sink> {
  const { port, filter = `${TOPIC_ROOT}/up/#`, target, limit = NUMBERS_MOST, every = 100, receiptEvery } = options;
  const words = [port, filter, target, limit, every];
  if (receiptEvery !== undefined) words.push(`${TOPIC_ROOT}/down/receipt`, receiptEvery);
  const child = launch([native.sink, ...words.map(String)]);
  const alerts: { atMs: number; json: string }[] = [];
  const state: { firstMs: number | undefined; count: number; lastMs: number } = {
    firstMs: undefined,
    count: 0,
    lastMs: Number.NaN,
  };
  child.onLine((line) => {
    const [word, ...rest] = line.split(' ');
    const ns = (text: string | undefined): number => Number(text) / 1e6;
    if (word === 'first') state.firstMs = ns(rest[0]);
    else if (word === 'alert') alerts.push({ atMs: ns(rest[0]), json: rest.slice(1).join(' ') });
    else if (word === 'at') {
      state.count = Number(rest[0]);
      state.lastMs = ns(rest[1]);
      options.onCount?.(state.count);
    }
  });
  await child.line(/^ready/);
  return {
    get firstMs() {
      return state.firstMs;
    },
    get count() {
      return state.count;
    },
    get lastMs() {
      return state.lastMs;
    },
    alerts,
    reached: async (withinMs) => {
      const startMs = nowMs();
      const match = await child.line(/^reached (\d+)/, withinMs).catch((error: Error) => {
        const seconds = ((nowMs() - startMs) / 1000).toFixed(0);
        throw new Error(`${state.count} of ${target} entries had come after ${seconds} s: ${error.message}`);
      });
      return Number(match[1]) / 1e6;
    },
    stop: async () => {
      const { out } = await child.end();
      return JSON.parse(/^total (.*)$/m.exec(out)?.[1] ?? '{}') as SinkTotal;
    },
  };
}
