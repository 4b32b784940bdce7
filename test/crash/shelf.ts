/** What lay on the hub's disk at each death: copies, read as a technician would read them, while the next life is under way. */
import { execFile } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Entry } from '../../agent/reading/entry.ts';
import type { World } from '../../agent/world.ts';
import { measurementKey } from '../../simulators/demo/measurement-key.ts';
import type { Book } from './feeders.ts';

export interface ShelfOptions {
  readonly world: World;
  /** Settings folder of the hub, with its disk below. */
  readonly hub: string;
  /** Where copies may lie. */
  readonly folder: string;
  readonly program: readonly [string, ...string[]];
}

/** Two entries under one number: the sequence was used twice. */
export interface Conflict {
  readonly seq: number;
  readonly ids: readonly string[];
}

/** What a device was told is safe, and was not on the disk after this cycle. */
export interface Missed {
  readonly cycle: number;
  readonly device: string;
  readonly keys: readonly string[];
}

export interface Shelf {
  /** Copies the disk of a hub that is dead, and reads the copy in the background. */
  keep(cycle: number, books: readonly Book[]): void;
  /** The hub has opened what was copied last, and so made it lasting: from now on it may not disappear. */
  lasting(): void;
  /** Reads the hub's own journal, once nothing runs any more. */
  close(): Promise<{
    readonly entries: ReadonlyMap<string, Entry>;
    readonly conflicts: readonly Conflict[];
    readonly missed: readonly Missed[];
  }>;
}

/** Entries read again at each death, so that one that vanished or changed is noticed. */
const READ_AGAIN = 1_000;
/** Sockets cannot be, and ballast need not. */
const NOT_COPIED = /\.sock$|\.reserve$|\/graves$/;
const READ_LIMIT_MS = 60_000;

const run = promisify(execFile);

export function openShelf({ world, hub, folder, program }: ShelfOptions): Shelf {
  const entries = new Map<string, Entry>();
  const idOf = new Map<number, string>();
  const conflicts: Conflict[] = [];
  const missed: Missed[] = [];
  const checked = new Map<string, number>();
  const safe = new Map<string, Set<string>>();
  /** What the last copy holds. */
  let latest: Promise<readonly Entry[]> = Promise.resolve([]);
  let taken: Promise<void> = Promise.resolve();
  let head = 0;
  let copies = 0;
  let reading: Promise<void> = Promise.resolve();

  async function read(config: string, from: number): Promise<readonly Entry[]> {
    const [node, ...args] = program;
    const words = [...args, 'journal', '--json', '--config', config, '--from', String(from)];
    const { stdout } = await run(node, words, { maxBuffer: 1 << 30, timeout: READ_LIMIT_MS });
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Entry);
  }

  function take(entry: Entry): void {
    const known = idOf.get(entry.seq);
    if (known !== undefined && known !== entry.id) conflicts.push({ seq: entry.seq, ids: [known, entry.id] });
    idOf.set(entry.seq, entry.id);
    entries.set(entry.id, entry);
  }

  /** The devices' words against the disk: everything confirmed since the last look must be there. */
  function check(cycle: number, lines: readonly Entry[], promised: ReadonlyMap<string, readonly string[]>): void {
    for (const entry of lines) {
      if (entry.kind !== 'reading' && entry.kind !== 'waveform') continue;
      const keys = safe.get(entry.body.device) ?? new Set();
      safe.set(entry.body.device, keys.add(measurementKey(entry.body)));
    }
    for (const [device, keys] of promised) {
      const lost = keys.filter((key) => !safe.get(device)?.has(key));
      if (lost.length > 0) missed.push({ cycle, device, keys: lost });
    }
  }

  return {
    keep: (cycle, books) => {
      const copy = join(folder, String(++copies));
      cpSync(hub, copy, { recursive: true, filter: (path) => !NOT_COPIED.test(path) });
      const wallMs = world.wallMs();
      const promised = new Map(
        books
          .filter(({ keeps }) => keeps === 'promised')
          .map((book) => {
            const keys = book.confirmed.slice(checked.get(book.device) ?? 0);
            checked.set(book.device, book.confirmed.length);
            return [book.device, keys] as const;
          }),
      );
      latest = reading.then(async () => {
        // What the reader itself wrote into the copy, opening it, is not of the hub.
        const lines = (await read(copy, Math.max(1, head - READ_AGAIN))).filter(({ at }) => Date.parse(at) <= wallMs);
        head = lines.at(-1)?.seq ?? head;
        check(cycle, lines, promised);
        rmSync(copy, { recursive: true, force: true });
        return lines;
      });
      reading = latest.then(() => undefined);
      reading.catch(() => undefined); // told by close()
    },
    lasting: () => {
      const copied = latest;
      taken = taken.then(async () => (await copied).forEach(take));
      taken.catch(() => undefined); // told by close()
    },
    close: async () => {
      await taken;
      await reading;
      for (const line of await read(hub, 1)) take(line);
      return { entries, conflicts, missed };
    },
  };
}
