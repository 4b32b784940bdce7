/** Which ids are here, and under which numbers: once in meaning, however often and under whatever number an entry comes. */

export interface IdIndex {
  size(): number;
  /** Remembers id and number, and says what they were before. */
  take(id: string, seq: number): 'new' | 'renumbered' | 'copy';
  /** Takes back what `take` remembered and the disk did not. */
  forget(id: string, seq: number): void;
}

/** Its bound is that of the store it belongs to: one line per row. */
export function openIdIndex(): IdIndex {
  const firsts = new Map<string, number>();
  /** Numbers beyond an entry's first; there are some only where a hub lost its store. */
  const others = new Set<string>();
  return {
    size: () => firsts.size + others.size,
    take: (id, seq) => {
      const first = firsts.get(id);
      const other = `${seq} ${id}`;
      if (first === seq || others.has(other)) return 'copy';
      if (first === undefined) firsts.set(id, seq);
      else others.add(other);
      return first === undefined ? 'new' : 'renumbered';
    },
    forget: (id, seq) => {
      if (!others.delete(`${seq} ${id}`) && firsts.get(id) === seq) firsts.delete(id);
    },
  };
}
