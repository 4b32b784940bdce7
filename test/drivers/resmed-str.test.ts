/** STR.edf of a ResMed card, against days written byte by byte and values worked out by hand. */
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../drivers/contract/driver.ts';
import { resmedCard } from '../../drivers/resmed-card.ts';
import { edfFile, type FixtureSignal } from './resmed-edf.ts';

function decode(bytes: Uint8Array): Outcome {
  return resmedCard.decode({ channel: 'STR.edf', bytes });
}

function measured(bytes: Uint8Array): Extract<Outcome, { outcome: 'measured' }> {
  const outcome = decode(bytes);
  if (outcome.outcome !== 'measured') throw new Error(JSON.stringify(outcome));
  return outcome;
}

const MINUTES = ['0.00', '1440.00', 0, 1440] as const;
const INDEX = ['0.00', '240.00', 0, 2400] as const;
const PRESSURE = ['0.00', '30.00', 0, 1500] as const;
const LEAK = ['0.00', '2.00', 0, 100] as const;
const CODE = ['0', '16', 0, 16] as const;

/** 20513 days after 1970-01-01 is 2026-03-01. */
const FIRST_OF_MARCH = 20_513;
const NIGHT = { deviceTime: '2026-03-01T12:00:00', durationMs: 86_400_000 };

/** Columns of a day with their digital values; ten slots of MaskOn and MaskOff, the unused ones -1. */
function strFile(
  days: readonly Readonly<Record<string, number | readonly number[]>>[],
  extra: readonly FixtureSignal[] = [],
) {
  const signals: readonly FixtureSignal[] = [
    { label: 'Date', range: ['0.00', '24836.00', 0, 24836], perRecord: 1 },
    { label: 'MaskOn', unit: 'min.', range: MINUTES, perRecord: 10 },
    { label: 'MaskOff', unit: 'min.', range: MINUTES, perRecord: 10 },
    { label: 'MaskEvents', range: ['0.00', '255.00', 0, 255], perRecord: 1 },
    { label: 'Duration', unit: 'min.', range: MINUTES, perRecord: 1 },
    { label: 'Mode', range: CODE, perRecord: 1 },
    { label: 'S.C.Press', unit: 'cmH2O', range: ['4.00', '20.00', 200, 1000], perRecord: 1 },
    { label: 'S.AS.MinPress', unit: 'cmH2O', range: ['4.00', '20.00', 200, 1000], perRecord: 1 },
    { label: 'S.AS.MaxPress', unit: 'cmH2O', range: ['4.00', '20.00', 200, 1000], perRecord: 1 },
    { label: 'AHI', range: INDEX, perRecord: 1 },
    { label: 'CAI', range: INDEX, perRecord: 1 },
    { label: 'Leak.95', unit: 'L/s', range: LEAK, perRecord: 1 },
    { label: 'MaskPress.50', unit: 'cmH2O', range: PRESSURE, perRecord: 1 },
    { label: 'Fault.Humidifier', range: CODE, perRecord: 1 },
    ...extra,
  ];
  const records = days.map((day) =>
    signals.flatMap(({ label, perRecord }) => {
      const told = day[label] ?? -1;
      const values = typeof told === 'number' ? [told] : told;
      return Array.from({ length: perRecord }, (_, slot) => values[slot] ?? -1);
    }),
  );
  return edfFile({ start: ['01.03.26', '12.00.00'], recordSeconds: '86400.00', signals, records });
}

const A_NIGHT = {
  Date: FIRST_OF_MARCH,
  MaskOn: [615, 900],
  MaskOff: [880, 1087],
  MaskEvents: 4,
  Duration: 452,
  Mode: 1,
  'S.C.Press': 500,
  'S.AS.MinPress': 250,
  'S.AS.MaxPress': 750,
  AHI: 11,
  CAI: 0,
  'Leak.95': 17,
  'MaskPress.50': 431,
  'Fault.Humidifier': 0,
};

