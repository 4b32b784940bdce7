/** The units a card writes for what we forward, the document's own first: a blank dimension means that one. */
import type { Conversion } from './scale.ts';

export const CM_H2O: readonly Conversion[] = [{ written: 'cmH2O', ucum: 'cm[H2O]', times: [1, 1] }];
/** Written per second, forwarded per minute. */
export const LEAK: readonly Conversion[] = [
  { written: 'L/s', ucum: 'L/s', times: [60, 1] },
  { written: 'L/min', ucum: 'L/min', times: [1, 1] },
];
export const L_PER_MIN: readonly Conversion[] = [{ written: 'L/min', ucum: 'L/min', times: [1, 1] }];
export const LITRE: readonly Conversion[] = [
  { written: 'L', ucum: 'L', times: [1, 1] },
  { written: 'mL', ucum: 'mL', times: [1, 1000] },
];
export const PER_MIN: readonly Conversion[] = [
  { written: 'bpm', ucum: '/min', times: [1, 1] },
  { written: '/min', ucum: '/min', times: [1, 1] },
];
export const PER_HOUR: readonly Conversion[] = [{ written: '/h', ucum: '/h', times: [1, 1] }];
export const PERCENT: readonly Conversion[] = [{ written: '%', ucum: '%', times: [1, 1] }];
/** A ratio written in percent: 50 % is an inspiration half as long as the expiration. */
export const RATIO: readonly Conversion[] = [{ written: '%', ucum: '%', times: [1, 100] }];
export const SECONDS: readonly Conversion[] = [
  { written: 's', ucum: 's', times: [1, 1] },
  { written: 'seconds', ucum: 's', times: [1, 1] },
];
/** Written in minutes, forwarded in seconds. */
export const MINUTES: readonly Conversion[] = [
  { written: 'min.', ucum: 'min', times: [60, 1] },
  { written: 'min', ucum: 'min', times: [60, 1] },
];
/** No dimension at all: a stated one is not what the document describes. */
export const PLAIN: readonly Conversion[] = [{ written: '', ucum: '1', times: [1, 1] }];
