/** Events, identification and what is left of a ResMed card, and a published vector: the header of a real machine. */
import { describe, expect, test } from 'vitest';
import type { Outcome } from '../../drivers/contract/driver.ts';
import { resmedCard } from '../../drivers/resmed-card.ts';
import { annotationFile, edfFile, eventList } from './resmed-edf.ts';
import { REAL_STR_CHECKSUM, REAL_STR_CRC_RANGE, REAL_STR_SIGNALS } from './resmed-str-header.ts';

function decode(bytes: Uint8Array, channel = ''): Outcome {
  return resmedCard.decode({ channel, bytes });
}

function measured(bytes: Uint8Array): Extract<Outcome, { outcome: 'measured' }> {
  const outcome = decode(bytes);
  if (outcome.outcome !== 'measured') throw new Error(JSON.stringify(outcome));
  return outcome;
}

describe('EVE and CSL', () => {
  test.each([
    ['Hypopnea', 'MDCX_SABTE_HYPOPNEA'],
    ['Central Apnea', 'MDCX_SABTE_CENTRAL_APNEA'],
    ['Obstructive Apnea', 'MDCX_SABTE_OBSTRUCTIVE_APNEA'],
    ['Apnea', 'MDCX_SABTE_APNEA'],
    ['Arousal', 'MDCX_SABTE_RERA'],
  ])('%s', (label, metric) => {
    // The trap: 22:15:00 + 1000 s is when it was OVER.
    expect(measured(annotationFile([eventList('1000', '12', label)])).measurements).toEqual([
      { metric, deviceTime: '2026-03-01T22:31:28', durationMs: 12_000, code: label },
    ]);
  });

  test('fractions of a second are kept, and an event may begin before the recording', () => {
    const lists = [eventList('3600.5', '10.25', 'Apnea'), eventList('4', '10', 'Hypopnea')];
    expect(measured(annotationFile(lists, ['01.01.26', '00.00.05'])).measurements).toEqual([
      {
        metric: 'MDCX_SABTE_APNEA',
        deviceTime: '2026-01-01T00:59:55.250',
        durationMs: 10_250,
        code: 'Apnea',
      },
      { metric: 'MDCX_SABTE_HYPOPNEA', deviceTime: '2025-12-31T23:59:59', durationMs: 10_000, code: 'Hypopnea' },
    ]);
  });

  test('a night without events is ignored', () => {
    expect(decode(annotationFile([]))).toEqual({ outcome: 'ignored', why: 'no events' });
  });

  test('a label in another language is counted and shown, not guessed', () => {
    const lists = [
      eventList('100', '10', 'Hypopnée'),
      eventList('200', '10', 'Hypopnée'),
      eventList('300', '10', 'constructor'),
    ];
    expect(decode(annotationFile(lists))).toEqual({
      outcome: 'measured',
      measurements: [],
      facts: { eventsUnknown: 3, labelsUnknown: 'Hypopnée; constructor' },
    });
  });

  test('two labels at one time are two events', () => {
    const { measurements } = measured(annotationFile(['+100\x1510\x14Apnea\x14Arousal\x14\0']));
    expect(measurements.map((m) => m.metric)).toEqual(['MDCX_SABTE_APNEA', 'MDCX_SABTE_RERA']);
  });

  test('Cheyne-Stokes respiration is one span', () => {
    const lists = ['+600\x14CSR Start\x14\0', '+1500\x14CSR End\x14\0', '+3600\x14CSR Start\x14\0'];
    expect(measured(annotationFile(lists)).measurements).toEqual([
      { metric: 'MDCX_SABTE_CSR', deviceTime: '2026-03-01T22:25:00', durationMs: 900_000, code: 'CSR' },
      { metric: 'MDCX_SABTE_CSR', deviceTime: '2026-03-01T23:15:00', flags: ['ongoing'], code: 'CSR' },
    ]);
  });

  test('an end without a start is counted', () => {
    expect(decode(annotationFile(['+600\x14CSR End\x14\0']))).toMatchObject({
      measurements: [],
      facts: { csrUnpaired: 1 },
    });
  });

  test('more annotations than a night can have are malformed', () => {
    const lists = Array.from({ length: 20_000 }, () => eventList('1', '1', 'Apnea'));
    expect(decode(annotationFile(lists))).toEqual({ outcome: 'malformed', how: 'more than 20000 annotations' });
    expect(measured(annotationFile(lists.slice(1))).measurements).toHaveLength(19_999);
  });

  test.each([
    ['no sign', '100\x1510\x14Apnea\x14\0'],
    ['no number', '+abc\x14Apnea\x14\0'],
    ['no end', '+100\x1510\x14Apnea\0'],
    ['a duration that is none', '+100\x15-1\x14Apnea\x14\0'],
    ['two durations', '+100\x151\x152\x14Apnea\x14\0'],
    ['text alone', 'Apnea\0'],
  ])('an annotation with %s is malformed', (_, list) => {
    expect(decode(annotationFile([list]))).toEqual({
      outcome: 'malformed',
      how: 'record 2: not a time-stamped annotation list',
    });
  });
});

