/** What lies on a card: finds files by pattern, never outside the folder, and reads them without ever writing. */
import { constants } from 'node:fs';
import { lstat, open, readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { LinkError } from './link.ts';

/** A file as it lay on the card at one moment. */
export interface CardFile {
  /** Relative to the card, with `/`. */
  readonly path: string;
  readonly size: number;
  readonly mtimeMs: number;
}

/** A card of ten years of nights has about 20,000 files; beyond this it is no card of ours. */
const MAX_FILES = 50_000;

/** `*` stands for any characters but `/`. A card is FAT: its names have no case, and each system shows another one. */
function segmentPattern(segment: string): RegExp {
  const parts = segment.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 'i');
}

/** All files that match a pattern, by path. Rejects when the folder cannot be listed or holds more than MAX_FILES. */
export async function listCard(folder: string, patterns: readonly string[]): Promise<readonly CardFile[]> {
  const found = new Map<string, CardFile>();
  for (const pattern of patterns) await walk(folder, '', pattern.split('/').map(segmentPattern), found);
  return [...found.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function walk(
  folder: string,
  under: string,
  [segment, ...rest]: readonly RegExp[],
  found: Map<string, CardFile>,
): Promise<void> {
  const entries = await readdir(join(folder, under), { withFileTypes: true }).catch((error: unknown) => {
    if (under === '') throw error;
    return []; // went away while we looked; the next poll sees what is left
  });
  for (const entry of entries) {
    if (!segment?.test(entry.name)) continue;
    const path = under === '' ? entry.name : `${under}/${entry.name}`;
    // A symbolic link is neither: whatever it points to is not on the card.
    if (rest.length > 0 && entry.isDirectory()) await walk(folder, path, rest, found);
    if (rest.length > 0 || !entry.isFile()) continue;
    const facts = await lstat(join(folder, path)).catch(() => undefined);
    if (!facts?.isFile()) continue;
    found.set(path, { path, size: facts.size, mtimeMs: facts.mtimeMs });
    if (found.size > MAX_FILES) throw new LinkError(`more than ${MAX_FILES} files match: is this folder a card?`);
  }
}

/** The file's bytes. Rejects with a LinkError when it is larger than allowed, leads out of the folder or changed meanwhile. */
export async function readCardFile(folder: string, file: CardFile, maxBytes: number): Promise<Uint8Array> {
  if (file.size > maxBytes) throw new LinkError(`${file.size} bytes are more than the ${maxBytes} allowed`);
  const path = join(folder, file.path);
  if ((await realpath(path)) !== join(await realpath(folder), file.path))
    throw new LinkError('it leads out of the card');
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const bytes = new Uint8Array(file.size + 1);
    let filled = 0;
    for (let more = 1; more > 0 && filled < bytes.length; filled += more) {
      more = (await handle.read(bytes, filled, bytes.length - filled, filled)).bytesRead;
    }
    if (filled !== file.size) throw new LinkError('it changed while it was read');
    return bytes.subarray(0, filled);
  } finally {
    await handle.close();
  }
}
