/** A small file beside the journal that outlives it: no sequence number is ever used twice, even when the store is lost. */
import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { sealed, unsealed } from './record.ts';

/** How many sequence numbers are set aside at a time: one small file write per so many entries. */
export const BLOCK = 65_536;

export interface HighWater {
  /** No sequence number above this one was ever given out. */
  readonly upTo: number;
  /** open: in use, numbers below upTo may be unused. closed: upTo was the last one used. doubtful: entries up to upTo may be lost. */
  readonly state: 'open' | 'closed' | 'doubtful';
}

/** What the file says; nothing was ever given out when there is none or it is unreadable. */
export async function readHighWater(journalPath: string): Promise<HighWater> {
  const text = unsealed(await readFile(fileOf(journalPath), 'utf8').catch(() => ''));
  const [, upTo, state] = /^(\d+) (open|closed|doubtful)\n$/.exec(text ?? '') ?? [];
  if (state === 'open' || state === 'closed' || state === 'doubtful') return { upTo: Number(upTo), state };
  return { upTo: 0, state: 'open' };
}

/** On disk when it resolves: written aside, synced, renamed over, and the folder synced, so that a power cut leaves the old or the new. */
export async function writeHighWater(journalPath: string, { upTo, state }: HighWater): Promise<void> {
  const aside = `${fileOf(journalPath)}.new`;
  const file = await open(aside, 'w', 0o600);
  try {
    await file.writeFile(sealed(`${upTo} ${state}\n`));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(aside, fileOf(journalPath));
  await syncFolder(dirname(journalPath));
}

/** A file's name is on disk only when its folder is. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function fileOf(journalPath: string): string {
  return `${journalPath}.high-water`;
}
