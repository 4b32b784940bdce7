/** The draws of one run. Each part of the world has a stream of its own, so that one more draw here changes nothing there. */
import { randomFrom } from '../../agent/world.ts';

export interface Chance {
  /** Uniform in [0, 1). */
  real(): number;
  odds(probability: number): boolean;
  between(low: number, high: number): number;
  /** Both ends included. */
  whole(low: number, high: number): number;
  /** Between two positive numbers, with as many between 1 and 2 as between 10 and 20. */
  scale(low: number, high: number): number;
  one<T>(list: readonly T[]): T;
  /** A stream of its own for a part of the world. */
  of(part: string): Chance;
}

export function chance(seed: number, part = 'run'): Chance {
  const real = randomFrom(mixed(seed, part));
  const between = (low: number, high: number): number => low + real() * (high - low);
  const whole = (low: number, high: number): number => low + Math.floor(real() * (high - low + 1));
  return {
    real,
    odds: (probability) => real() < probability,
    between,
    whole,
    scale: (low, high) => low * (high / low) ** real(),
    one: (list) => {
      const item = list[whole(0, list.length - 1)];
      if (item === undefined) throw new Error('nothing to draw from');
      return item;
    },
    of: (name) => chance(seed, `${part}/${name}`),
  };
}

/** FNV-1a over the name, begun at the seed. */
function mixed(seed: number, part: string): number {
  let hash = (0x811c9dc5 ^ Math.imul(seed, 0x9e3779b1)) >>> 0;
  for (let i = 0; i < part.length; i++) hash = Math.imul(hash ^ part.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}
