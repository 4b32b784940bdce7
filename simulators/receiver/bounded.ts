/** Maps and texts that stay small whatever a hub sends. */

/** Devices told apart; what comes above is under OTHER. A hub is made for a few dozen. */
export const DEVICES_MOST = 100;
export const OTHER = '(other)';
const NAME_MOST = 64;
const TEXT_MOST = 200;

/** What is under this name, or under OTHER when there is no room for one more. */
export function entryOf<V>(map: Map<string, V>, name: unknown, most: number, fresh: () => V): V {
  const told = brief(name).slice(0, NAME_MOST);
  const key = map.has(told) || map.size < most ? told : OTHER;
  const value = map.get(key) ?? fresh();
  map.set(key, value);
  return value;
}

/** Short, and without what grows sixfold or breaks a line when it is written as JSON. */
export function brief(value: unknown): string {
  return String(value)
    .slice(0, TEXT_MOST)
    .replace(/[\p{Cc}\p{Cs}]/gu, ' ');
}
