/** A CPAP machine's memory card, put into the reader in the morning: written from the devices sheet 6.1, a reading of its own. */
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { randomFrom } from '../../agent/world.ts';
import type { Ledger, Place, Running, Simulator } from './contract.ts';
import { type CardStory, writeCard } from './resmed/card.ts';
import type { CardFile } from './resmed/card-file.ts';
import { resmedCases } from './resmed/cases.ts';

/** A card that is put into the reader once. */
export interface CardScript extends Omit<CardStory, 'sessionMinutes'> {
  readonly insertAfterMs: number;
  /** Two cards of one seed are equal, byte for byte. */
  readonly seed: number;
  /** Mask-on time of a night, minutes (1..900, default 30). */
  readonly sessionMinutes?: number;
}

export const resmedCardSimulator: Simulator<CardScript> = {
  driver: 'resmed-card',
  scenarios: {
    'last-night': { insertAfterMs: 2_000, seed: 1, nights: 1, lastNight: '2026-03-01' },
    week: { insertAfterMs: 2_000, seed: 1, nights: 7, lastNight: '2026-03-01' },
    'full-nights': { insertAfterMs: 2_000, seed: 1, nights: 2, lastNight: '2026-03-01', sessionMinutes: 420 },
  },
  cases: resmedCases,
  play,
};

async function play(place: Place, device: string, script: CardScript, ledger: Ledger): Promise<Running> {
  const folder = place.cardFolder(device);
  const { insertAfterMs, seed, sessionMinutes = 30, ...story } = script;
  const files = writeCard(randomFrom(seed), { ...story, sessionMinutes });
  const stopped = new AbortController();
  const done = insert();

  async function insert(): Promise<void> {
    ledger.doing('the card is in the machine');
    await place.world.sleep(insertAfterMs, stopped.signal);
    if (stopped.signal.aborted) return;
    await putIn(folder, files);
    ledger.sent(files.flatMap((file) => file.means));
    ledger.doing(`card in the reader, ${files.length} files`);
  }

  return {
    done,
    reach: { folder },
    stop: async () => {
      stopped.abort();
      await done;
    },
  };
}

/** Files appear whole: they are written beside the folder and moved in, the name plate last. What an older card held goes. */
async function putIn(folder: string, files: readonly CardFile[]): Promise<void> {
  const aside = `${folder}.coming`;
  await rm(aside, { recursive: true, force: true });
  for (const file of files) {
    const path = join(aside, file.path);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, file.bytes);
  }
  await mkdir(folder, { recursive: true });
  const entries = await readdir(aside);
  const namePlateLast = entries.sort(
    (a, b) => Number(a.startsWith('Identification')) - Number(b.startsWith('Identification')),
  );
  for (const entry of namePlateLast) {
    await rm(join(folder, entry), { recursive: true, force: true });
    await rename(join(aside, entry), join(folder, entry));
  }
  await rm(aside, { recursive: true, force: true });
}
