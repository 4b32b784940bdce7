/** A process that does nothing but append, to our journal or to classic-level alone, and says how fast: append.js JSON. */
import { Level } from 'level';
import { openJournal } from '../../../agent/journal/open.ts';
import type { Draft } from '../../../agent/reading/entry.ts';
import { realWorld } from '../../../agent/world.ts';
import { nowMs } from '../clock.ts';
import { entriesSince } from '../entries.ts';
import { HUB } from '../hub.ts';
import { percentile } from '../rows.ts';

export interface AppendWork {
  readonly into: 'journal' | 'classic-level';
  /** A folder that does not exist yet. */
  readonly path: string;
  /** journal: writers that each wait for their own append. classic-level: entries of a batch. */
  readonly together: number;
  readonly seconds: number;
  /** Stops earlier after so many entries; for measurements of bytes rather than time. */
  readonly most?: number;
  /** journal: spot readings that carry their device's own time, so that their identity is looked up and kept. */
  readonly mayComeAgain?: boolean;
  /** journal: entries that each append hands over (default 1). */
  readonly perCall?: number;
}

export interface AppendDone {
  readonly count: number;
  readonly perSecond: number;
  /** Of one append, or of one batch. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly payloadBytes: number;
}

/** Made before the clock runs; ids are as long and as random as ours. */
const PREPARED = 150_000;

interface Timed {
  readonly took: readonly number[];
  readonly elapsedMs: number;
}

async function journalled(work: AppendWork, drafts: readonly Draft[]): Promise<Timed> {
  const { path, together, seconds, perCall = 1 } = work;
  const journal = await openJournal({ world: realWorld(), path, hub: HUB, onEvent: () => undefined });
  const took: number[] = [];
  const startMs = nowMs();
  const endMs = startMs + seconds * 1000;
  let next = 0;
  async function writer(): Promise<void> {
    while (next < drafts.length && nowMs() < endMs) {
      const mine = drafts.slice(next, next + perCall);
      next += perCall;
      const beforeMs = nowMs();
      await journal.append(mine);
      took.push(nowMs() - beforeMs);
    }
  }
  await Promise.all(Array.from({ length: together }, writer));
  const elapsedMs = nowMs() - startMs;
  await journal.close();
  return { took, elapsedMs };
}

async function bare(work: AppendWork, most: number, line: (n: number) => string): Promise<Timed> {
  const { path, together, seconds } = work;
  const values = Array.from({ length: 1_000 }, (_, index) => line(index + 1));
  const db = new Level<string, string>(path, { keyEncoding: 'utf8', valueEncoding: 'utf8' });
  await db.open();
  const took: number[] = [];
  const startMs = nowMs();
  const endMs = startMs + seconds * 1000;
  for (let next = 0; next + together <= most && nowMs() < endMs; ) {
    const beforeMs = nowMs();
    const batch = db.batch();
    for (let i = 0; i < together; i++, next++) {
      batch.put(`e${String(next).padStart(16, '0')}`, values[next % values.length] ?? '');
    }
    await batch.write({ sync: true });
    took.push(nowMs() - beforeMs);
  }
  const elapsedMs = nowMs() - startMs;
  await db.close();
  return { took, elapsedMs };
}

function spot({ fresh, series, ...content }: Draft): Draft {
  return content;
}

const work = JSON.parse(process.argv[2] ?? '') as AppendWork;
const { draft, line, meanBytes } = entriesSince(Date.now());
const most = work.most ?? PREPARED;
const { took, elapsedMs } =
  work.into === 'journal'
    ? await journalled(
        work,
        Array.from({ length: most }, (_, index) => (work.mayComeAgain ? spot(draft(index + 1)) : draft(index + 1))),
      )
    : await bare(work, most, line);
const count = took.length * (work.into === 'journal' ? (work.perCall ?? 1) : work.together);
const done: AppendDone = {
  count,
  perSecond: (count / elapsedMs) * 1000,
  p50Ms: percentile(took, 0.5),
  p99Ms: percentile(took, 0.99),
  payloadBytes: Math.round(count * meanBytes),
};
process.stdout.write(`${JSON.stringify(done)}\n`);
