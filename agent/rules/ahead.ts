/** Readings that are judged before they are on disk, because the disk takes nothing: each once, in the order they will be written. */
import type { Journal, Line } from '../journal/contract.ts';

export interface Ahead {
  /** The next readings that wait for the disk and were not judged; none while the disk takes them. */
  next(limit: number): readonly Line[];
  judged(lines: readonly Line[]): void;
  /** Lines from the disk without those that were judged before they came there. */
  unjudged(lines: readonly Line[]): readonly Line[];
  /** The last that was judged ahead and is not known to be on disk: all before it need not be judged after a restart. */
  through(): string | undefined;
  /** Nothing waits any more: what did not come to the disk was there already, or was let go. */
  settle(): void;
  readonly count: number;
}

export function openAhead(journal: Journal): Ahead {
  /** In the order judged; as many as may wait in the journal, and those let go since. */
  const ids = new Set<string>();
  let ordinal = 0;
  let last: string | undefined;

  return {
    next: (limit) => {
      if (!journal.isStuck()) return [];
      const waiting = journal.unsaved(ordinal).slice(0, limit);
      const readings = waiting.filter(({ line }) => line.kind === 'reading' || line.kind === 'waveform');
      ordinal = waiting.at(-1)?.ordinal ?? ordinal;
      return readings.map(({ line }) => line);
    },
    judged: (lines) => {
      for (const { id } of lines) ids.add(id);
      last = lines.at(-1)?.id ?? last;
    },
    unjudged: (lines) => (ids.size === 0 ? lines : lines.filter(({ id }) => !ids.delete(id))),
    through: () => last,
    settle: () => {
      ids.clear();
      last = undefined;
    },
    get count() {
      return ids.size;
    },
  };
}

/** How many lines are looked through at a time. */
const LOOKED_AT = 500;

/** The number of the entry with this id after `cursor`; `cursor` itself when it never came to the disk. */
export async function throughTo(journal: Journal, cursor: number, id: string): Promise<number> {
  for (let next = cursor + 1; next <= journal.head; ) {
    const lines = await journal.scan(next, LOOKED_AT);
    const found = lines.find((line) => line.id === id);
    if (found) return found.seq;
    if (lines.length === 0) return cursor;
    next = (lines.at(-1)?.seq ?? next) + 1;
  }
  return cursor;
}
