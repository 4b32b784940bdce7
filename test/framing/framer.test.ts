/** Frames come out whole however the stream was torn; noise is counted; nothing grows. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFramer } from '../../agent/framing/framer.ts';

const FRAMING = { kind: 'delimited', start: 0x21, end: 0x0d, maxBytes: 16 } as const;

function bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

interface Total {
  readonly frames: readonly string[];
  readonly noiseBytes: number;
  readonly tooLongFrames: number;
}

/** What one framer makes of these pieces, in all. */
function cut(...pieces: readonly Uint8Array[]): Total {
  const framer = createFramer(FRAMING);
  const cuts = pieces.map((piece) => framer.push(piece));
  return {
    frames: cuts.flatMap((one) => one.frames.map((frame) => String.fromCharCode(...frame))),
    noiseBytes: cuts.reduce((sum, one) => sum + one.noiseBytes, 0),
    tooLongFrames: cuts.reduce((sum, one) => sum + one.tooLongFrames, 0),
  };
}

describe('a stream', () => {
  test.each<[string, string, readonly string[], number, number]>([
    ['one frame', '!INF|4961\r', ['!INF|4961\r'], 0, 0],
    ['two at once', '!A\r!B\r', ['!A\r', '!B\r'], 0, 0],
    ['rubbish before', 'xyz!A\r', ['!A\r'], 3, 0],
    ['rubbish between', '!A\r\n\0!B\r', ['!A\r', '!B\r'], 2, 0],
    ['an end without a start', '\r\r!A\r', ['!A\r'], 2, 0],
    ['a start inside', '!IN!INF\r', ['!INF\r'], 3, 0],
    ['many starts', '!!!!A\r', ['!A\r'], 3, 0],
    ['an empty frame', '!\r', ['!\r'], 0, 0],
    ['a frame of just the most', '!23456789012345\r', ['!23456789012345\r'], 0, 0],
    ['a frame one too long', '!234567890123456\r!A\r', ['!A\r'], 17, 1],
    ['a frame far too long', `!${'x'.repeat(1000)}\r!A\r`, ['!A\r'], 1002, 1],
    ['nothing finished', '!IN', [], 0, 0],
  ])('%s', (_, stream, frames, noiseBytes, tooLongFrames) => {
    expect(cut(bytes(stream))).toEqual({ frames, noiseBytes, tooLongFrames });
  });

  test('torn anywhere gives the same', () => {
    const text = 'xx!INF|4961\r\n!A\r!B!C\r!234567890123456789\r!D\r';
    for (let at = 0; at <= text.length; at++) {
      expect(cut(bytes(text.slice(0, at)), bytes(text.slice(at)))).toEqual(cut(bytes(text)));
    }
  });
});

/** Streams rich in what a framer stumbles over. */
const stream = fc
  .array(fc.oneof(fc.constantFrom(0x21, 0x0d), fc.nat(255), fc.constant(0x41)), { maxLength: 200 })
  .map((list) => Uint8Array.from(list));

describe('whatever the stream', () => {
  test('any split gives the same frames and the same noise', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(200), { maxLength: 10 }), (whole, marks) => {
        const at = [0, ...marks.filter((mark) => mark < whole.length).sort((a, b) => a - b), whole.length];
        const pieces = at.slice(1).map((end, i) => whole.subarray(at[i], end));
        expect(cut(...pieces)).toEqual(cut(whole));
      }),
    );
  });

  test('every byte is in a frame, noise, or held, and no more than the most is held', () => {
    fc.assert(
      fc.property(stream, (whole) => {
        const { frames, noiseBytes } = cut(whole);
        const held = whole.length - noiseBytes - frames.join('').length;
        expect(held >= 0 && held < FRAMING.maxBytes).toBe(true);
        for (const frame of frames) expect(frame).toMatch(/^![^!\r]*\r$/);
      }),
    );
  });

  test('a frame sent whole after any noise comes out', () => {
    fc.assert(fc.property(stream, (noise) => cut(noise, bytes('!INF\r')).frames.at(-1) === '!INF\r'));
  });
});

test('frames stay what they were when more is pushed, and the pushed bytes are left alone', () => {
  const framer = createFramer(FRAMING);
  const given = bytes('!A\r');
  const [first] = framer.push(given).frames;
  framer.push(bytes('!ZZZZ\r'));
  expect([first, given]).toEqual([bytes('!A\r'), bytes('!A\r')]);
});

test.each([
  ['one byte at most', { ...FRAMING, maxBytes: 1 }],
  ['one byte for both ends', { ...FRAMING, end: FRAMING.start }],
])('%s is a mistake', (_, framing) => expect(() => createFramer(framing)).toThrow('no frame fits'));
