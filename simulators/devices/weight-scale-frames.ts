/** The frames a WSS 1.0 weight scale sends and what it means by them. Source: Bluetooth SIG, Weight Scale Service 1.0. */
import { scaled } from '../../agent/reading/decimal.ts';
import type { Measurement } from '../../agent/reading/measurement.ts';
import { u16, u32 } from './bytes.ts';
import type { Case } from './contract.ts';
import { dateTimeBytes, UNKNOWN_TIME } from './date-time.ts';

/** 2A9D Weight Measurement. */
export const WEIGHT = '2a9d';
/** 2A9E Weight Scale Feature: time stamps (bit 0), weight resolution 50 g (bits 3..6 = 4). */
export const FEATURES: readonly number[] = u32(0x21);

/** The weight that says "I tried and failed"; BMI and height are then left out. */
export const UNSUCCESSFUL = 0xffff;

/** Whole numbers as they travel. */
export interface Weighed {
  readonly unit: 'kg' | 'lb';
  /** 5 g or 0.01 lb steps, 0..65535; UNSUCCESSFUL is no weight. */
  readonly weight: number;
  readonly at?: string;
  readonly user?: number;
  /** BMI in steps of 0.1; height in steps of 1 mm or 0.1 in. */
  readonly body?: { readonly bmi: number; readonly height: number };
}

export function weighedBytes({ unit, weight, at, user, body }: Weighed): Uint8Array {
  const flags =
    (unit === 'lb' ? 1 : 0) | (at !== undefined ? 2 : 0) | (user !== undefined ? 4 : 0) | (body !== undefined ? 8 : 0);
  return Uint8Array.from([
    flags,
    ...u16(weight),
    ...(at !== undefined ? dateTimeBytes(at) : []),
    ...(user !== undefined ? [user] : []),
    ...(body !== undefined ? [...u16(body.bmi), ...u16(body.height)] : []),
  ]);
}

/** What the device means, in the order weight, BMI, height. */
export function weighedMeans({ unit, weight, at, user, body }: Weighed): readonly Measurement[] {
  const facts = {
    ...(at !== undefined && at !== UNKNOWN_TIME && { deviceTime: at }),
    ...(user !== undefined && user !== 0xff && { user }),
  };
  if (weight === UNSUCCESSFUL) return [{ metric: 'MDC_MASS_BODY_ACTUAL', ...facts, absent: 'unsuccessful' }];
  const means: Measurement[] = [{ metric: 'MDC_MASS_BODY_ACTUAL', ...facts, ...mass(unit, weight) }];
  if (body !== undefined) {
    means.push({ metric: 'MDC_RATIO_MASS_BODY_LEN_SQ', ...facts, value: scaled(body.bmi, -1) });
    means.push({ metric: 'MDC_LEN_BODY_ACTUAL', ...facts, ...length(unit, body.height) });
  }
  return means;
}

/** One international avoirdupois pound is 0.45359237 kg exactly; a hundredth of it, in units of 10^-10 kg. */
const HUNDREDTH_POUND = 45_359_237;

function mass(unit: 'kg' | 'lb', weight: number) {
  if (unit === 'kg') return { value: scaled(weight * 5, -3) };
  const grams = Math.floor((weight * HUNDREDTH_POUND + 5_000_000) / 10_000_000);
  return { value: scaled(grams, -3), asTold: { value: scaled(weight, -2), unit: '[lb_av]' } };
}

/** The hub's height is in centimetres: metres move the point, a tenth of an inch is 0.254 cm exactly. */
function length(unit: 'kg' | 'lb', height: number) {
  if (unit === 'kg') return { value: scaled(height, -1), asTold: { value: scaled(height, -3), unit: 'm' } };
  return { value: scaled(height * 254, -3), asTold: { value: scaled(height, -1), unit: '[in_i]' } };
}

const TIMES = ['2024-11-29T23:08:57', '2024-02-29T00:00:00', '2099-12-31T23:59:59', UNKNOWN_TIME];

export function* scaleCases(random: () => number): Iterable<Case> {
  yield* everyFlag(random);
  for (const unit of ['kg', 'lb'] as const) {
    for (let weight = 0; weight <= UNSUCCESSFUL; weight++) yield weighed(`${weight} in ${unit}`, { unit, weight });
    for (let round = 0; round < 2000; round++) {
      const body = { bmi: whole(random, 0xffff), height: whole(random, 0xffff) };
      yield weighed(`body ${round} in ${unit}`, { unit, weight: whole(random, UNSUCCESSFUL - 1), body });
    }
  }
  for (const at of TIMES) yield weighed(`failed at ${at}`, { unit: 'kg', weight: UNSUCCESSFUL, at, user: 0xff });
  yield { name: 'features', frame: { channel: '2a9e', bytes: Uint8Array.from(FEATURES) }, means: [] };
  yield {
    name: 'clock',
    frame: { channel: '2a08', bytes: Uint8Array.from(dateTimeBytes('2026-03-01T06:30:00')) },
    means: [],
  };
}

function* everyFlag(random: () => number): Iterable<Case> {
  for (let flags = 0; flags < 16; flags++) {
    for (let round = 0; round < 16; round++) {
      yield weighed(`flags ${flags}, round ${round}`, {
        unit: flags & 1 ? 'lb' : 'kg',
        weight: whole(random, UNSUCCESSFUL - 1),
        ...(flags & 2 && { at: TIMES[round % TIMES.length] ?? UNKNOWN_TIME }),
        ...(flags & 4 && { user: round % 2 === 0 ? 0xff : whole(random, 0xfe) }),
        ...(flags & 8 && { body: { bmi: whole(random, 600), height: whole(random, 2_200) } }),
      });
    }
  }
}

function weighed(name: string, frame: Weighed): Case {
  return { name, frame: { channel: WEIGHT, bytes: weighedBytes(frame) }, means: weighedMeans(frame) };
}

/** 1..most: what zero BMI or zero height would mean, the document leaves open. */
function whole(random: () => number, most: number): number {
  return 1 + Math.floor(random() * most);
}
