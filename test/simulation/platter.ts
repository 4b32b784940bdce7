/** Sorted text as a disk keeps it: what LevelDB is behind its cache. */
import type { Range } from '../../agent/journal/medium.ts';

export interface Platter {
  get(key: string): Buffer | undefined;
  set(key: string, value: Buffer): void;
  remove(key: string): void;
  /** Keys of a range, as wanted. */
  keys(range: Omit<Range, 'maxBytes'>): readonly string[];
  copy(): Platter;
  /** Of keys and values. */
  readonly bytes: number;
  readonly count: number;
}

export function openPlatter(from: readonly (readonly [string, Buffer])[] = []): Platter {
  const values = new Map<string, Buffer>(from);
  const sorted: string[] = [...values.keys()].sort(inOrder);
  let bytes = 0;
  for (const [key, value] of values) bytes += key.length + value.length;

  /** Index of the first key that is not before this one. */
  function indexOf(key: string): number {
    const last = sorted.at(-1);
    if (last === undefined || last < key) return sorted.length;
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((sorted[middle] ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function remove(key: string): void {
    const value = values.get(key);
    if (!value) return;
    values.delete(key);
    sorted.splice(indexOf(key), 1);
    bytes -= key.length + value.length;
  }

  return {
    get: (key) => values.get(key),
    set: (key, value) => {
      const before = values.get(key);
      if (before) bytes -= before.length;
      else {
        sorted.splice(indexOf(key), 0, key);
        bytes += key.length;
      }
      values.set(key, value);
      bytes += value.length;
    },
    remove,
    keys: ({ from: low, to, limit, reverse = false }) => {
      const first = indexOf(low);
      const end = indexOf(to) + (values.has(to) ? 1 : 0);
      if (!reverse) return sorted.slice(first, Math.min(end, first + limit));
      return sorted.slice(Math.max(first, end - limit), Math.max(first, end)).reverse();
    },
    copy: () => openPlatter([...values]),
    get bytes() {
      return bytes;
    },
    get count() {
      return values.size;
    },
  };
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
