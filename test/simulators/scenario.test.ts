/** The stories: pure in name, seed and length, and clear of the demo care plan's limits. */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MetricName } from '../../agent/vocabulary/metrics.ts';
import type { PumpState } from '../../simulators/devices/alaris-gh-frames.ts';
import { SCENARIOS, type ScenarioOptions, scenario } from '../../simulators/patient/scenario.ts';

/** The limits the stories must keep clear of, and the values at which an alert on them can end. */
const { rules } = JSON.parse(readFileSync(new URL('../../config/demo/care-plan.json', import.meta.url), 'utf8')) as {
  readonly rules: readonly { metric?: string; low?: string; high?: string; deadband?: string }[];
};
function edgesOf(metric: MetricName): readonly number[] {
  const edges = rules
    .filter((rule) => rule.metric === metric)
    .flatMap(({ low, high, deadband = '0' }) => [
      ...(low === undefined ? [] : [Number(low), Number(low) + Number(deadband)]),
      ...(high === undefined ? [] : [Number(high), Number(high) - Number(deadband)]),
    ]);
  if (edges.length === 0) throw new Error(`the demo care plan has no limit on ${metric}`);
  return edges;
}
const SPO2_EDGES = edgesOf('MDC_PULS_OXIM_SAT_O2');
const PULSE_LIMIT = Math.min(...edgesOf('MDC_PULS_OXIM_PULS_RATE'));
const WEIGHT_EDGES = edgesOf('MDC_MASS_BODY_ACTUAL');
const WEIGHT_LIMIT = Math.max(...WEIGHT_EDGES);

const options = fc.record({ seed: fc.nat(), seconds: fc.integer({ min: 1, max: 300 }) });

describe.each(SCENARIOS)('%s', (name) => {
  it('is the same for the same seed, and another for another', () => {
    fc.assert(
      fc.property(options, (given) => {
        expect(scenario(name, given)).toEqual(scenario(name, given));
        const other = scenario(name, { ...given, seed: given.seed + 1 });
        expect(other.oximeter).not.toEqual(scenario(name, given).oximeter);
        expect(other.pump).not.toEqual(scenario(name, given).pump);
      }),
      { numRuns: 50 },
    );
  });

  it('has as many live samples as the run has seconds for', () => {
    for (const [seconds, samples] of [
      [30, 14],
      [60, 44],
      [10, 6],
      [22, 6],
    ] as const) {
      const { oximeter, pump } = scenario(name, { seed: 1, seconds });
      expect([oximeter.live.length, pump.states.length]).toEqual([samples, samples]);
    }
  });

  it('keeps half a unit away from every limit', () => {
    fc.assert(
      fc.property(options, (given) => {
        const { oximeter, scale } = scenario(name, given);
        const breaths = [...oximeter.live, ...oximeter.stored];
        const nearest = Math.min(...breaths.flatMap(({ spo2 }) => SPO2_EDGES.map((edge) => Math.abs(spo2 - edge))));
        expect(nearest).toBeGreaterThanOrEqual(0.5);
        expect(Math.max(...breaths.map(({ pulse }) => pulse))).toBeLessThan(PULSE_LIMIT - 0.5);
        const weights = [...scale.stored, ...scale.weighings].flatMap(({ kg }) =>
          WEIGHT_EDGES.map((edge) => Math.abs(kg - edge)),
        );
        expect(Math.min(...weights)).toBeGreaterThanOrEqual(0.5);
      }),
    );
  });

  it('stamps everything before the run on a day before it or in the night', () => {
    const { oximeter, scale, card } = scenario(name, { seed: 5, seconds: 30, nowLocal: '2026-01-01T09:30:00' });
    for (const { at } of [...oximeter.stored, ...scale.stored]) expect(at < '2026-01-01T09:30:00').toBe(true);
    expect(scale.clock.startsAt).toBe('2026-01-01T09:30:00');
    expect(card.lastNight).toBe('2025-12-31');
  });
});

describe('what sets them apart', () => {
  const long: ScenarioOptions = { seed: 3, seconds: 30 };
  const below = (name: (typeof SCENARIOS)[number], limit: number) =>
    scenario(name, long)
      .oximeter.live.map(({ spo2 }) => (spo2 < limit ? '_' : '-'))
      .join('');

  it('copd-night sinks below 85 for six seconds and recovers', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 26, max: 300 }), (seed, seconds) => {
        const levels = scenario('copd-night', { seed, seconds }).oximeter.live.map(({ spo2 }) =>
          spo2 < 85 ? '_' : '-',
        );
        expect(levels.join('')).toMatch(/^-+_{6,}-+$/);
      }),
    );
    expect(below('copd-night', 85)).toBe('-----______---');
    expect(below('copd-night', 88)).toBe('---_________--');
    expect(below('quiet-day', 88)).not.toContain('_');
  });

  it('heart-failure-week gains more than two kilograms in seven mornings, and passes the limit today', () => {
    fc.assert(
      fc.property(options, (given) => {
        const { stored, weighings } = scenario('heart-failure-week', given).scale;
        expect(stored).toHaveLength(7);
        expect((stored[6]?.kg ?? 0) - (stored[0]?.kg ?? 0)).toBeGreaterThan(2);
        for (const { kg } of stored) expect(kg).toBeLessThan(WEIGHT_LIMIT);
        expect(weighings[0]?.kg).toBeGreaterThan(WEIGHT_LIMIT);
        expect(new Set(stored.map(({ at }) => at.slice(0, 10))).size).toBe(7);
      }),
    );
    for (const name of ['copd-night', 'pump-occlusion', 'quiet-day'] as const) {
      const { stored, weighings } = scenario(name, long).scale;
      for (const { kg } of [...stored, ...weighings]) expect(kg).toBeLessThan(WEIGHT_LIMIT);
    }
  });

  it('pump-occlusion is blocked once, on hold with high pressure, and flows again', () => {
    fc.assert(
      fc.property(options, (given) => {
        const { states } = scenario('pump-occlusion', given).pump;
        const alarms = states.map(({ alarm }) => (alarm === 'AL_OCCL' ? '!' : '-')).join('');
        expect(alarms).toMatch(/^-+!{2,}-+$/);
        expect(states.filter((state) => !consistent(state))).toEqual([]);
      }),
    );
    expect(scenario('quiet-day', long).pump.states.every(({ alarm }) => alarm === 'AL_NOALM')).toBe(true);
  });
});

/** On hold and under pressure while there is an alarm, and only then. */
function consistent({ alarm, status, pressure }: PumpState): boolean {
  const blocked = alarm === 'AL_OCCL';
  return blocked === (status === 'HLD') && blocked === Number(pressure) >= 600;
}
