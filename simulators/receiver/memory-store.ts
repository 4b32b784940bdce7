/** A store that ends with its process: for tests, demonstrations, and as the shortest reading of the contract. */
import { type IdIndex, openIdIndex } from './id-index.ts';
import type { Arrival, Memo, Placed, Row, Store } from './store.ts';

/** Rows of one hub; past it puts reject, and the hub keeps what it has. */
const ROWS_MOST = 2_000_000;

interface Shelf {
  readonly ids: IdIndex;
  /** Those above the memo: nobody in this process asks for what a memo of this process covers. */
  rows: Row[];
  place: number;
  memo?: Memo;
}

export function memoryStore(): Store {
  const shelves = new Map<string, Shelf>();

  function shelfOf(hub: string): Shelf {
    const shelf = shelves.get(hub) ?? { ids: openIdIndex(), rows: [], place: 0 };
    shelves.set(hub, shelf);
    return shelf;
  }

  function place(shelf: Shelf, { entry, text, historical }: Arrival): Placed {
    const { id, seq } = entry;
    const was = shelf.ids.take(id, seq);
    if (was === 'copy') return { was };
    shelf.place += 1;
    shelf.rows.push({ place: shelf.place, seq, was, historical, text: was === 'new' ? text : '' });
    return { was, place: shelf.place };
  }

  return {
    put: async (hub, arrivals) => {
      const shelf = shelfOf(hub);
      if (shelf.place + arrivals.length > ROWS_MOST)
        throw new Error(`the memory store holds ${ROWS_MOST} entries of a hub at most`);
      return arrivals.map((arrival) => place(shelf, arrival));
    },
    rows: async (hub, after, most) => {
      const shelf = shelfOf(hub);
      return shelf.rows.filter((row) => row.place > after).slice(0, most);
    },
    keep: async (hub, memo) => {
      const shelf = shelfOf(hub);
      shelf.memo = memo;
      shelf.rows = shelf.rows.filter((row) => row.place > memo.place);
    },
    memo: async (hub) => shelfOf(hub).memo,
  };
}
