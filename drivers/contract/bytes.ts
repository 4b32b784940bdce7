/** Reading little-endian fields off a frame without ever throwing: the first fault is remembered and asked for at the end. */

export interface ByteReader {
  /** Unsigned little-endian integers. Past the end they are 0, and fault() says what was missing. */
  u8(field: string): number;
  u16(field: string): number;
  u24(field: string): number;
  u32(field: string): number;
  /** Records the first thing that is wrong with the frame, in words; later ones are dropped. */
  reject(how: string): void;
  /**
   * What is wrong with the frame: a field past the end, something rejected, or bytes left over; undefined when nothing is.
   * Must be asked before any value read is used as a measurement.
   */
  fault(): string | undefined;
}

export function byteReader(bytes: Uint8Array): ByteReader {
  let at = 0;
  let first: string | undefined;

  function reject(how: string): void {
    first ??= how;
  }
  function unsigned(field: string, size: number): number {
    if (at + size > bytes.length) {
      reject(`truncated: ${field} needs ${size} bytes at ${at}, ${bytes.length - at} left`);
      return 0;
    }
    let value = 0;
    for (let i = size - 1; i >= 0; i--) value = value * 256 + (bytes[at + i] ?? 0);
    at += size;
    return value;
  }
  return {
    u8: (field) => unsigned(field, 1),
    u16: (field) => unsigned(field, 2),
    u24: (field) => unsigned(field, 3),
    u32: (field) => unsigned(field, 4),
    reject,
    fault: () => first ?? (at < bytes.length ? `too long: ${bytes.length - at} bytes after the last field` : undefined),
  };
}

/** Whether bit `n` (0 = least significant) of a word of at most 32 bits is set. */
export function bit(word: number, n: number): boolean {
  return ((word >>> n) & 1) === 1;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
