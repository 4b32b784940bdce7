/** What is left of thinned readings: extremes with their digits, a mean, and what was absent. */
import { describe, expect, it } from 'vitest';
import { summarise } from '../../agent/journal/summary.ts';
import type { Draft, Reading } from '../../agent/reading/entry.ts';
import { polled, START_MS, streamed, waved } from './entries.ts';

const readingsOf = (drafts: readonly Draft[]): readonly Reading[] => drafts.map(({ body }) => body as Reading);
const wall = (at: number): string => new Date(START_MS + at * 1000).toISOString();

describe('a summary', () => {
  it.each([
    [['97', '98', '99'], { min: '97', max: '99', mean: '98.0' }],
    [['97.0', '98', '97.5'], { min: '97.0', max: '98', mean: '97.50' }],
    [['-0.4', '0.3', '0.02'], { min: '-0.4', max: '0.3', mean: '-0.027' }],
    [['36.1', '36.1', '36.2'], { min: '36.1', max: '36.2', mean: '36.13' }],
    [['88'], { min: '88', max: '88', mean: '88.0' }],
  ])('of %j keeps the digits of the extremes, and gives the mean one more', (values, expected) => {
    const [summary, none] = summarise(readingsOf(values.map((value, at) => streamed({ at }, value))));
    expect(none).toBeUndefined();
    expect(summary).toEqual({
      device: 'oximeter',
      metric: 'MDC_PULS_OXIM_SAT_O2',
      unit: '%',
      since: wall(0),
      until: wall(values.length - 1),
      count: values.length,
      absent: 0,
      ...expected,
    });
  });

  it('is made for each device, metric and ten minutes', () => {
    const drafts = [
      streamed({ at: 0 }, '97'),
      streamed({ at: 1, device: 'other' }, '80'),
      streamed({ at: 599 }, '95'),
      streamed({ at: 600 }, '91'),
    ];
    expect(summarise(readingsOf(drafts)).map(({ device, count, min, since }) => [device, count, min, since])).toEqual([
      ['oximeter', 2, '95', wall(0)],
      ['other', 1, '80', wall(1)],
      ['oximeter', 1, '91', wall(600)],
    ]);
  });

  it('counts what was absent apart, and has no extremes where there was no value', () => {
    const gone = { ...(streamed({ at: 1 }, '97').body as Reading), value: undefined, absent: 'sensor-off' } as unknown;
    const { value: _, ...absent } = gone as Record<string, unknown>;
    const [both] = summarise([...readingsOf([streamed({ at: 0 }, '97')]), absent as unknown as Reading]);
    expect(both).toMatchObject({ count: 1, absent: 1, min: '97', max: '97' });
    const [none] = summarise([absent as unknown as Reading]);
    expect(none).toMatchObject({ count: 0, absent: 1 });
    expect(none).not.toHaveProperty('min');
  });

  it('tells what was said again and again, apart for each thing said', () => {
    const drafts = ['SET', 'SET', 'HLD', 'SET'].map((code, at) => polled({ at }, code));
    expect(summarise(readingsOf(drafts)).map(({ code, count }) => [code, count])).toEqual([
      ['SET', 3],
      ['HLD', 1],
    ]);
  });

  it('reads the samples of a waveform', () => {
    const [summary] = summarise(readingsOf([waved({ at: 0 }, ['4.0', null, '11.2', '8'])]));
    expect(summary).toMatchObject({ count: 3, absent: 1, min: '4.0', max: '11.2', mean: '7.73' });
  });
});
