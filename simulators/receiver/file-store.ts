/** A store of one file per hub: for crash tests and small pilots. It survives a kill at any moment; a database also has replicas. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type HubFile, openHubFile } from './hub-file.ts';
import type { Store } from './store.ts';
import { isHub } from './topic.ts';

export interface FileStore extends Store {
  /** Call when no receiver uses it any more. */
  close(): Promise<void>;
}

/** Files open at a time, and so hubs; calls for another hub reject. */
const HUBS_MOST = 1_000;

/** One process at a time may use the folder. What belongs to a hub is `<hub>.jsonl`: erasing a patient is removing one file. */
export function fileStore(folder: string): FileStore {
  const files = new Map<string, Promise<HubFile>>();

  function fileOf(hub: string): Promise<HubFile> {
    const found = files.get(hub);
    if (found !== undefined) return found;
    if (!isHub(hub)) return Promise.reject(new Error('this is not the name of a hub'));
    if (files.size >= HUBS_MOST) return Promise.reject(new Error(`the file store holds ${HUBS_MOST} hubs at most`));
    const opening = mkdir(folder, { recursive: true }).then(() => openHubFile(join(folder, `${hub}.jsonl`)));
    files.set(hub, opening);
    opening.catch(() => files.delete(hub)); // the next call tries again
    return opening;
  }

  return {
    put: async (hub, arrivals) => (await fileOf(hub)).put(arrivals),
    rows: async (hub, after, most) => (await fileOf(hub)).rows(after, most),
    keep: async (hub, memo) => (await fileOf(hub)).keep(memo),
    memo: async (hub) => (await fileOf(hub)).memo(),
    close: async () => {
      for (const file of files.values()) await (await file.catch(() => undefined))?.close();
      files.clear();
    },
  };
}
