/** Says of each number that should be there and cannot be read that it is gone: once, however often it is read over. */
import type { Draft, Gap } from '../reading/entry.ts';
import type { World } from '../world.ts';
import type { Puts } from './contract.ts';
import { include, missing, parseRanges, type Ranges } from './ranges.ts';

/** Kept value: which missing sequence numbers have been reported. */
const HOLES = 'journal.holes';
/** Past so many the oldest are forgotten, and reported again under the same id if they are read again. */
const HOLES_MOST = 1_000;

/** A disk that spoils what is written to it spoils what is written about that as well: so often, and no more. */
const REPORT_EVERY_MS = 10_000;

export interface HoleReports {
  report(holes: Ranges): void;
}

/** What it needs of the log. */
interface Log {
  kept(name: string): string | undefined;
  append(drafts: readonly Draft[], puts: Puts): Promise<unknown>;
  gap(from: number, to: number, body: Gap): Draft;
}

export function openHoleReports(world: Pick<World, 'after'>, log: Log): HoleReports {
  let told = keptHoles();
  let untold: Ranges = [];
  let isResting = false;

  function keptHoles(): Ranges {
    return parseRanges(JSON.parse(log.kept(HOLES) ?? '[]'), HOLES_MOST) ?? [];
  }

  function rest(): void {
    isResting = true;
    world.after(REPORT_EVERY_MS, () => {
      isResting = false;
      if (untold.length > 0) tell();
    });
  }

  function tell(): void {
    const fresh = untold;
    untold = [];
    rest();
    for (const [from, to] of fresh) told = include(told, from, to);
    told = told.slice(-HOLES_MOST);
    const drafts = fresh.map(([from, to]) =>
      log.gap(from, to, { cause: 'store-corrupt', from, to, count: to - from + 1 }),
    );
    log.append(drafts, { [HOLES]: JSON.stringify(told) }).catch(() => {
      // Full or closing: forgotten, so that the next reading reports it.
      told = keptHoles();
    });
  }

  return {
    report: (holes) => {
      for (const [low, high] of holes.flatMap(([from, to]) => missing(told, from, to)))
        untold = include(untold, low, high);
      if (untold.length > 0 && !isResting) tell();
    },
  };
}
