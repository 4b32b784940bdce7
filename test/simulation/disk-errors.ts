/** The words in which LevelDB and the operating system tell of a disk in trouble. */

export type DiskFault = 'io' | 'read-only' | 'full' | 'locked' | 'corrupt';

const WORDS: Readonly<Record<DiskFault, string>> = {
  io: 'Input/output error',
  'read-only': 'Read-only file system',
  full: 'No space left on device',
  locked: 'Resource temporarily unavailable',
  corrupt: 'checksum mismatch',
};

const LEVEL_CODES: Readonly<Record<DiskFault, string>> = {
  io: 'LEVEL_IO_ERROR',
  'read-only': 'LEVEL_IO_ERROR',
  full: 'LEVEL_IO_ERROR',
  locked: 'LEVEL_LOCKED',
  corrupt: 'LEVEL_CORRUPTION',
};

const FILE_CODES: Readonly<Record<DiskFault, string>> = {
  io: 'EIO',
  'read-only': 'EROFS',
  full: 'ENOSPC',
  locked: 'EAGAIN',
  corrupt: 'EIO',
};

/** Of a call on an open store. */
export function storeError(fault: DiskFault): Error {
  const kind = fault === 'corrupt' ? 'Corruption' : 'IO error';
  return coded(LEVEL_CODES[fault], `${kind}: /var/lib/hjemmebro/journal/000005.log: ${WORDS[fault]}`);
}

/** Of opening one: what went wrong is the cause. */
export function notOpened(fault: DiskFault): Error {
  return coded('LEVEL_DATABASE_NOT_OPEN', 'Database failed to open', storeError(fault));
}

export function isClosedError(): Error {
  return coded('LEVEL_DATABASE_NOT_OPEN', 'Database is not open');
}

/** Of a file beside the store. */
export function diskError(fault: DiskFault, call: string): Error {
  return coded(FILE_CODES[fault], `${FILE_CODES[fault]}: ${WORDS[fault].toLowerCase()}, ${call}`);
}

function coded(code: string, message: string, cause?: Error): Error {
  return Object.assign(new Error(message, cause && { cause }), { code });
}
