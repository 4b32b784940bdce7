/** Ends a switch over a closed union: the compiler proves that nobody gets here. */
export function unreachable(never: never): never {
  throw new Error(`not a member of the closed union: ${JSON.stringify(never)}`);
}
