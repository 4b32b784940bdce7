/** Puts drafts on disk however many they are: in portions, and with patience while the journal is full. */
import { type Appended, type Journal, JournalClosed, JournalFull } from '../journal/contract.ts';
import type { Draft } from '../reading/entry.ts';
import type { World } from '../world.ts';

/** Ten years on a card are more than the journal takes in one call; identities make a portion that comes again harmless. */
export const PORTION = 1_000;
const FULL_PAUSE_MS = 100;

/** What became of each draft, in order; undefined when the journal was closed before all were on disk. */
export async function ontoDisk(
  world: World,
  journal: Journal,
  drafts: readonly Draft[],
): Promise<readonly Appended[] | undefined> {
  const appended: Appended[] = [];
  while (appended.length < drafts.length) {
    try {
      appended.push(...(await journal.append(drafts.slice(appended.length, appended.length + PORTION))));
    } catch (error) {
      if (error instanceof JournalClosed) return undefined;
      if (!(error instanceof JournalFull)) throw error;
      await world.sleep(FULL_PAUSE_MS); // whoever hands over so much can wait
    }
  }
  return appended;
}
