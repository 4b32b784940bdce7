/** A memory card's Link: watches a folder, and hands over each matching file once, one at a time. */
import type { LinkSpec } from '../../drivers/contract/driver.ts';
import type { HubEvent } from '../reading/entry.ts';
import type { World } from '../world.ts';
import { type CardFile, listCard, readCardFile } from './card-files.ts';
import { type Link, LinkError, type LinkListener } from './link.ts';
import { causeOf, within } from './patience.ts';

export interface CardLinkOptions {
  readonly world: World;
  readonly driverLink: Extract<LinkSpec, { kind: 'card' }>;
  /** Mount point of the card. */
  readonly folder: string;
  /** Told of each file that was refused (`card-file-refused`); the others are read all the same. */
  readonly onEvent: (event: HubEvent) => void;
}

/** Notifications of the file system do not cross mounts; looking is cheap and always right. */
const LOOK_EVERY_MS = 2_000;
const READ_LIMIT_MS = 60_000;
const TAKEN_OUT = 'card taken out';

export function cardLink({ world, driverLink, folder, onEvent }: CardLinkOptions): Link {
  const closing = new AbortController();
  let listener: LinkListener | undefined;
  let isUp = false;
  let told: string | undefined;
  /** As each file was at the last look; a file is stable when it was the same twice. */
  let before = new Map<string, string>();
  /** As each file was when it was kept, and when it was refused; a refused one gets another chance with each insertion. */
  const done = new Map<string, string>();
  const refused = new Map<string, string>();
  let ready: CardFile[] = [];
  /** Counts insertions: a `kept` from an earlier one frees nothing. */
  let insertion = 0;
  let busy = false;
  let living: Promise<void> = Promise.resolve();

  function down(cause: string): void {
    isUp = false;
    busy = false;
    insertion++;
    ready = [];
    before = new Map();
    refused.clear();
    if (told === cause) return;
    told = cause;
    if (!closing.signal.aborted) listener?.down(cause);
  }

  async function look(to: LinkListener): Promise<void> {
    const files = await listCard(folder, driverLink.files).catch((error: unknown) => {
      const why = `folder ${folder} cannot be read: ${causeOf(error)}; check devices[..].folder and the card reader`;
      down(isUp && isAbsent(error) ? TAKEN_OUT : why);
      return [];
    });
    if (closing.signal.aborted) return;
    if (files.length === 0) {
      if (isUp) down(TAKEN_OUT);
      return;
    }
    if (!isUp) {
      isUp = true;
      told = undefined;
      to.up(new Set(driverLink.files), {});
    }
    const now = new Map(files.map((file) => [file.path, fingerprint(file)]));
    for (const path of done.keys()) if (!now.has(path)) done.delete(path);
    ready = files.filter((file) => before.get(file.path) === fingerprint(file) && !isDone(file));
    before = now;
    void deliver(to);
  }

  function isDone(file: CardFile): boolean {
    return [done, refused].some((as) => as.get(file.path) === fingerprint(file));
  }

  /** The next file goes only after the last is on disk: a card of years must not lie in memory. */
  async function deliver(to: LinkListener): Promise<void> {
    if (busy) return;
    busy = true;
    const during = insertion;
    for (let file = ready.shift(); file; file = ready.shift()) {
      if (isDone(file)) continue; // it was on its way at the last look
      const bytes = await read(file);
      if (during !== insertion || closing.signal.aborted) return; // `busy` belongs to the next insertion
      if (bytes) return hand(to, file, bytes, during);
    }
    busy = false;
  }

  function hand(to: LinkListener, file: CardFile, bytes: Uint8Array, during: number): void {
    let isKept = false;
    const kept = (): void => {
      if (isKept) return;
      isKept = true;
      done.set(file.path, fingerprint(file));
      if (during !== insertion || closing.signal.aborted) return;
      busy = false;
      void deliver(to);
    };
    to.frame({ channel: file.path, bytes, kept });
  }

  async function read(file: CardFile): Promise<Uint8Array | undefined> {
    const limits = { world, limitMs: READ_LIMIT_MS, what: 'reading', gone: closing.signal };
    try {
      return await within(limits, readCardFile(folder, file, driverLink.maxFileBytes));
    } catch (error) {
      if (closing.signal.aborted) return undefined;
      refused.set(file.path, fingerprint(file));
      onEvent({ name: 'card-file-refused', cause: `${file.path}: ${causeOf(error)}` });
      return undefined;
    }
  }

  async function live(to: LinkListener): Promise<void> {
    while (!closing.signal.aborted) {
      await look(to);
      await world.sleep(LOOK_EVERY_MS, closing.signal);
    }
  }

  return {
    open(to) {
      if (listener) throw new Error('a link is opened once');
      listener = to;
      living = live(to);
    },
    async write() {
      throw new LinkError('a card is only read');
    },
    async read() {
      throw new LinkError('a card hands over its files by itself');
    },
    async hangUp() {},
    async close() {
      closing.abort('the hub closed the link');
      await living;
    },
  };
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function fingerprint({ size, mtimeMs }: CardFile): string {
  return `${size} ${mtimeMs}`;
}
