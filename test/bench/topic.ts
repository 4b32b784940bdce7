/** What a topic of the benchmark is: one file, one exported value, which measures and hands back the rows of one table. */
import type { Native } from './native.ts';
import type { PeerFolder } from './peers/install.ts';
import type { Sizes } from './sizes.ts';

export interface Topic {
  /** The word for `--only`. */
  readonly name: string;
  readonly title: string;
  /** How it was measured, for whoever reads the table; filled in with the sizes of this run. */
  about(bench: Bench): string;
  /** Rejects when a measurement failed; a missed target is no failure. */
  measure(bench: Bench): Promise<readonly Row[]>;
}

/** What every measurement is handed. */
export interface Bench {
  /** On the disk that is measured; gone afterwards. */
  readonly folder: string;
  readonly sizes: Sizes;
  /** Times each figure is taken; medians are shown. */
  readonly runs: number;
  readonly native: Native;
  /** Undefined where the peers were not wanted; rejects, in words for the table, where they could not be had. */
  readonly peers: (() => Promise<PeerFolder>) | undefined;
  /** Name of the block device below `folder`, such as vda; undefined where it is not known. */
  readonly device: string | undefined;
  /** Progress, for whoever waits. */
  say(line: string): void;
}

export type Unit = 'per s' | 'ms' | 's' | 'MB' | '%' | 'x' | '';

export interface Row {
  readonly figure: string;
  readonly unit: Unit;
  /** Each run's value, in the order taken. */
  readonly ours: readonly number[];
  /** What it is held against, from the same rounds. */
  readonly reference?: { readonly is: string; readonly values: readonly number[] };
  /** Median of the rounds' ratios: only what was taken one after the other is compared. */
  readonly ratio?: number;
  readonly target?: Target;
  /** Instead of a number, or beside it. */
  readonly note?: string;
}

export interface Target {
  readonly says: string;
  readonly isMet: boolean;
}
