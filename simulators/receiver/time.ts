/** The best known time of an entry: as the hub wrote it, put right by what the hub learned of its clock later. Pure. */
import type { ClockCorrection, Effective, Entry, Received } from './entry.ts';
import { isRecord, isSeq } from './entry-check.ts';

/** A correction, and the number of the event that brought it. */
export interface Correction extends ClockCorrection {
  readonly by: number;
}

/** Entry and id stay as they are; this is what to show and to reckon with. */
export interface BestTime {
  readonly at: string;
  readonly effective?: Effective;
  readonly received?: Pick<Received, 'wall' | 'uncertaintyMs'>;
  /** Number of the event that put it right; left out where nothing was wrong. */
  readonly correctedBy?: number;
}

/** The correction an event carries; undefined for any other entry, and for one that makes no sense. */
export function correctionIn(entry: Entry): Correction | undefined {
  if (entry.kind !== 'event' || entry.body.name !== 'clock-corrected') return undefined;
  const correction: unknown = entry.body.correction;
  if (!isRecord(correction)) return undefined;
  const { boot, from, to, untilMonotonicMs, addMs, uncertaintyMs } = correction;
  if (typeof boot !== 'string' || !isSeq(from) || !isSeq(to) || from > to) return undefined;
  if (typeof untilMonotonicMs !== 'number' || typeof addMs !== 'number') return undefined;
  if (typeof uncertaintyMs !== 'number') return undefined;
  return { boot, from, to, untilMonotonicMs, addMs, uncertaintyMs, by: entry.seq };
}

/** Each correction is about the times as written, so of several the youngest counts, and alone. */
export function bestTime(entry: Entry, corrections: readonly Correction[]): BestTime {
  const times: Partial<{ effective: Effective; received: Received }> = isReading(entry) ? entry.body : {};
  const { effective, received } = times;
  let correction: Correction | undefined;
  for (const each of corrections) {
    if (isMeant(entry.seq, received, each) && each.by > (correction?.by ?? 0)) correction = each;
  }
  const asWritten = {
    at: entry.at,
    ...(effective && { effective }),
    ...(received && { received: { wall: received.wall, uncertaintyMs: received.uncertaintyMs } }),
  };
  if (correction === undefined) return asWritten;
  const { addMs, uncertaintyMs, by } = correction;
  return {
    at: moved(entry.at, addMs),
    ...(effective && {
      effective: effective.from === 'hub' ? { ...effective, at: moved(effective.at, addMs), uncertaintyMs } : effective,
    }),
    ...(received && { received: { wall: moved(received.wall, addMs), uncertaintyMs } }),
    correctedBy: by,
  };
}

/** Numbers of another start, and of after the clock was put right, may lie between: what was received says so itself. */
function isMeant(
  seq: number,
  received: Received | undefined,
  { boot, from, to, untilMonotonicMs }: Correction,
): boolean {
  if (seq < from || seq > to) return false;
  return received === undefined || (received.boot === boot && received.monotonicMs <= untilMonotonicMs);
}

function isReading(entry: Entry): entry is Entry & { readonly kind: 'reading' | 'waveform' } {
  return entry.kind === 'reading' || entry.kind === 'waveform';
}

/** What is no time stays as it was told. */
function moved(at: string, addMs: number): string {
  const ms = Date.parse(at) + addMs;
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : at;
}