describe('the rest of the card', () => {
  test('Identification.tgt tells the machine, never its serial number', () => {
    const text = '#IMF 0001\r\n\r\n#SRN 99990000001\r\n#PNA AirSense_10_AutoSet\r\n#PCD 37160\r\n';
    const outcome = decode(new TextEncoder().encode(text));
    expect(outcome).toEqual({
      outcome: 'measured',
      measurements: [],
      facts: { model: 'AirSense 10 AutoSet', productCode: '37160' },
    });
    expect(JSON.stringify(outcome)).not.toContain('9999');
  });

  test.each(['#SRN 1\n', '#PNA\n', '#PNA Air\nnonsense\n', `#PNA ${'x'.repeat(17_000)}`])(
    'not an Identification.tgt',
    (text) => {
      expect(decode(new TextEncoder().encode(text)).outcome).toBe('malformed');
    },
  );

  test('the flow waveform stays on the card', () => {
    const signals = [
      { label: 'Flow.40ms', unit: 'L/s', range: ['-2.00', '3.00', -1000, 1500], perRecord: 4 },
      { label: 'Press.40ms', unit: 'cmH2O', range: ['0.00', '40.00', 0, 2000], perRecord: 4 },
    ] as const;
    const bytes = edfFile({ recordSeconds: '0.16', signals, records: [[1, 2, 3, 4, 5, 6, 7, 8]] });
    expect(decode(bytes)).toEqual({ outcome: 'ignored', why: 'flow waveform, not forwarded' });
  });

  test('another EDF file is not ours', () => {
    const signals = [{ label: 'EEG Fpz-Cz', unit: 'uV', perRecord: 1 }];
    expect(decode(edfFile({ recordSeconds: '1', signals, records: [[1]] })).outcome).toBe('ignored');
  });

  test('the channel does not decide what a file is', () => {
    const bytes = annotationFile([eventList('1000', '12', 'Apnea')]);
    for (const channel of ['', 'STR.edf', 'DATALOG/20260301/20260301_221500_PLD.edf']) {
      expect(decode(bytes, channel)).toEqual(measured(bytes));
    }
  });

  test('nothing may be written', () => {
    expect(resmedCard.mayWrite('STR.edf', new Uint8Array([1]))).toBe(false);
  });
});

describe('the header of a real machine', () => {
  test('its published checksum is the one we work out, and every column has a gain', () => {
    const record = REAL_STR_SIGNALS.flatMap(({ label, perRecord }) => {
      const night: Readonly<Record<string, number>> = { Date: 20_513, MaskOn: 600, MaskOff: 1052, Mode: 6 };
      return Array.from({ length: perRecord }, (_, slot) => (slot === 0 ? (night[label] ?? 10) : -1));
    });
    const bytes = edfFile({
      recordSeconds: '86400.00',
      signals: REAL_STR_SIGNALS,
      records: [record],
      crcRange: REAL_STR_CRC_RANGE,
    });
    expect(Buffer.from(bytes.subarray(21, 25)).toString()).toBe(REAL_STR_CHECKSUM);
    const told = measured(bytes).measurements.map((m) => [m.metric, 'value' in m ? m.value : 'code' in m && m.code]);
    expect(told).toEqual([
      ['MDC_SABTE_USAGE_TOTAL', '600'],
      ['MDC_SABTE_AHI', '1.0'],
      ['MDCX_SABTE_HYPOPNEA_INDEX', '1.0'],
      ['MDCX_SABTE_APNEA_INDEX', '1.0'],
      ['MDCX_SABTE_OBSTRUCTIVE_APNEA_INDEX', '1.0'],
      ['MDCX_SABTE_CENTRAL_APNEA_INDEX', '1.0'],
      ['MDCX_SABTE_UNCLASSIFIED_APNEA_INDEX', '1.0'],
      ['MDCX_SABTE_MASK_EVENTS', '10'],
      ['MDC_SABTE_VOL_LEAK_P50', '12.0'],
      ['MDC_SABTE_VOL_LEAK_P95', '12.0'],
      ['MDC_SABTE_VOL_LEAK_MAX', '12.0'],
      ['MDC_SABTE_PRESS_P50', '0.20'],
      ['MDC_SABTE_PRESS_P95', '0.20'],
      ['MDC_SABTE_PRESS_MAX', '0.20'],
      ['MDC_SABTE_MODE_THERAPY_SET', 'VAuto'],
      ['MDCX_SABTE_FAULT', 'Fault.Device'],
      ['MDCX_SABTE_FAULT', 'Fault.Alarm'],
      ['MDCX_SABTE_FAULT', 'Fault.Humidifier'],
      ['MDCX_SABTE_FAULT', 'Fault.HeatedTube'],
      ['MDCX_SABTE_SESSION', 'mask-on'],
    ]);
  });
});
