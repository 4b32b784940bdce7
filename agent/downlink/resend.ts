/** The resend command: the hospital found holes in its sequence numbers and asks for what belongs there. */
import type { Gone, Journal } from '../journal/contract.ts';
import { include, missing, parseRanges, type Ranges, type Span } from '../journal/ranges.ts';
import type { Draft } from '../reading/entry.ts';
import { rfc3339, type World } from '../world.ts';
import type { CommandHandler } from './commands.ts';
import { RANGES_MOST } from './messages.ts';

/** Entries looked for at a time. */
const ASKED_MOST = 10_000;
/** Ranges named in a reply, and gap entries written for one command; the rest is told when it is asked for again. */
const GONE_MOST = 100;

/**
 * `again` takes what is to be sent once more, or says false when too much would wait. What the journal no longer has, it says in
 * the reply and in gap entries, so that nothing is asked for for ever.
 */
export function resendCommand(world: World, journal: Journal, again: (ranges: Ranges) => boolean): CommandHandler {
  return async ({ ranges }) => {
    const wanted = parseRanges(ranges, RANGES_MOST);
    if (!wanted)
      return { status: 'refused', detail: `"ranges" is not a list of at most ${RANGES_MOST} pairs [from, to]` };
    const { hub, head, tail } = journal;
    const found = await find(journal, wanted);
    if (!found || !again(found.kept))
      return { status: 'refused', detail: 'too many entries wait to be sent again: ask for fewer, or later' };
    const removed = found.removed.slice(0, GONE_MOST);
    const lost = found.lost.slice(0, GONE_MOST);
    const told = [...removed.map(gapFor(world, hub, 'evicted')), ...lost.map(gapFor(world, hub, 'store-corrupt'))];
    // Full or closing: it is in the reply, and told again when it is asked for again.
    if (told.length > 0) journal.append(told).catch(() => undefined);
    const gone = [...removed, ...lost].sort(([a], [b]) => a - b);
    return { status: 'done', detail: { entries: found.entries, tail, head, gone } };
  };
}

interface Found extends Gone {
  readonly kept: Ranges;
  readonly entries: number;
}

/** Undefined where more is there than can be asked for. Numbers of which nothing is there may be many: a lost store leaves them by the ten thousand. */
async function find(journal: Journal, wanted: Ranges): Promise<Found | undefined> {
  const kept: Span[] = [];
  let removed: Ranges = [];
  let lost: Ranges = [];
  let entries = 0;
  for (const [from, last] of wanted) {
    const to = Math.min(last, journal.head);
    if (from > to) continue;
    const notThere = await journal.gone(from, to, ASKED_MOST - entries);
    if (!notThere) return undefined;
    for (const [first, end] of notThere.removed) removed = include(removed, first, end);
    for (const [first, end] of notThere.lost) lost = include(lost, first, end);
    for (const span of missing(lost, from, to).flatMap(([first, end]) => missing(removed, first, end))) {
      kept.push(span);
      entries += span[1] - span[0] + 1;
    }
  }
  return { kept, removed, lost, entries };
}

const DETAILS = {
  evicted: 'receipted or thinned before, and no longer kept',
  'store-corrupt': 'lost by the disk, or passed by after a loss',
} as const;

function gapFor(world: World, hub: string, cause: keyof typeof DETAILS): (span: Span) => Draft {
  return ([from, to]) => {
    const body = { cause, from, to, count: to - from + 1, detail: DETAILS[cause] };
    return { id: `${hub}-gone-${from}-${to}`, kind: 'gap', at: rfc3339(world.wallMs()), body };
  };
}
