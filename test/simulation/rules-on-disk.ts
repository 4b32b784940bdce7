/** The state of the rules as it lies on the disk, read by somebody else. */

export interface RulesOnDisk {
  readonly cursor: number;
  /** Ids of the alert conditions that are on in it. */
  readonly standing: ReadonlySet<string>;
}

interface Standing {
  readonly condition: { readonly alert: string };
}

interface Track {
  readonly standing?: Standing;
  readonly low?: { readonly standing?: Standing };
  readonly high?: { readonly standing?: Standing };
}

export function readRules(text: string): RulesOnDisk {
  const { cursor, state } = JSON.parse(text) as {
    readonly cursor: number;
    readonly state: { readonly tracks: Readonly<Record<string, Track>> };
  };
  const standing = new Set<string>();
  for (const { standing: one, low, high } of Object.values(state.tracks))
    for (const found of [one, low?.standing, high?.standing]) if (found) standing.add(found.condition.alert);
  return { cursor, standing };
}
