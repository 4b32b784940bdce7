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

/** The mark as it was read. */
export interface Mark extends HighWater {
  /** The opening whose drops were known when it was written; undefined where there were none. */
  readonly accountedFor?: string;
}

/** What the mark says; nothing was ever given out when there is none or it is unreadable. */
export async function readHighWater(medium: Medium): Promise<Mark> {
  const text = unsealed(Buffer.from(await medium.readMark()));
  const [, upTo, state, opening] = /^(\d+) (open|closed|doubtful)(?: (\S+))?\n$/.exec(text ?? '') ?? [];
  if (state !== 'open' && state !== 'closed' && state !== 'doubtful') return { upTo: 0, state: 'open' };
  return { upTo: Number(upTo), state, ...(opening !== undefined && { accountedFor: opening }) };
}

/** Whoever writes it has looked at what the last opening dropped: a process that dies before it does so is told of by its mark. */
export async function writeHighWater(medium: Medium, { upTo, state }: HighWater): Promise<void> {
  const dropped = await medium.dropped();
  const words = [upTo, state, ...(dropped ? [dropped.opening] : [])];
  await medium.writeMark(sealed(`${words.join(' ')}\n`).toString());
}
