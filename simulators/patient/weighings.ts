/** What the scale sees in each story: the mornings in its memory, and today's weighing. */
import type { ScaleScript, StoredWeighing } from '../devices/bluetooth-sig-weight-scale.ts';
import type { Calendar, Chance } from './chance.ts';
import type { ScenarioName } from './scenario.ts';

/** The demo care plan's limit is 84.0 kg; only heart-failure-week goes above it, and only today. */
const USUAL_KG: Readonly<Record<ScenarioName, number>> = {
  'copd-night': 62,
  'heart-failure-week': 80.9,
  'pump-occlusion': 71,
  'quiet-day': 76,
};

const MORNINGS = 7;
const TODAY_AFTER_MS = 4_000;

export function weighingsOf(name: ScenarioName, chance: Chance, calendar: Calendar): ScaleScript {
  const usual = USUAL_KG[name] + chance(0, 0.3, 2);
  const gaining = name === 'heart-failure-week';
  const gain = gaining ? chance(2.1, 2.25, 2) : chance(-0.1, 0.1, 2);
  const today = usual + gain + (gaining ? chance(1.6, 2, 2) : chance(-0.1, 0.1, 2));
  const stored = gaining ? mornings(usual, gain, chance, calendar) : [morning(1, usual, chance, calendar)];
  return {
    name: 'Scale',
    clock: { startsAt: calendar.now },
    stored,
    // Stamped by the story, not by the device's clock, which shows how fast the hub was to set it.
    weighings: [{ afterMs: TODAY_AFTER_MS, kg: shown(today), at: calendar.after(TODAY_AFTER_MS) }],
  };
}

/** Seven mornings, each heavier than the one before. */
function mornings(usual: number, gain: number, chance: Chance, calendar: Calendar): readonly StoredWeighing[] {
  return Array.from({ length: MORNINGS }, (_, day) =>
    morning(MORNINGS - day, usual + (gain * day) / (MORNINGS - 1), chance, calendar),
  );
}

function morning(daysAgo: number, kg: number, chance: Chance, calendar: Calendar): StoredWeighing {
  const minute = String(chance(0, 59)).padStart(2, '0');
  return { at: `${calendar.daysAgo(daysAgo)}T07:${minute}:00`, kg: shown(kg) };
}

/** The scale shows 50 g. */
function shown(kg: number): number {
  return Number((Math.round(kg * 20) / 20).toFixed(2));
}
