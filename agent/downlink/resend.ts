/** The resend command: the hospital found holes in its sequence numbers and asks for what belongs there. */
import type { Journal } from '../journal/contract.ts';
import { parseRanges, type Ranges } from '../journal/ranges.ts';
import type { CommandHandler } from './commands.ts';
import { RANGES_MOST } from './messages.ts';

/** `again` takes what is to be sent once more, or says false when too much would wait. */
export function resendCommand(journal: Journal, again: (ranges: Ranges) => boolean): CommandHandler {
  return async ({ ranges }) => {
    const wanted = parseRanges(ranges, RANGES_MOST);
    if (!wanted)
      return { status: 'refused', detail: `"ranges" is not a list of at most ${RANGES_MOST} pairs [from, to]` };
    const { head, tail } = journal;
    const kept = wanted
      .map(([from, to]) => [Math.max(from, tail), Math.min(to, head)] as const)
      .filter(([from, to]) => from <= to);
    if (!again(kept))
      return { status: 'refused', detail: 'too many entries wait to be sent again: ask for fewer, or later' };
    const entries = kept.reduce((sum, [from, to]) => sum + to - from + 1, 0);
    return { status: 'done', detail: { entries, tail, head } };
  };
}
