/** A small mark beside the store that outlives it: no sequence number is ever used twice, even when the store is lost. */
import type { Medium } from './medium.ts';
import { sealed, unsealed } from './record.ts';

/** How many sequence numbers are set aside at a time: one small file write per so many entries. */
export const BLOCK = 65_536;

export interface HighWater {
  /** No sequence number above this one was ever given out. */
  readonly upTo: number;
  /** open: in use, numbers below upTo may be unused. closed: upTo was the last one used. doubtful: entries up to upTo may be lost. */
  readonly state: 'open' | 'closed' | 'doubtful';
}

/** What the mark says; nothing was ever given out when there is none or it is unreadable. */
export async function readHighWater(medium: Medium): Promise<HighWater> {
  const text = unsealed(Buffer.from(await medium.readMark()));
  const [, upTo, state] = /^(\d+) (open|closed|doubtful)\n$/.exec(text ?? '') ?? [];
  if (state === 'open' || state === 'closed' || state === 'doubtful') return { upTo: Number(upTo), state };
  return { upTo: 0, state: 'open' };
}

export function writeHighWater(medium: Medium, { upTo, state }: HighWater): Promise<void> {
  return medium.writeMark(sealed(`${upTo} ${state}\n`).toString());
}
