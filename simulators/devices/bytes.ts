/** Numbers as the bytes a simulated device sends, least significant first, as GATT wants them. */

export function u16(value: number): readonly number[] {
  return [value & 0xff, (value >> 8) & 0xff];
}

export function u24(value: number): readonly number[] {
  return [...u16(value), (value >> 16) & 0xff];
}

export function u32(value: number): readonly number[] {
  return [...u24(value), (value >>> 24) & 0xff];
}

/** US-ASCII text; our devices speak nothing else. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
