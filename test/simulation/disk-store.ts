/** An open store on the simulated disk, with LevelDB's manners: one that failed to write is not to be trusted until it is opened anew. */
import type { Pair, Range, Store } from '../../agent/journal/medium.ts';
import type { Chance } from './chance.ts';
import type { DiskTrouble } from './disk.ts';
import { isClosedError, storeError } from './disk-errors.ts';
import type { Life } from './life.ts';
import type { Platter } from './platter.ts';
import type { Trace } from './trace.ts';

export interface HandleOptions {
  readonly life: Life;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly trouble: DiskTrouble;
  platter(): Platter;
  /** Whether what lies under one of these keys cannot be read for a damaged block. */
  unreadable(keys: readonly string[]): boolean;
  take<T>(life: Life, ms: number, land: () => T): Promise<T>;
  latencyMs(): number;
  refusal(pairs: readonly Pair[]): 'io' | 'read-only' | 'full' | undefined;
  land(pairs: readonly Pair[]): void;
  began(): void;
  bytes(): number;
  tidy(): void;
}

export interface Handle extends Store {
  readonly life: Life;
  readonly isClosed: boolean;
}

/** One read in so many goes to the medium instead of the cache. */
const CACHED = 0.9;

export function openHandle(options: HandleOptions): Handle {
  const { life, chance, trace, trouble, take } = options;
  let isClosed = false;
  /** Why it takes nothing any more. */
  let broken: 'io' | 'read-only' | 'full' | undefined;
  /** What it pretends to hold, since it began to lie. */
  let pretended: Platter | undefined;
  const busy = new Set<Promise<unknown>>();

  const view = (): Platter => pretended ?? options.platter();

  function whileOpen<T>(ms: number, work: () => T): Promise<T> {
    if (isClosed) return Promise.reject(isClosedError());
    const done = take(life, ms, work);
    busy.add(done);
    done.then(
      () => busy.delete(done),
      () => busy.delete(done),
    );
    return done;
  }

  function read<T>(work: () => T): Promise<T> {
    return whileOpen(chance.odds(CACHED) ? 0 : chance.between(0.5, 5), work);
  }

  function checked(keys: readonly string[]): readonly string[] {
    if (options.unreadable(keys)) throw storeError('corrupt');
    return keys;
  }

  function write(pairs: readonly Pair[]): void {
    const why = options.refusal(pairs);
    if (why) {
      broken = why;
      const landed = chance.odds(trouble.landsAnyway);
      trace.note('disk', `write of ${pairs.length} fails (${why})${landed ? ', and landed all the same' : ''}`);
      if (landed && !pretended) options.land(pairs);
      throw storeError(why);
    }
    if (broken && !trouble.lies) {
      trace.note('disk', `write of ${pairs.length} refused: the store is broken (${broken})`);
      throw storeError(broken);
    }
    if (broken) {
      pretended ??= options.platter().copy();
      for (const [key, value] of pairs) {
        if (value) pretended.set(key, value);
        else pretended.remove(key);
      }
      trace.note('disk', `write of ${pairs.length} accepted and forgotten`);
      return;
    }
    trace.note('disk', `wrote ${pairs.map(([key, value]) => (value ? shortOf(key) : `-${shortOf(key)}`)).join(' ')}`);
    options.land(pairs);
  }

  function pairsOf(keys: readonly string[], { maxBytes = Number.POSITIVE_INFINITY }: Range) {
    const found: [string, Buffer][] = [];
    let bytes = 0;
    for (const key of checked(keys)) {
      const value = view().get(key);
      if (!value || bytes >= maxBytes) break;
      found.push([key, value]);
      bytes += value.length;
    }
    return found;
  }

  return {
    life,
    get isClosed() {
      return isClosed;
    },
    write: (pairs) => {
      options.began();
      return whileOpen(options.latencyMs(), () => write(pairs));
    },
    get: (key) => {
      life.mustLive('reads');
      if (isClosed) throw isClosedError();
      checked([key]);
      return view().get(key);
    },
    getMany: (keys) => read(() => checked(keys).map((key) => view().get(key))),
    range: (range) => read(() => pairsOf(view().keys(range), range)),
    keys: (range) => read(() => checked(view().keys(range))),
    bytes: () => read(options.bytes),
    compact: () => whileOpen(chance.scale(20, 400), options.tidy),
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      while (busy.size > 0) await Promise.allSettled(busy);
      await take(life, chance.between(1, 10), () => undefined);
    },
  };
}

/** Numbers without their leading zeros; ids by their beginning. */
function shortOf(key: string): string {
  return key.startsWith('i') ? key.slice(0, 7) : key.replace(/(?<=^[a-z])0+(?=\d)/, '');
}
