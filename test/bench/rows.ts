/** From the values of several rounds to the rows of a table: medians, ratios within a round, and whether a target is met. */
import type { Row, Target, Unit } from './topic.ts';

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** Nearest rank; NaN when there are no values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  if (sorted.length === 0) return Number.NaN;
  if (share === 0.5 && sorted.length % 2 === 0) {
    const [below = 0, above = 0] = sorted.slice(sorted.length / 2 - 1);
    return (below + above) / 2;
  }
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Takes each of several measurements once, then each once more: A B C A B C. What drifts then drifts for all of them. */
export async function interleaved<T extends Record<string, () => Promise<unknown>>>(
  rounds: number,
  measurements: T,
): Promise<{ readonly [K in keyof T]: Awaited<ReturnType<T[K]>>[] }> {
  const taken = Object.fromEntries(Object.keys(measurements).map((name) => [name, [] as unknown[]]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of Object.entries(measurements)) taken[name]?.push(await measure());
  }
  // The keys are those of `measurements` and each list was filled by its own function.
  return taken as { [K in keyof T]: Awaited<ReturnType<T[K]>>[] };
}

export interface Facts {
  readonly ours: number;
  readonly ratio: number;
  readonly reference: number;
}

export interface Comparison {
  readonly figure: string;
  readonly unit: Unit;
  readonly ours: readonly number[];
  readonly reference?: { readonly is: string; readonly values: readonly number[] };
  readonly target?: (facts: Facts) => Target;
  readonly note?: string;
}

export function compare({ figure, unit, ours, reference, target, note }: Comparison): Row {
  const ratios = (reference?.values ?? []).map((value, round) => (ours[round] ?? Number.NaN) / value);
  const ratio = median(ratios);
  return {
    figure,
    unit,
    ours,
    ...(reference && { reference }),
    ...(Number.isFinite(ratio) && { ratio }),
    ...(target &&
      ours.length > 0 && { target: target({ ours: median(ours), ratio, reference: median(reference?.values ?? []) }) }),
    ...(note !== undefined && { note }),
  };
}

/** A row that only says something. */
export function remark(figure: string, note: string): Row {
  return { figure, unit: '', ours: [], note };
}

export function ratioAtLeast(least: number): (facts: Facts) => Target {
  return ({ ratio }) => ({ says: `ratio >= ${least}`, isMet: ratio >= least });
}

export function ratioAtMost(most: number): (facts: Facts) => Target {
  return ({ ratio }) => ({ says: `ratio <= ${most}`, isMet: ratio <= most });
}

export function atMost(most: number, unit: Unit): (facts: Facts) => Target {
  return ({ ours }) => ({ says: `<= ${Math.round(most * 100) / 100} ${unit}`.trim(), isMet: ours <= most });
}
