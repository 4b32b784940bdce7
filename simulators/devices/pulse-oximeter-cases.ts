/** Every frame a PLX oximeter may send, for the laws: all flag combinations, all status bits, all 65536 SFLOAT patterns. */

import { ascii } from './bytes.ts';
import type { Case } from './contract.ts';
import { UNKNOWN_TIME } from './date-time.ts';
import {
  CONTINUOUS,
  type Continuous,
  continuousBytes,
  SPOT_CHECK,
  type SpotCheck,
  saturationMeans,
  spotCheckBytes,
} from './pulse-oximeter-frames.ts';
import { everySFloat, type SFloat, SPECIAL_NAMES, withDecimals } from './sfloat.ts';

const ORDINARY: Continuous & SpotCheck = { spo2: withDecimals(96.5, 1), pulse: withDecimals(71, 0) };
const TIMES = [
  '2024-11-29T23:08:57',
  '2024-02-29T00:00:00',
  '1970-01-01T00:00:00',
  '2099-12-31T23:59:59',
  UNKNOWN_TIME,
];

export function* oximeterCases(random: () => number): Iterable<Case> {
  yield* everyFlag(random);
  yield* everyStatusBit(random);
  yield* everyNumber(random);
  yield* everySpecial();
  yield* nothingToKeep();
}

function* everyFlag(random: () => number): Iterable<Case> {
  for (let flags = 0; flags < 32; flags++) {
    for (let round = 0; round < 8; round++) {
      yield continuous(`flags ${flags}, round ${round}`, {
        ...usual(random),
        ...(flags & 1 && { fast: [ordinary(random), ordinary(random)] as const }),
        ...(flags & 2 && { slow: [ordinary(random), ordinary(random)] as const }),
        ...(flags & 4 && { status: usualStatus(random) }),
        ...(flags & 8 && { deviceStatus: usualDeviceStatus(random) }),
        ...(flags & 16 && { pai: ordinary(random) }),
      });
      yield spotCheck(`flags ${flags}, round ${round}`, {
        ...usual(random),
        ...(flags & 1 && { at: TIMES[round % TIMES.length] ?? UNKNOWN_TIME }),
        ...(flags & 2 && { status: usualStatus(random) }),
        ...(flags & 4 && { deviceStatus: usualDeviceStatus(random) }),
        ...(flags & 8 && { pai: ordinary(random) }),
        ...(flags & 16 && { clockNotSet: true }),
      });
    }
  }
}

/** Each bit alone, then words drawn at random: which reason outranks which shows only when several bits are set. */
function* everyStatusBit(random: () => number): Iterable<Case> {
  for (let bit = 0; bit < 16; bit++) yield* withStatus(`status bit ${bit}`, 1 << bit, undefined);
  for (let bit = 0; bit < 24; bit++) yield* withStatus(`device status bit ${bit}`, undefined, 1 << bit);
  for (let round = 0; round < 300; round++) {
    yield* withStatus(`status words, round ${round}`, word(random, 16), word(random, 24));
  }
}

function* withStatus(name: string, status?: number, deviceStatus?: number): Iterable<Case> {
  for (const spo2 of [ORDINARY.spo2, 'NaN' as const]) {
    const frame = {
      ...ORDINARY,
      spo2,
      pai: withDecimals(4.25, 2),
      ...(status !== undefined && { status }),
      ...(deviceStatus !== undefined && { deviceStatus }),
    };
    yield continuous(name, frame);
    yield spotCheck(name, { ...frame, at: '2026-03-01T06:30:00' });
  }
}

/** Each pattern once as SpO2, once as pulse and once as PAI, in three orders. */
function* everyNumber(random: () => number): Iterable<Case> {
  const numbers = [...everySFloat()];
  const [skip, jump] = [1 + Math.floor(random() * 65_535), 1 + Math.floor(random() * 65_535)];
  for (const [at, spo2] of numbers.entries()) {
    const pulse = numbers[(at + skip) % numbers.length] ?? spo2;
    const pai = numbers[(at + jump) % numbers.length] ?? spo2;
    yield continuous(`number ${at}`, { spo2, pulse, pai });
  }
}

function* everySpecial(): Iterable<Case> {
  for (const special of SPECIAL_NAMES) {
    const frame = { ...ORDINARY, pai: special };
    yield spotCheck(`${special} as SpO2`, { ...ORDINARY, spo2: special });
    yield spotCheck(`${special} as pulse`, { ...ORDINARY, pulse: special });
    yield spotCheck(`${special} as PAI`, frame);
  }
}

/** Features, control point answers and device information are no measurements. */
function* nothingToKeep(): Iterable<Case> {
  yield {
    name: 'features',
    frame: { channel: '2a60', bytes: Uint8Array.of(0x4f, 0, 0xe0, 0xff, 0xff, 0xff, 0) },
    means: [],
  };
  yield { name: 'features, bare', frame: { channel: '2a60', bytes: Uint8Array.of(0x04, 0) }, means: [] };
  for (const code of [1, 2, 3, 4, 5, 6, 7, 8, 9]) {
    yield { name: `RACP answer ${code}`, frame: { channel: '2a52', bytes: Uint8Array.of(6, 0, 1, code) }, means: [] };
  }
  yield { name: 'RACP count', frame: { channel: '2a52', bytes: Uint8Array.of(5, 0, 2, 1) }, means: [] };
  yield { name: 'manufacturer', frame: { channel: '2a29', bytes: ascii('Simulated') }, means: [] };
}

function continuous(name: string, frame: Continuous): Case {
  const bytes = continuousBytes(frame);
  return { name: `continuous, ${name}`, frame: { channel: CONTINUOUS, bytes }, means: saturationMeans(frame) };
}

function spotCheck(name: string, frame: SpotCheck): Case {
  const bytes = spotCheckBytes(frame);
  return { name: `spot-check, ${name}`, frame: { channel: SPOT_CHECK, bytes }, means: saturationMeans(frame) };
}

function usual(random: () => number): { readonly spo2: SFloat; readonly pulse: SFloat } {
  return {
    spo2: withDecimals(70 + random() * 30, 1),
    pulse: withDecimals(40 + random() * 140, random() < 0.5 ? 1 : 0),
  };
}

function ordinary(random: () => number): SFloat {
  return withDecimals(random() * 20, 2);
}

/** Bits 5..9 and 14: none of them takes the number away. */
function usualStatus(random: () => number): number {
  return word(random, 16) & 0x43e0;
}

function usualDeviceStatus(random: () => number): number {
  return word(random, 16) & 0x07fd;
}

function word(random: () => number, bits: number): number {
  return Math.floor(random() * 2 ** bits);
}
