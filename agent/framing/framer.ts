/** Cuts a byte stream into frames, however it was torn on the way; touches nothing of the world. */
import type { Framing } from '../../drivers/contract/driver.ts';

export interface Cut {
  readonly frames: readonly Uint8Array[];
  /** Bytes that belong to no frame, counted when that became certain. */
  readonly noiseBytes: number;
  /** Frames given up because they outgrew maxBytes; their bytes are in noiseBytes too. */
  readonly tooLongFrames: number;
}

/** One stream's framer. Holds at most maxBytes between pushes, whatever is pushed (invariant 9). */
export interface Framer {
  push(bytes: Uint8Array): Cut;
}

/** Throws RangeError for a framing that could never yield a frame: that is a mistake in the driver. */
export function createFramer({ start, end, maxBytes }: Framing): Framer {
  if (start === end || maxBytes < 2)
    throw new RangeError(`no frame fits: start ${start}, end ${end}, at most ${maxBytes}`);
  const held = new Uint8Array(maxBytes);
  let length = 0; // 0 is outside a frame: inside, the start byte is always held

  function push(bytes: Uint8Array): Cut {
    const frames: Uint8Array[] = [];
    let noiseBytes = 0;
    let tooLongFrames = 0;
    for (const byte of bytes) {
      if (byte === start) {
        noiseBytes += length; // the end of the frame before was lost on the line
        held[0] = byte;
        length = 1;
      } else if (length === 0) {
        noiseBytes++;
      } else {
        held[length++] = byte;
        if (byte === end) {
          frames.push(held.slice(0, length));
          length = 0;
        } else if (length === maxBytes) {
          noiseBytes += length;
          tooLongFrames++;
          length = 0;
        }
      }
    }
    return { frames, noiseBytes, tooLongFrames };
  }
  return { push };
}
