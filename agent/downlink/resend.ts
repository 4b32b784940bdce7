/** The resend command: the hospital found holes in its sequence numbers and asks for what belongs there. */
import type { Journal } from '../journal/contract.ts';
import { include, parseRanges, type Ranges } from '../journal/ranges.ts';
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
    const { head, tail } = journal;
    const sent = wanted.map(([from, to]) => [from, Math.min(to, head)] as const).filter(([from, to]) => from <= to);
    const entries = sent.reduce((sum, [from, to]) => sum + Math.max(0, to - Math.max(from, tail) + 1), 0);
    const kept = sent.map(([from, to]) => [Math.max(from, tail), to] as const).filter(([from, to]) => from <= to);
    if (entries > ASKED_MOST || !again(kept))
      return { status: 'refused', detail: 'too many entries wait to be sent again: ask for fewer, or later' };
    const gone = await goneOf(journal, sent);
    // Full or closing: it is in the reply, and told again when it is asked for again.
    if (gone.length > 0) journal.append(gone.map((span) => goneGap(world, journal.hub, span))).catch(() => undefined);
    const lost = gone.reduce((sum, [from, to]) => sum + to - Math.max(from, tail) + 1, 0);
    return { status: 'done', detail: { entries: Math.max(0, entries - Math.max(0, lost)), tail, head, gone } };
  };
}

async function goneOf(journal: Journal, ranges: Ranges): Promise<Ranges> {
  let gone: Ranges = [];
  for (const [from, to] of ranges) {
    // Below the tail there is nothing to look for.
    if (from < journal.tail) gone = include(gone, from, Math.min(to, journal.tail - 1));
    if (to < journal.tail) continue;
    for (const [low, high] of await journal.gone(Math.max(from, journal.tail), to)) gone = include(gone, low, high);
  }
  return gone.slice(0, GONE_MOST);
}

function goneGap(world: World, hub: string, [from, to]: readonly [number, number]): Draft {
  const detail = 'receipted or thinned before, and no longer kept';
  const body = { cause: 'evicted', from, to, count: to - from + 1, detail } as const;
  return { id: `${hub}-gone-${from}-${to}`, kind: 'gap', at: rfc3339(world.wallMs()), body };
}
