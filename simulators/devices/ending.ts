/** When a simulated device has played its script: all named parts have come to their end. */

export interface Ending<Part extends string> {
  readonly done: Promise<void>;
  reached(part: Part): void;
}

export function endingOf<Part extends string>(...parts: readonly Part[]): Ending<Part> {
  const open = new Set(parts);
  let resolve: () => void = () => undefined;
  const done = new Promise<void>((kept) => {
    resolve = kept;
  });
  return {
    done,
    reached: (part) => {
      open.delete(part);
      if (open.size === 0) resolve();
    },
  };
}
