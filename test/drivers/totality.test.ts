/** Whatever bytes come in: no driver throws, none touches them, and nothing cut short is taken for a measurement. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sameBytes } from '../../drivers/contract/bytes.ts';
import { drivers } from '../../drivers/registry.ts';
import { ALARIS } from './alaris-vectors.ts';
import { PULSE_OXIMETER, WEIGHT_SCALE } from './vectors.ts';

const VECTORS = {
  'bluetooth-sig-pulse-oximeter': PULSE_OXIMETER,
  'bluetooth-sig-weight-scale': WEIGHT_SCALE,
  'alaris-gh-serial': ALARIS,
} as const;
const CHANNELS = [
  ...new Set(Object.values(VECTORS).flatMap((vectors) => vectors.map(({ channel }) => channel))),
  '2a52',
  '2a08',
  'ffff',
];

test('covers every driver that is not covered file by file', () => {
  const covered = [...Object.keys(VECTORS), 'resmed-card'];
  expect(covered.sort()).toEqual(drivers.map(({ id }) => id).sort());
});

describe.each(Object.entries(VECTORS))('%s', (id, vectors) => {
  const driver = drivers.find((one) => one.id === id);
  if (!driver) throw new Error(`no driver ${id}`);

  test('takes nothing cut short for a measurement, at any byte', () => {
    for (const { name, channel, bytes } of vectors) {
      for (let length = 0; length < bytes.length; length++) {
        const outcome = driver.decode({ channel, bytes: bytes.subarray(0, length) });
        expect(outcome.outcome, `${name}, first ${length} bytes`).toBe('malformed');
      }
    }
  });

  test('takes nothing with a byte too many for a measurement', () => {
    for (const { name, channel, bytes } of vectors) {
      const outcome = driver.decode({ channel, bytes: Uint8Array.of(...bytes, 0) });
      expect(outcome.outcome, name).toBe('malformed');
    }
  });

  test('answers any bytes, names every number, and leaves the bytes alone', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc
        .constantFrom(...vectors.map((vector) => vector.bytes))
        .chain((whole) =>
          fc
            .tuple(fc.nat(whole.length - 1), fc.nat(255))
            .map(([at, byte]) => whole.map((b, i) => (i === at ? byte : b))),
        ),
    );
    fc.assert(
      fc.property(fc.constantFrom(...CHANNELS), bytes, (channel, given) => {
        const before = Uint8Array.from(given);
        const outcome = driver.decode({ channel, bytes: given });
        expect(sameBytes(given, before)).toBe(true);
        if (outcome.outcome !== 'measured') return;
        for (const m of outcome.measurements) expect(Object.hasOwn(driver.observes, m.metric), m.metric).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  test('takes nothing huge for a measurement', () => {
    for (const channel of CHANNELS) {
      for (const filler of [0x00, 0x21, 0xff]) {
        expect(driver.decode({ channel, bytes: new Uint8Array(1_000_000).fill(filler) }).outcome).not.toBe('measured');
      }
    }
  });

  test('means the same wherever the bytes lie', () => {
    for (const { channel, bytes } of vectors) {
      const inside = Uint8Array.of(0xff, ...bytes, 0xff).subarray(1, bytes.length + 1);
      expect(driver.decode({ channel, bytes: inside })).toEqual(driver.decode({ channel, bytes }));
    }
  });
});
