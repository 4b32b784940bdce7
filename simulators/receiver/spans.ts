/** Sequence numbers kept as spans, each with a note: a year without holes costs as much as a minute. */

/** As it goes over the wire; both ends included. */
export type Range = readonly [from: number, to: number];

/** Both ends included. */
export interface Span<N> {
  readonly from: number;
  readonly to: number;
  readonly note: N;
}

/** Sorted and disjoint; neighbours with the same note are one span. */
export interface Spans<N> {
  /** How many numbers are in it. */
  readonly numbers: number;
  list(): readonly Span<N>[];
  at(seq: number): Span<N> | undefined;
  /** Writes the note over whatever was there. */
  put(from: number, to: number, note: N): void;
  /** Takes the numbers out; returns what was there, cut to these bounds. */
  cut(from: number, to: number): readonly Span<N>[];
}

export function openSpans<N>(isSame: (a: N, b: N) => boolean, start: readonly Span<N>[] = []): Spans<N> {
  const spans: Span<N>[] = [...start];
  let numbers = start.reduce((sum, span) => sum + sizeOf(span), 0);

  /** Index of the first span that ends at or after seq. */
  function indexOf(seq: number): number {
    let low = 0;
    let high = spans.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((spans[middle]?.to ?? Infinity) < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function cut(from: number, to: number): readonly Span<N>[] {
    const start = indexOf(from);
    const taken: Span<N>[] = [];
    const left: Span<N>[] = [];
    for (let at = start; at < spans.length; at++) {
      const span = spans[at];
      if (span === undefined || span.from > to) break;
      taken.push({ from: Math.max(from, span.from), to: Math.min(to, span.to), note: span.note });
      if (span.from < from) left.push({ ...span, to: from - 1 });
      if (span.to > to) left.push({ ...span, from: to + 1 });
    }
    if (taken.length > 0) spans.splice(start, taken.length, ...left);
    numbers -= taken.reduce((sum, span) => sum + sizeOf(span), 0);
    return taken;
  }

  function put(from: number, to: number, note: N): void {
    cut(from, to);
    const at = indexOf(from);
    const before = spans[at - 1];
    const after = spans[at];
    const joinsBefore = before !== undefined && before.to === from - 1 && isSame(before.note, note);
    const joinsAfter = after !== undefined && after.from === to + 1 && isSame(after.note, note);
    const span = { from: joinsBefore ? before.from : from, to: joinsAfter ? after.to : to, note };
    spans.splice(at - Number(joinsBefore), Number(joinsBefore) + Number(joinsAfter), span);
    numbers += to - from + 1;
  }

  return {
    get numbers() {
      return numbers;
    },
    list: () => spans,
    at: (seq) => {
      const span = spans[indexOf(seq)];
      return span !== undefined && span.from <= seq ? span : undefined;
    },
    put,
    cut,
  };
}

function sizeOf({ from, to }: { readonly from: number; readonly to: number }): number {
  return to - from + 1;
}
