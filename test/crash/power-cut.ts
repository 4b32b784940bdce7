/** What is left of a folder after a power cut: reads the notes of power.c and takes away whatever was never synced. */
import {
  closeSync,
  existsSync,
  ftruncateSync,
  linkSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { unreachable } from '../../agent/reading/unreachable.ts';

/** One thing that happened in the folder, in order. `grave` names the link to what a name stood for before, or is 'none' or 'unkept'. */
export type Note =
  | { readonly note: 'sync'; readonly inode: number; readonly size: number }
  | { readonly note: 'failed'; readonly inode: number }
  | { readonly note: 'made' | 'emptied'; readonly inode: number; readonly path: string }
  | { readonly note: 'unlink'; readonly grave: string; readonly path: string }
  | { readonly note: 'rename'; readonly grave: string; readonly from: string; readonly to: string };

/** Bytes before the text: its length in use, of no interest to us. */
const HEAD_BYTES = 8;

/** Whole lines only: a process that died while it noted leaves zeros in its last. */
export function readNotes(bytes: Buffer): readonly Note[] {
  const text = bytes.subarray(HEAD_BYTES).toString('utf8');
  return [...text.matchAll(/>([^\0\n>]+)\n/g)].flatMap(([, line = '']) => noteOf(line) ?? []);
}

function noteOf(line: string): Note | undefined {
  const [head = '', first = '', second = ''] = line.split('\t');
  const [word, a = '', b = ''] = head.split(' ');
  switch (word) {
    case 'sync':
      return { note: word, inode: Number(a), size: Number(b) };
    case 'failed':
      return { note: word, inode: Number(a) };
    case 'made':
    case 'emptied':
      return { note: word, inode: Number(a), path: first };
    case 'unlink':
      return { note: word, grave: a, path: first };
    case 'rename':
      return { note: word, grave: a, from: first, to: second };
    default:
      return undefined;
  }
}

export interface Survival {
  /** Bytes of each file that are on the medium, by inode. Files without a note were there before, whole. */
  readonly bytes: ReadonlyMap<number, number>;
  /** Changes of names after the last sync of anything, oldest first: a journalling file system may have lost any tail of them. */
  readonly names: readonly Note[];
}

/** Metadata are journalled in order, so that a sync of any file makes every change of names before it lasting (ext4, xfs, btrfs). */
export function survivalOf(notes: readonly Note[]): Survival {
  const bytes = new Map<number, number>();
  const failed = new Set<number>();
  let names: Note[] = [];
  for (const note of notes) {
    switch (note.note) {
      case 'sync':
        if (!failed.has(note.inode)) bytes.set(note.inode, note.size);
        names = [];
        break;
      case 'failed':
        failed.add(note.inode);
        break;
      case 'made':
      case 'emptied':
        bytes.set(note.inode, 0);
        failed.delete(note.inode);
        if (note.note === 'made') names.push(note);
        break;
      case 'unlink':
      case 'rename':
        // What cannot be undone has come to the medium, and so has all before it.
        if (note.grave === 'unkept') names = [];
        else names.push(note);
        break;
      default:
        unreachable(note);
    }
  }
  return { bytes, names };
}

export interface Cut {
  readonly namesUndone: number;
  readonly filesCut: number;
  readonly bytesLost: number;
}

/** Does to the folder what the cut did to it; the process must be dead. `graves` is where power.c kept removed names. */
export function cutPower(folder: string, graves: string, notes: readonly Note[], random: () => number): Cut {
  const { bytes, names } = survivalOf(notes);
  const most = Math.floor(random() * (names.length + 1));
  let undone = 0;
  // A death between a call and its note leaves that note out: what such a name stood for before cannot be told.
  for (; undone < most; undone++) if (!undo(names[names.length - 1 - undone], graves)) break;
  let filesCut = 0;
  let bytesLost = 0;
  for (const path of filesIn(folder)) {
    const { ino, size } = statSync(path);
    const lasting = bytes.get(ino) ?? size;
    if (lasting >= size) continue;
    filesCut += 1;
    bytesLost += size - lasting;
    cutFile(path, lasting, size, random);
  }
  return { namesUndone: undone, filesCut, bytesLost };
}

/** False where there is nothing to undo any more. */
function undo(note: Note | undefined, graves: string): boolean {
  switch (note?.note) {
    case 'made':
      rmSync(note.path, { force: true });
      return true;
    case 'unlink':
      exhume(graves, note.grave, note.path);
      return true;
    case 'rename':
      if (!existsSync(note.to)) return false;
      renameSync(note.to, note.from);
      exhume(graves, note.grave, note.to);
      return true;
    case undefined:
    case 'sync':
    case 'failed':
    case 'emptied':
      return false; // no name changed
    default:
      return unreachable(note);
  }
}

/** A socket takes its name without a note; what stood there before it comes back all the same. */
function exhume(graves: string, grave: string, path: string): void {
  if (grave === 'none') return;
  rmSync(path, { force: true });
  linkSync(join(graves, grave), path);
}

/** The tail that was not synced is gone, or there in part, or there in length only: file systems do all three. */
function cutFile(path: string, lasting: number, size: number, random: () => number): void {
  const kind = random();
  const some = lasting + Math.floor(random() * (size - lasting));
  const file = openSync(path, 'r+');
  try {
    if (kind < 0.5) ftruncateSync(file, lasting);
    else if (kind < 0.75) ftruncateSync(file, some);
    else {
      ftruncateSync(file, some);
      writeSync(file, Buffer.alloc(some - lasting), 0, some - lasting, lasting);
    }
  } finally {
    closeSync(file);
  }
}

function filesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
