/** Every code is what its partition and term make it, every name and code occurs once, every metric rests on a code. */
import { describe, expect, test } from 'vitest';
import { MDC, type MdcRow } from '../../agent/vocabulary/mdc.ts';
import { isMetricName, METRICS, type Metric, unitOf } from '../../agent/vocabulary/metrics.ts';

const rows: readonly (readonly [string, MdcRow])[] = Object.entries(MDC);
const metrics: readonly (readonly [string, Metric])[] = Object.entries(METRICS);

test.each(rows)('%s', (name, { mdc, partition, term, status, unit }) => {
  expect(mdc).toBe(partition * 65_536 + term);
  expect(term).toBeLessThan(65_536);
  expect(name).toMatch(/^MDCX?_[A-Z0-9_]+$/);
  // Private codes are ours and only ours: partition 1024, terms from 0xF000.
  expect(name.startsWith('MDCX_')).toBe(status === 'local');
  expect(partition === 1024 && term >= 0xf000).toBe(status === 'local');
  expect(unit).not.toBe('');
});

test('no code stands for two names', () => {
  const names = new Map<number, string[]>();
  for (const [name, { mdc }] of rows) names.set(mdc, [...(names.get(mdc) ?? []), name]);
  expect([...names.values()].filter((sharing) => sharing.length > 1)).toEqual([]);
});

test('settings share the term of what they set', () => {
  for (const [name, { term }] of rows.filter(([, row]) => row.partition === 258)) {
    expect(term, name).toBe(Object.entries(MDC).find(([other]) => `${other}_SETTING` === name)?.[1].term);
  }
});

/** Spot checks against IEEE 11073-10101 as read in the Rosetta and the HL7 PHD guide. */
test.each([
  ['MDC_PULS_OXIM_SAT_O2', 150456, '%', '2708-6'],
  ['MDC_PULS_OXIM_PULS_RATE', 149530, '/min', '8867-4'],
  ['MDC_PULS_OXIM_PERF_REL', 150448, '1', undefined],
  ['MDC_MASS_BODY_ACTUAL', 188736, 'kg', '29463-7'],
  ['MDC_LEN_BODY_ACTUAL', 188740, 'cm', '8302-2'],
  ['MDC_RATIO_MASS_BODY_LEN_SQ', 188752, 'kg/m2', '39156-5'],
  ['MDC_FLOW_FLUID_PUMP', 157784, 'mL/h', undefined],
  ['MDC_TIME_PD_REMAIN', 157916, 'min', '76308-6'],
  ['MDC_SABTE_AHI', 8410788, '/h', undefined],
] as const)('%s is %i in %s', (name, mdc, unit, loinc) => {
  const row: MdcRow = MDC[name];
  expect([row.mdc, row.unit, row.loinc]).toEqual([mdc, unit, loinc]);
});

/** UCUM, case-sensitive form; a unit outside this list is a spelling mistake or needs a word with the hospital. */
const UCUM = [
  '%',
  '1',
  '/min',
  '/h',
  'kg',
  'kg/m2',
  'cm',
  'cm[H2O]',
  'mm[Hg]',
  'kPa',
  'mmol/L',
  'Cel',
  'mW',
  'mL',
  'L',
  'L/min',
];
const UCUM_MORE = ['mL/h', 'mg', 'mg/h', 'mg/mL', 's', 'min', 'us'];

describe('metrics', () => {
  test.each(metrics)('%s', (name, metric) => {
    const row = rows.find(([other]) => other === name)?.[1];
    expect(row, 'every metric is a row of MDC').toBeDefined();
    expect(row?.status).not.toBe('withdrawn');
    expect([metric.mdc, metric.unit, metric.loinc]).toEqual([row?.mdc, row?.unit, row?.loinc]);
    expect(metric.label).not.toBe('');
    // Numbers have a unit and bounds; what is no number has neither.
    expect(metric.possible === undefined).toBe(metric.unit === undefined);
    if (metric.possible) expect(metric.possible[0]).toBeLessThan(metric.possible[1]);
    if (metric.unit !== undefined) expect([...UCUM, ...UCUM_MORE]).toContain(metric.unit);
  });

  test('no two are called the same', () => {
    const labels = metrics.map(([, { label }]) => label);
    expect(labels.filter((label, i) => labels.indexOf(label) !== i)).toEqual([]);
  });

  test('names are recognised, and nothing else', () => {
    expect(metrics.every(([name]) => isMetricName(name))).toBe(true);
    expect(['MDC_EVT_ALARM', 'toString', '__proto__', ''].filter(isMetricName)).toEqual([]);
  });

  test('units', () =>
    expect([unitOf('MDC_PULS_OXIM_SAT_O2'), unitOf('MDC_DRUG_NAME_LABEL')]).toEqual(['%', undefined]));
});
