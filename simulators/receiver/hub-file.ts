/** One hub's rows in one file of JSON lines, appended and synced; whatever moment its process dies at, the next one finds whole lines. */
import { type FileHandle, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { openIdIndex } from './id-index.ts';
import type { Arrival, Memo, Placed, Row } from './store.ts';

export interface HubFile {
  put(arrivals: readonly Arrival[]): Promise<readonly Placed[]>;
  rows(after: number, most: number): Promise<readonly Row[]>;
  keep(memo: Memo): Promise<void>;
  memo(): Promise<Memo | undefined>;
  close(): Promise<void>;
}

/** Ids of all rows are in memory, about 150 bytes each; past this puts reject and the hub keeps what it has. */
const ROWS_MOST = 5_000_000;
const CHUNK_BYTES = 1 << 20;
/** No line of ours is longer: a payload of a mebibyte in escapes, or a memo. */
const LINE_MOST_BYTES = 16 << 20;

interface Line {
  /** With the line feed, unless it was cut off. */
  readonly bytes: Buffer;
  readonly from: number;
  /** Where the next line begins. */
  readonly to: number;
}

/** Rejects, in words for an operator, when the file was damaged by more than a crash. Reads all of it once, for the ids. */
export async function openHubFile(path: string): Promise<HubFile> {
  const handle = await open(path, 'r+').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return create(path);
    throw error;
  });
  try {
    return await read(handle, path);
  } catch (error) {
    await handle.close();
    throw error;
  }
}

async function read(handle: FileHandle, path: string): Promise<HubFile> {
  const ids = openIdIndex();
  let memo: Memo | undefined;
  let end = 0;
  let tornAt = Infinity;
  for await (const line of linesOf(handle, 0)) {
    const value = parsed(line);
    if (value === undefined) {
      tornAt = Math.min(tornAt, line.from);
    } else if (tornAt < value.synced) {
      throw new Error(
        `${path} is damaged at byte ${tornAt}, and not by a crash: that byte had been synced. Restore the file from a copy, or move it away: the hub then sends again what it still has`,
      );
    } else if (tornAt === Infinity) {
      if ('memo' in value) memo = { place: value.memo, text: value.text };
      else ids.take(value.id, value.seq);
      end = line.to;
    }
  }
  await handle.truncate(end);
  await handle.datasync(); // what the process before wrote may never have been synced
  let synced = end;

  /**
   * One write for all of it. After an error nobody knows what lies above `end`, so the next write begins there again. What may be
   * left beyond was never told of, and its `synced` says so to whoever opens the file.
   */
  async function append(lines: readonly string[], isSynced: boolean): Promise<void> {
    const bytes = Buffer.from(lines.join(''));
    for (let done = 0; done < bytes.length; ) {
      done += (await handle.write(bytes, done, bytes.length - done, end + done)).bytesWritten;
    }
    if (isSynced) await handle.datasync();
    end += bytes.length;
    if (isSynced) synced = end;
  }

  async function put(arrivals: readonly Arrival[]): Promise<readonly Placed[]> {
    if (ids.size() + arrivals.length > ROWS_MOST)
      throw new Error(`${path} holds ${ROWS_MOST} rows at most: use a database`);
    const lines: string[] = [];
    let place = end;
    const placed = arrivals.map(({ entry: { id, seq }, text, historical }): Placed => {
      const was = ids.take(id, seq);
      if (was === 'copy') return { was };
      const line = `${JSON.stringify({ synced, seq, id, was, historical, text: was === 'new' ? text : '' })}\n`;
      lines.push(line);
      place += Buffer.byteLength(line);
      return { was, place };
    });
    try {
      if (lines.length > 0) await append(lines, true);
    } catch (error) {
      for (const [at, { entry }] of arrivals.entries()) {
        if (placed[at]?.was !== 'copy') ids.forget(entry.id, entry.seq);
      }
      throw error;
    }
    return placed;
  }

  async function rows(after: number, most: number): Promise<readonly Row[]> {
    const found: Row[] = [];
    for await (const line of linesOf(handle, after)) {
      if (found.length === most || line.from >= end) break;
      const value = parsed(line);
      if (value === undefined || 'memo' in value) continue;
      const { seq, was, historical, text } = value;
      found.push({ place: line.to, seq, was, historical, text });
    }
    return found;
  }

  return {
    put,
    rows,
    keep: async (next) => {
      const line = `${JSON.stringify({ synced, memo: next.place, text: next.text })}\n`;
      await append([line], false); // the next put syncs it, and until then the one before it will do
      memo = next;
    },
    memo: async () => memo,
    close: () => handle.close(),
  };
}

/** A file is there after a power cut only when its folder was synced. */
async function create(path: string): Promise<FileHandle> {
  const handle = await open(path, 'wx+');
  const folder = await open(dirname(path), 'r');
  await folder.sync();
  await folder.close();
  return handle;
}

async function* linesOf(handle: FileHandle, start: number): AsyncGenerator<Line> {
  let rest = Buffer.alloc(0);
  let from = start; // of `rest`
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, from + rest.length);
    if (bytesRead === 0) break;
    const bytes = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    let begin = 0;
    for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, begin)) {
      yield { bytes: bytes.subarray(begin, at + 1), from: from + begin, to: from + at + 1 };
      begin = at + 1;
    }
    rest = bytes.subarray(begin);
    from += begin;
    if (rest.length > LINE_MOST_BYTES)
      throw new Error(`no line ends within ${LINE_MOST_BYTES} bytes from byte ${from} on`);
  }
  if (rest.length > 0) yield { bytes: rest, from, to: from + rest.length };
}

/** Of a hub's file; all before byte `synced` was durable when the line was written. */
type Value = { readonly synced: number; readonly text: string } & (
  | (Omit<Row, 'place'> & { readonly id: string })
  | { readonly memo: number }
);

/** Undefined for a line that is not whole. Nobody but us writes this file, so what is an object is ours. */
function parsed({ bytes }: Line): Value | undefined {
  if (bytes.at(-1) !== 10) return undefined;
  try {
    const value: Value | null = JSON.parse(bytes.toString());
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
