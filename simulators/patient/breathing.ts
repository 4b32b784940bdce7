/** What the oximeter sees in each story. Values keep half a percent away from the limits of the demo care plan. */
import { unreachable } from '../../agent/reading/unreachable.ts';
import type { LiveSample, OximeterScript } from '../devices/bluetooth-sig-pulse-oximeter.ts';
import type { Calendar, Chance } from './chance.ts';
import type { ScenarioName } from './scenario.ts';

/** SpO2 in %, pulse per minute: the lowest and the highest that are told. */
interface Level {
  readonly spo2: readonly [low: number, high: number];
  readonly pulse: readonly [low: number, high: number];
}

/** The demo care plan has its limits at 88.0 and 85.0 with a deadband of 1, and pulse at 120. */
const GOOD: Level = { spo2: [95.2, 98.2], pulse: [64, 78] };
const CONGESTED: Level = { spo2: [93, 95.4], pulse: [80, 92] };
const COPD: Level = { spo2: [91, 93], pulse: [82, 92] };
const COPD_SINKING: Level = { spo2: [86.6, 87.4], pulse: [92, 98] };
const COPD_LOW: Level = { spo2: [81, 84.2], pulse: [98, 112] };

/** At 1 Hz, so that this many samples are this many seconds below the limit. */
const LOW_AT_LEAST = 6;
const TOO_SHORT_FOR_THAT = 10;

export function breathingOf(name: ScenarioName, chance: Chance, samples: number, calendar: Calendar): OximeterScript {
  const levels = levelsOf(name, samples);
  const usual = levels[0] ?? GOOD;
  return {
    name: 'Oximeter',
    live: levels.map((level, second) => sample(level, chance, second * 1000)),
    stored: [6, 4, 2].map((hours) => ({
      at: calendar.hoursAgo(hours),
      spo2: chance(...usual.spo2, 1),
      pulse: chance(...usual.pulse),
    })),
  };
}

function levelsOf(name: ScenarioName, samples: number): readonly Level[] {
  switch (name) {
    case 'copd-night':
      return copdNight(samples);
    case 'heart-failure-week':
      return repeat(CONGESTED, samples);
    case 'pump-occlusion':
    case 'quiet-day':
      return repeat(GOOD, samples);
    default:
      return unreachable(name);
  }
}

/** Well, sinking, low for at least six seconds (all but two, when the run is too short for that), rising, well. */
function copdNight(samples: number): readonly Level[] {
  const low = samples < TOO_SHORT_FOR_THAT ? samples - 2 : Math.max(LOW_AT_LEAST, Math.round(samples * 0.4));
  const rest = samples - low;
  const [well, sinking, rising] = [Math.ceil(rest * 0.35), Math.floor(rest * 0.25), Math.floor(rest * 0.125)];
  return [
    ...repeat(COPD, well),
    ...repeat(COPD_SINKING, sinking),
    ...repeat(COPD_LOW, low),
    ...repeat(COPD_SINKING, rising),
    ...repeat(COPD, rest - well - sinking - rising),
  ];
}

function sample(level: Level, chance: Chance, afterMs: number): LiveSample {
  return { afterMs, spo2: chance(...level.spo2, 1), pulse: chance(...level.pulse), pai: chance(3, 6, 2) };
}

function repeat(level: Level, times: number): readonly Level[] {
  return Array.from({ length: times }, () => level);
}
