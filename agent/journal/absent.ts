/** A disk that cannot be used yet: nothing is there and nothing can be written; what is handed in waits in memory, where the rules see it. */
import type { Medium, Store } from './medium.ts';
import { aboutStore, key } from './record.ts';

/** `cause` is why, in the disk's own words. */
export function absentMedium(path: string, hub: string, cause: string): Medium {
  const refuse = (): Promise<never> => Promise.reject(new Error(cause));
  const about = aboutStore(hub, 0);
  const store: Store = {
    write: refuse,
    get: (name) => (name === key.about ? about : undefined),
    getMany: async (names) => names.map(() => undefined),
    range: async () => [],
    keys: async () => [],
    bytes: async () => 0,
    compact: async () => undefined,
    close: async () => undefined,
  };
  return {
    path,
    open: async () => store,
    repair: refuse,
    setAside: refuse,
    readMark: async () => '',
    writeMark: async () => undefined,
    freeBytes: async () => 0,
    takeReserve: async () => undefined,
    giveUpReserve: async () => false,
    dropped: async () => undefined,
    lockHolder: async () => undefined,
  };
}