describe('STR.edf', () => {
  test('a night', () => {
    expect(measured(strFile([A_NIGHT])).measurements).toEqual([
      { metric: 'MDC_SABTE_USAGE_TOTAL', ...NIGHT, value: '27120', asTold: { value: '452', unit: 'min' } },
      { metric: 'MDC_SABTE_AHI', ...NIGHT, value: '1.1' },
      { metric: 'MDCX_SABTE_CENTRAL_APNEA_INDEX', ...NIGHT, value: '0.0' },
      { metric: 'MDCX_SABTE_MASK_EVENTS', ...NIGHT, value: '4' },
      // 0.34 L/s in steps of 0.02 L/s, which is 20.4 L/min in steps of 1.2.
      { metric: 'MDC_SABTE_VOL_LEAK_P95', ...NIGHT, value: '20.4', asTold: { value: '0.34', unit: 'L/s' } },
      { metric: 'MDC_SABTE_PRESS_P50', ...NIGHT, value: '8.62' },
      { metric: 'MDC_SABTE_MODE_THERAPY_SET', ...NIGHT, flags: ['setting'], code: 'AutoSet' },
      { metric: 'MDC_SABTE_PRESS_AUTO_MIN_SET', ...NIGHT, flags: ['setting'], value: '5.00' },
      { metric: 'MDC_SABTE_PRESS_AUTO_MAX_SET', ...NIGHT, flags: ['setting'], value: '15.00' },
      { metric: 'MDCX_SABTE_SESSION', deviceTime: '2026-03-01T22:15:00', durationMs: 15_900_000, code: 'mask-on' },
      { metric: 'MDCX_SABTE_SESSION', deviceTime: '2026-03-02T03:00:00', durationMs: 11_220_000, code: 'mask-on' },
    ]);
  });

  test('only the settings of the mode in force are settings', () => {
    const settings = measured(strFile([{ ...A_NIGHT, Mode: 0 }])).measurements.filter((m) =>
      m.flags?.includes('setting'),
    );
    expect(settings).toEqual([
      { metric: 'MDC_SABTE_MODE_THERAPY_SET', ...NIGHT, flags: ['setting'], code: 'CPAP' },
      { metric: 'MDC_SABTE_PRESS_CPAP_SET', ...NIGHT, flags: ['setting'], value: '10.00' },
    ]);
  });

  test('a mode number without a name gives no settings', () => {
    const settings = measured(strFile([{ ...A_NIGHT, Mode: 5 }])).measurements.filter((m) =>
      m.flags?.includes('setting'),
    );
    expect(settings).toEqual([]);
  });

  test('series 11 numbers its modes otherwise, so none is told', () => {
    const column: FixtureSignal = {
      label: 'S.A.MaxPress',
      unit: 'cmH2O',
      range: ['4.00', '20.00', 200, 1000],
      perRecord: 1,
    };
    const outcome = measured(strFile([{ ...A_NIGHT, 'S.A.MaxPress': 600 }], [column]));
    expect(outcome.measurements.filter((m) => m.flags?.includes('setting'))).toEqual([]);
    expect(outcome.measurements).toContainEqual({ metric: 'MDC_SABTE_AHI', ...NIGHT, value: '1.1' });
    expect(outcome.facts).toHaveProperty('settings');
  });

  test('-1 is not recorded, another value outside its range invalid, and neither is a number', () => {
    const { measurements } = measured(strFile([{ ...A_NIGHT, AHI: -1, CAI: -2, 'Leak.95': 101, 'S.AS.MinPress': -1 }]));
    expect(measurements).toContainEqual({ metric: 'MDC_SABTE_AHI', ...NIGHT, absent: 'not-recorded' });
    expect(measurements).toContainEqual({ metric: 'MDCX_SABTE_CENTRAL_APNEA_INDEX', ...NIGHT, absent: 'invalid' });
    expect(measurements).toContainEqual({ metric: 'MDC_SABTE_VOL_LEAK_P95', ...NIGHT, absent: 'invalid' });
    expect(measurements.map((m) => m.metric)).not.toContain('MDC_SABTE_PRESS_AUTO_MIN_SET');
  });

  test('a fault is told with its number', () => {
    const { measurements } = measured(strFile([{ ...A_NIGHT, 'Fault.Humidifier': 3 }]));
    const asTold = { value: '3', unit: '1' };
    expect(measurements).toContainEqual({ metric: 'MDCX_SABTE_FAULT', ...NIGHT, asTold, code: 'Fault.Humidifier' });
  });

  test('a column in an unforeseen unit is not forwarded', () => {
    const column: FixtureSignal = { label: 'Leak.50', unit: 'ft3/min', range: LEAK, perRecord: 1 };
    const { measurements } = measured(strFile([{ ...A_NIGHT, 'Leak.50': 5 }], [column]));
    expect(measurements.map((m) => m.metric)).not.toContain('MDC_SABTE_VOL_LEAK_P50');
  });

  test('days without the mask on, and impossible ones, are left out and counted', () => {
    const days = [
      A_NIGHT,
      { ...A_NIGHT, MaskOn: [], MaskOff: [] },
      { ...A_NIGHT, MaskOn: [0, 300], MaskOff: [0, 300] },
      { ...A_NIGHT, MaskOn: [600], MaskOff: [1441] },
      { ...A_NIGHT, MaskOn: [1500], MaskOff: [-1] },
      { ...A_NIGHT, Date: -1 },
    ];
    const outcome = measured(strFile(days));
    expect(outcome.facts).toEqual({ days: 6, daysUnused: 2, daysInvalid: 3 });
    expect(outcome.measurements.filter((m) => m.metric === 'MDC_SABTE_AHI')).toHaveLength(1);
    expect(decode(strFile(days.slice(1)))).toEqual({ outcome: 'ignored', why: 'nothing to keep of 5 days' });
  });

  test('a day on which the machine was not used says so, and nothing else', () => {
    const unused = measured(strFile([{ ...A_NIGHT, Duration: 0, MaskOn: [], MaskOff: [] }]));
    expect(unused.measurements).toEqual([
      { metric: 'MDC_SABTE_USAGE_TOTAL', ...NIGHT, value: '0', asTold: { value: '0', unit: 'min' } },
    ]);
  });

  test.each([
    ['on since the noon before', 0, 60, '2026-03-01T12:00:00', 60],
    ['to the last minute', 1439, 1440, '2026-03-02T11:59:00', 1],
    ['still on at noon', 1380, 0, '2026-03-02T11:00:00', 60],
  ])('%s', (_, on, off, deviceTime, minutes) => {
    const { measurements } = measured(strFile([{ ...A_NIGHT, MaskOn: [on], MaskOff: [off] }]));
    expect(measurements.filter((m) => m.metric === 'MDCX_SABTE_SESSION')).toEqual([
      { metric: 'MDCX_SABTE_SESSION', deviceTime, durationMs: minutes * 60_000, code: 'mask-on' },
    ]);
  });

  test('a slot with off before on, or but half filled, is passed over', () => {
    const { measurements } = measured(
      strFile([{ ...A_NIGHT, MaskOn: [600, 700, -1, 900], MaskOff: [650, 690, 800, -1] }]),
    );
    expect(measurements.filter((m) => m.metric === 'MDCX_SABTE_SESSION')).toHaveLength(1);
  });

  test('more days than a card keeps are malformed', () => {
    const days = Array.from({ length: 4001 }, () => A_NIGHT);
    expect(decode(strFile(days))).toEqual({ outcome: 'malformed', how: 'more than 4000 days' });
    expect(decode(strFile(days.slice(1))).outcome).toBe('measured');
  });

  test('summer time does not move noon', () => {
    const { measurements } = measured(strFile([{ ...A_NIGHT, Date: 20_541, MaskOn: [900], MaskOff: [960] }]));
    expect(measurements.at(-1)).toMatchObject({ deviceTime: '2026-03-30T03:00:00' });
    expect(measurements[0]).toMatchObject({ deviceTime: '2026-03-29T12:00:00' });
  });
});
