/** Entries that the broker or the hospital will not have: passed by, told of, and explained by an entry in their stead. */
import type { Journal, Line } from '../journal/contract.ts';
import type { Gap, HubEvent } from '../reading/entry.ts';
import { rfc3339, type World } from '../world.ts';
import type { Ledger } from './ledger.ts';

export type GiveUp = (seq: number, words: string, line?: Line) => void;

/** The entry stays in the journal, where `resend` finds it; a gap entry says that it was not delivered, and why. */
export function deadLetters(
  world: World,
  journal: Journal,
  ledger: Ledger,
  onEvent: (event: HubEvent) => void,
): GiveUp {
  return (seq, words, line) => {
    ledger.ack(seq);
    const what = `entry ${seq}${line ? ` (${line.kind})` : ''}`;
    onEvent({ name: 'entry-undeliverable', cause: `${what}: ${words}` });
    const prefix = `${journal.hub}-undeliverable-`;
    // What says that another could not be delivered may be undeliverable itself; then the event above is all there is.
    if (line?.id.startsWith(prefix)) return;
    const body: Gap = { cause: 'undeliverable', from: seq, to: seq, count: 1, detail: words };
    // Full or closing: it was told, and will be refused again.
    journal.append([{ id: prefix + seq, kind: 'gap', at: rfc3339(world.wallMs()), body }]).catch(() => undefined);
  };
}
