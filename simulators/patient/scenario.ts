/** What happens to a patient, told as what each of the four devices will do: a pure function of name, seed, length and day. */
import type { PumpScript } from '../devices/alaris-gh-serial.ts';
import type { OximeterScript } from '../devices/bluetooth-sig-pulse-oximeter.ts';
import type { ScaleScript } from '../devices/bluetooth-sig-weight-scale.ts';
import type { CardScript } from '../devices/resmed-card.ts';
import { breathingOf } from './breathing.ts';
import { calendarOf, chanceOf } from './chance.ts';
import { infusionOf } from './infusion.ts';
import { weighingsOf } from './weighings.ts';

export const SCENARIOS = ['copd-night', 'heart-failure-week', 'pump-occlusion', 'quiet-day'] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

export function isScenarioName(text: string): text is ScenarioName {
  return SCENARIOS.some((name) => name === text);
}

export interface ScenarioOptions {
  readonly seed: number;
  /** Length of the run (at least 22); start-up and drain take 16 of them, each of the others has its sample. */
  readonly seconds: number;
  /** 'YYYY-MM-DD' in the patient's home, default 2026-03-02. */
  readonly today?: string;
  /** Local time there when the run begins, default eight in the morning of `today`. */
  readonly nowLocal?: string;
}

export interface Scenario {
  readonly name: ScenarioName;
  readonly oximeter: OximeterScript;
  readonly scale: ScaleScript;
  readonly pump: PumpScript;
  readonly card: CardScript;
}

/** The pump has a state for each second: its settings should have it asked as often. */
export const PUMP_POLL_SECONDS = 1;

const STARTUP_AND_DRAIN_SECONDS = 16;
const FEWEST_SAMPLES = 6;
const NIGHTS_ON_CARD = 2;
const CARD_AFTER_MS = 3_000;

/** Live counts follow from `seconds` alone: what a run must have delivered is known before it starts. */
export function scenario(name: ScenarioName, options: ScenarioOptions): Scenario {
  const { seed, seconds, today = '2026-03-02', nowLocal = `${today}T08:00:00` } = options;
  const samples = Math.max(FEWEST_SAMPLES, Math.floor(seconds) - STARTUP_AND_DRAIN_SECONDS);
  const calendar = calendarOf(nowLocal);
  return {
    name,
    oximeter: breathingOf(name, chanceOf(seed, 1), samples, calendar),
    scale: weighingsOf(name, chanceOf(seed, 2), calendar),
    pump: infusionOf(name, chanceOf(seed, 3), samples),
    card: { insertAfterMs: CARD_AFTER_MS, seed, nights: NIGHTS_ON_CARD, lastNight: calendar.daysAgo(1) },
  };
}
