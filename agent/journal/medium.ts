/** What the journal asks of a disk: a store of sorted text, and a few files beside it. LevelDB is in level-store.ts, the files are in folder.ts. */

/** Without a value: the key is removed. */
export type Pair = readonly [key: string, value: Buffer | undefined];

/** A key and what is stored under it. */
export type Found = readonly [key: string, value: Buffer];

export interface Range {
  /** First and last key wanted, both inclusive. */
  readonly from: string;
  readonly to: string;
  readonly limit: number;
  /** Stops after about so many bytes of values; at least one pair is returned. */
  readonly maxBytes?: number;
  readonly reverse?: boolean;
}

/** Every method rejects with the store's own error when the disk fails. */
export interface Store {
  /** One atomic batch; on disk when it resolves. */
  write(pairs: readonly Pair[]): Promise<void>;
  /** Answers from memory nearly always; blocks for one disk read when it must. */
  get(key: string): Buffer | undefined;
  getMany(keys: readonly string[]): Promise<readonly (Buffer | undefined)[]>;
  range(range: Range): Promise<readonly Found[]>;
  /** The keys alone. */
  keys(range: Omit<Range, 'maxBytes'>): Promise<readonly string[]>;
  /** What it takes on the disk, bytes. */
  bytes(): Promise<number>;
  /** Gives the disk back what was removed between these keys. */
  compact(from: string, to: string): Promise<void>;
  close(): Promise<void>;
}

/** What an opening could not read back of the store's log; those entries are gone. */
export interface Dropped {
  readonly bytes: number;
  /** Names that opening: no other has it. Without spaces. */
  readonly opening: string;
}

/** The store's place on a disk. */
export interface Medium {
  /** For messages. */
  readonly path: string;
  /** Opens the store, or makes it when there is nothing there. */
  open(): Promise<Store>;
  /** What the last opening dropped, be it of this process or of one that died before it could tell. */
  dropped(): Promise<Dropped | undefined>;
  /** Saves what can be read of a store that does not open. */
  repair(): Promise<void>;
  /** Moves the store out of the way and returns the name it has there; at most three are kept, the oldest is removed. */
  setAside(): Promise<string>;
  /** A small text that outlives the store; empty when there is none. */
  readMark(): Promise<string>;
  /** On disk when it resolves; a power cut leaves the old text or the new. */
  writeMark(text: string): Promise<void>;
  /** What others may still write, bytes. */
  freeBytes(): Promise<number>;
  /** Takes so many bytes beside the store, to be given up when the disk is full. Does nothing when they are taken already. */
  takeReserve(bytes: number): Promise<void>;
  /** Gives them up; false when there were none. */
  giveUpReserve(): Promise<boolean>;
  /** Who has the store open, for a message. */
  lockHolder(): Promise<string | undefined>;
}

/** locked: another process has it. full: no room. disk: read-only or not ours. io: the medium reports errors. corrupt: everything else. */
export type Fault = 'locked' | 'full' | 'disk' | 'io' | 'corrupt';

export function faultOf(error: unknown): Fault {
  for (const { code, message } of chain(error)) {
    if (code === 'LEVEL_LOCKED') return 'locked';
    if (/No space left|Disk quota|ENOSPC|EDQUOT/.test(`${code} ${message}`)) return 'full';
    if (/Read-only file system|Permission denied|Too many open files/.test(message)) return 'disk';
    if (/Input\/output error/.test(message)) return 'io';
    if (/^E[A-Z]+$/.test(code)) return 'disk';
  }
  return 'corrupt';
}

/** Whether the store is there but this part of it cannot be read. */
export function isUnreadable(error: unknown): boolean {
  return [...chain(error)].some(({ code }) => code === 'LEVEL_CORRUPTION' || code === 'LEVEL_IO_ERROR');
}

/** Whether the store opened and a part of it is damaged: what a repair is for. */
export function isDamaged(error: unknown): boolean {
  return [...chain(error)].some(({ code }) => code === 'LEVEL_CORRUPTION');
}

/** The innermost message, which is the one that names the reason. */
export function wordsOf(error: unknown): string {
  return [...chain(error)].at(-1)?.message ?? String(error);
}

function* chain(error: unknown): Generator<{ readonly code: string; readonly message: string }> {
  let link = error;
  for (let depth = 0; link instanceof Error && depth < 5; depth++) {
    yield { code: 'code' in link ? String(link.code) : '', message: link.message };
    link = link.cause;
  }
}
