/** The sample arrays of a ResMed card, PLD and SAD, against files written byte by byte and values worked out by hand. */
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../drivers/contract/driver.ts';
import { resmedCard } from '../../drivers/resmed-card.ts';
import { edfFile, type FixtureSignal } from './resmed-edf.ts';

function decode(bytes: Uint8Array): Outcome {
  return resmedCard.decode({ channel: '', bytes });
}

function measured(bytes: Uint8Array): Extract<Outcome, { outcome: 'measured' }> {
  const outcome = decode(bytes);
  if (outcome.outcome !== 'measured') throw new Error(JSON.stringify(outcome));
  return outcome;
}

const PRESSURE = ['0.00', '30.00', 0, 1500] as const;
const LEAK = ['0.00', '2.00', 0, 100] as const;

const PLD_SIGNALS: readonly FixtureSignal[] = [
  { label: 'MaskPress.2s', unit: 'cmH2O', range: ['0.00', '40.00', 0, 2000], perRecord: 2 },
  { label: 'Leak.2s', unit: 'L/s', range: LEAK, perRecord: 2 },
  { label: 'RespRate.2s', unit: 'bpm', range: ['0.00', '90.00', 0, 450], perRecord: 2 },
  { label: 'TidVol.2s', unit: 'L', range: ['0.00', '4.00', 0, 200], perRecord: 2 },
  { label: 'MinVent.2s', unit: 'L/min', range: ['0.00', '30.00', 0, 240], perRecord: 2 },
  { label: 'IERatio.2s', unit: '%', range: ['0.00', '200.00', 0, 200], perRecord: 2 },
  { label: 'Ti.2s', unit: 's', range: ['0.00', '10.00', 0, 500], perRecord: 1 },
  { label: 'TgtVent.2s', unit: 'L/min', range: ['0.00', '30.00', 0, 240], perRecord: 2 },
];

describe('PLD', () => {
  test('every signal in its unit, with the digits of its gain', () => {
    const records = [[431, 0, 17, -1, 75, 76, 25, 26, 49, 48, 50, 67, 61, 1, 2]];
    const outcome = measured(edfFile({ recordSeconds: '4.00', signals: PLD_SIGNALS, records }));
    const at = { deviceTime: '2026-03-01T22:15:00', periodMs: 2000 };
    expect(outcome.facts).toEqual({ signalsNotForwarded: 1 });
    expect(outcome.measurements).toEqual([
      { metric: 'MDCX_SABTE_MASK_PRESS', ...at, samples: ['8.62', '0.00'] },
      { metric: 'MDC_SABTE_VOL_LEAK', ...at, samples: ['20.4', null] },
      { metric: 'MDC_SABTE_RESP_RATE', ...at, samples: ['15.0', '15.2'] },
      { metric: 'MDC_SABTE_VOL_TIDAL', ...at, samples: ['0.50', '0.52'] },
      { metric: 'MDC_SABTE_VOL_MINUTE', ...at, samples: ['6.125', '6.000'] },
      { metric: 'MDC_SABTE_RATIO_IE', ...at, samples: ['0.50', '0.67'] },
      { metric: 'MDCX_SABTE_INSP_TIME', deviceTime: '2026-03-01T22:15:00', periodMs: 4000, samples: ['1.22'] },
    ]);
  });

  test('a night comes in pieces of fifteen minutes of whole records', () => {
    const signals = PLD_SIGNALS.slice(0, 1);
    const records = Array.from({ length: 32 }, (_, record) => [record, record]);
    const { measurements } = measured(
      edfFile({ start: ['28.02.26', '23.50.07'], recordSeconds: '60.00', signals, records }),
    );
    expect(measurements.map((m) => [m.deviceTime, 'samples' in m && m.samples.length])).toEqual([
      ['2026-02-28T23:50:07', 30],
      ['2026-03-01T00:05:07', 30],
      ['2026-03-01T00:20:07', 4],
    ]);
    expect(measurements.flatMap((m) => ('samples' in m ? m.samples : []))).toHaveLength(64);
    expect(measurements[1]).toMatchObject({ periodMs: 30_000, metric: 'MDCX_SABTE_MASK_PRESS' });
    expect(measurements[2]).toMatchObject({ samples: ['0.60', '0.60', '0.62', '0.62'] });
  });

  test('the five-breath mean of the inspiratory time outranks the single breath', () => {
    const time = { unit: 's', range: ['0.00', '10.00', 0, 500], perRecord: 1 } as const;
    const signals = [
      { label: 'Ti.2s', ...time },
      { label: 'B5ITime.2s', ...time },
      { label: 'B5ETime.2s', ...time },
    ];
    const { measurements, facts } = measured(edfFile({ recordSeconds: '2', signals, records: [[50, 60, 70]] }));
    expect(measurements).toMatchObject([
      { metric: 'MDCX_SABTE_INSP_TIME', samples: ['1.20'] },
      { metric: 'MDCX_SABTE_EXP_TIME', samples: ['1.40'] },
    ]);
    expect(facts).toEqual({ signalsNotForwarded: 1 });
  });

  test.each([
    ['a gain that never ends', '60.00', { range: ['0.00', '1.00', 0, 3], perRecord: 1 }],
    ['an empty range', '60.00', { range: ['0.00', '1.00', 3, 3], perRecord: 1 }],
    ['a range without numbers', '60.00', { range: ['', '', 0, 3], perRecord: 1 }],
    ['a period finer than a millisecond', '60.00', { range: PRESSURE, perRecord: 7 }],
    ['records longer than a piece', '901.00', { range: PRESSURE, perRecord: 1 }],
    ['records of no time', '0.00', { range: PRESSURE, perRecord: 1 }],
  ] as const)('%s is malformed', (_, recordSeconds, rest) => {
    const signals = [{ label: 'MaskPress.2s', unit: 'cmH2O', ...rest }];
    const records = [Array.from({ length: rest.perRecord }, () => 1)];
    expect(decode(edfFile({ recordSeconds, signals, records })).outcome).toBe('malformed');
  });

  test('more than two days are malformed', () => {
    const signals = [{ label: 'MaskPress.2s', unit: 'cmH2O', range: PRESSURE, perRecord: 1 }];
    const of = (count: number) =>
      edfFile({ recordSeconds: '900', signals, records: Array.from({ length: count }, () => [1]) });
    expect(decode(of(192)).outcome).toBe('measured');
    expect(decode(of(193)).outcome).toBe('malformed');
  });
});

describe('SAD and SA2', () => {
  const signals: readonly FixtureSignal[] = [
    { label: 'Pulse.1s', unit: 'bpm', range: ['0.00', '300.00', 0, 300], perRecord: 3 },
    { label: 'SpO2.1s', unit: '%', range: ['0.00', '100.00', 0, 100], perRecord: 3 },
  ];

  test('a missing sample is null', () => {
    const { measurements } = measured(edfFile({ recordSeconds: '3', signals, records: [[61, -1, 62, 97, 96, -1]] }));
    const at = { deviceTime: '2026-03-01T22:15:00', periodMs: 1000 };
    expect(measurements).toEqual([
      { metric: 'MDC_PULS_OXIM_PULS_RATE', ...at, samples: ['61', null, '62'] },
      { metric: 'MDC_PULS_OXIM_SAT_O2', ...at, samples: ['97', '96', null] },
    ]);
  });

  test('nothing but -1 means no oximeter', () => {
    const bytes = edfFile({ recordSeconds: '3', signals, records: [[-1, -1, -1, -1, -1, -1]] });
    expect(decode(bytes)).toEqual({ outcome: 'ignored', why: 'no oximeter attached' });
  });
});
