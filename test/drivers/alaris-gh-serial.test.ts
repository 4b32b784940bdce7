/** The Alaris driver against published frames, field by field, and its polling led step by step. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alarisGhSerial as driver } from '../../drivers/alaris-gh-serial.ts';
import type { Dialogue, Heard, Outcome } from '../../drivers/contract/driver.ts';
import { ALARIS, ALARIS_IGNORED, checked, line } from './alaris-vectors.ts';
import { ascii } from './vectors.ts';

function decode(text: string): Outcome {
  return driver.decode({ channel: 'serial', bytes: line(text) });
}

test.each(ALARIS)('$name', ({ channel, bytes, measurements, facts }) => {
  expect(driver.decode({ channel, bytes })).toEqual({ outcome: 'measured', measurements, ...(facts && { facts }) });
});

test.each(ALARIS_IGNORED)('%s is valid and not kept', (text) => {
  const outcome = decode(text);
  expect(outcome.outcome).toBe('ignored');
  expect(JSON.stringify(outcome)).not.toContain('8002');
});

describe('a line is whole or it is nothing', () => {
  test.each([
    ['a wrong CRC', '!INF_RATE^0.10^ml/h|D406', 'wrong CRC'],
    ['a circulating specimen with three carets', '!REMQUERY^DEACT^^^|E5C9', 'wrong CRC'],
    ['a lower-case CRC', '!INF_RATE^0.10^ml/h|d407', 'truncated: not !...|CRC and a carriage return'],
    ['no start', 'INF|4961', 'truncated: not !...|CRC and a carriage return'],
    ['two bars', checked('ALARM^AL_|X'), 'truncated: not !...|CRC and a carriage return'],
    ['more than a line', `!${'x'.repeat(300)}|0000`, 'too long: 307 bytes'],
  ])('%s', (_, text, how) => expect(decode(text)).toEqual({ outcome: 'malformed', how }));

  test('without its carriage return it may have been cut', () => {
    expect(driver.decode({ channel: 'serial', bytes: ascii('!INF|4961') }).outcome).toBe('malformed');
  });

  test('one flipped bit anywhere is malformed', () => {
    for (const { bytes, name } of ALARIS) {
      for (let i = 0; i < bytes.length * 8; i++) {
        const flipped = bytes.map((byte, at) => (at === i >>> 3 ? byte ^ (1 << (i & 7)) : byte));
        expect(driver.decode({ channel: 'serial', bytes: flipped }).outcome, `${name}, bit ${i}`).toBe('malformed');
      }
    }
  });
});

describe('INF', () => {
  const inf = (change: Readonly<Record<number, string>>): Outcome => {
    const fields = [
      '0000-1',
      '-',
      'SET',
      '5.00',
      'ml/h',
      'Morphine',
      '1.250',
      'ml',
      '-3.20',
      'mmHg',
      '16:14:00',
      'EVENT',
      '7',
    ];
    return decode(checked(['INF', ...fields.map((field, i) => change[i] ?? field)].join('^')));
  };
  const one = (outcome: Outcome, metric: string): unknown =>
    outcome.outcome === 'measured' ? outcome.measurements.find((m) => m.metric === metric) : outcome;

  test('everything it tells', () => {
    expect(inf({})).toEqual({
      outcome: 'measured',
      measurements: [
        { metric: 'MDC_PUMP_INFUSING_STATUS', code: 'pump-status-infusing' },
        { metric: 'MDC_FLOW_FLUID_PUMP', value: '5.00' },
        { metric: 'MDC_DRUG_NAME_LABEL', text: 'Morphine' },
        { metric: 'MDC_VOL_FLUID_DELIV', value: '1.250' },
        { metric: 'MDCX_PUMP_LINE_PRESS', value: '-3.20' },
        { metric: 'MDC_TIME_PD_REMAIN', value: '974.00', asTold: { value: '58440', unit: 's' } },
      ],
    });
  });

  test.each([
    ['SET', '5.00', 'pump-status-infusing'],
    ['SET', '0.00', 'pump-status-not-infusing'],
    ['HLD', '0.00', 'pump-status-not-infusing'],
    ['HLD', '5.00', 'pump-status-not-infusing'],
  ])('%s at %s ml/h is %s', (state, rate, code) => {
    expect(one(inf({ 2: state, 3: rate }), 'MDC_PUMP_INFUSING_STATUS')).toMatchObject({ code });
  });

  test.each([
    ['24+', { absent: 'above-range' }],
    ['00:00:00', { value: '0.00', asTold: { value: '0', unit: 's' } }],
    ['00:00:01', { value: '0.02', asTold: { value: '1', unit: 's' } }],
    ['23:59:59', { value: '1439.98', asTold: { value: '86399', unit: 's' } }],
    ['01:30', { value: '90' }],
  ])('time left %s', (text, expected) => {
    expect(one(inf({ 10: text }), 'MDC_TIME_PD_REMAIN')).toEqual({ metric: 'MDC_TIME_PD_REMAIN', ...expected });
  });

  test.each([
    ['an unknown state', { 2: 'RUN' }, 'state "RUN"'],
    ['an unknown alarm flag', { 1: 'B' }, 'alarm flag "B"'],
    ['ml/min', { 4: 'ml/min' }, 'unit "ml/min" where ml/h is due'],
    ['litres', { 7: 'l' }, 'unit "l" where ml is due'],
    ['kPa', { 9: 'kPa' }, 'unit "kPa" where mmHg is due'],
    ['a rate in words', { 3: '---' }, '"---" is not a number'],
    ['a rate with an exponent', { 3: '5e1' }, '"5e1" is not a number'],
    ['61 minutes', { 10: '00:61:00' }, 'time left "00:61:00"'],
    ['25+', { 10: '25+' }, 'time left "25+"'],
    ['a field too many', { 12: '7^8' }, 'INF with 14 fields instead of 13'],
  ])('%s is malformed', (_, change, how) => expect(inf(change)).toEqual({ outcome: 'malformed', how }));

  test('the serial number is nowhere in the outcome', () => {
    expect(JSON.stringify([inf({}), inf({ 2: 'RUN' })])).not.toContain('0000-1');
  });
});

test.each([
  ['INF_VI^1.250^ml', [{ metric: 'MDC_VOL_FLUID_DELIV', value: '1.250' }]],
  ['INF_VTBI^50.0^ml', [{ metric: 'MDC_VOL_FLUID_TBI', value: '50.0' }]],
  ['ALARM^AL_OCCLU^OCCLUSION^', [{ metric: 'MDCX_PUMP_ALARM', code: 'AL_OCCLU' }]],
  ['ALARM^AL_VTBIS^^', [{ metric: 'MDCX_PUMP_ALARM', code: 'AL_VTBIS' }]],
])('%s', (text, measurements) => expect(decode(checked(text))).toEqual({ outcome: 'measured', measurements }));

test.each([
  ['INF_VI^1.250^ml/h', 'unit "ml/h" where ml is due'],
  ['ALARM^NONE', 'alarm code "NONE"'],
])('%s is malformed', (text, how) => expect(decode(checked(text))).toEqual({ outcome: 'malformed', how }));

describe('polling', () => {
  const inf: Heard = { heard: 'frame', frame: { channel: 'serial', bytes: ALARIS[0]?.bytes ?? new Uint8Array() } };
  const alarm: Heard = { heard: 'frame', frame: { channel: 'serial', bytes: line('!ALARM^AL_NOALM^ ^ |C73B') } };
  const echo: Heard = { heard: 'frame', frame: { channel: 'serial', bytes: line('!INF|4961') } };
  const torn: Heard = { heard: 'frame', frame: { channel: 'serial', bytes: line('!INF^8002|0000') } };
  const written: Heard = { heard: 'written' };
  const elapsed: Heard = { heard: 'elapsed' };

  const askInf = { say: 'write', channel: 'serial', bytes: line('!INF|4961') };
  const askAlarm = { say: 'write', channel: 'serial', bytes: line('!ALARM|50B2') };
  const abort = { say: 'write', channel: 'serial', bytes: Uint8Array.of(0x1b) };
  const reply = { say: 'listen', forMs: 500 };
  const rest = { say: 'listen', forMs: 2_000 };

  function begin(): Dialogue {
    const dialogue = driver.dialogue?.({ channels: new Set(['serial']), pollMs: 2_000 });
    if (!dialogue) throw new Error('the driver has no dialogue');
    return dialogue;
  }
  /** What is said, in answer to each thing heard. */
  function led(...heard: readonly Heard[]): readonly unknown[] {
    const dialogue = begin();
    return [dialogue.next().value, ...heard.map((one) => dialogue.next(one).value)];
  }

  test('INF, ALARM, rest, and again', () => {
    expect(led(written, inf, written, alarm, elapsed, written)).toEqual([
      askInf,
      reply,
      askAlarm,
      reply,
      rest,
      askInf,
      reply,
    ]);
  });

  test('an echo and a torn reply are passed over', () => {
    expect(led(written, echo, torn, inf)).toEqual([askInf, reply, reply, reply, askAlarm]);
  });

  test('silence is asked once more, then escaped', () => {
    expect(led(written, elapsed, written, elapsed, written)).toEqual([askInf, reply, askInf, reply, abort, askAlarm]);
  });

  test('a port that cannot be written is left until the next poll', () => {
    const refused: Heard = { heard: 'refused', why: 'port gone' };
    expect(led(refused, refused, elapsed)).toEqual([askInf, askAlarm, rest, askInf]);
  });

  test('a babbling line cannot keep it from going on', () => {
    const dialogue = begin();
    let said = dialogue.next().value;
    let steps = 0;
    for (; JSON.stringify(said) !== JSON.stringify(askAlarm); steps++) {
      said = dialogue.next(said && said.say === 'write' ? written : echo).value;
      if (steps > 50) break;
    }
    expect(steps).toBeLessThan(20);
  });

  test('all it ever says, it may say', () => {
    const heard = fc.constantFrom(written, elapsed, inf, alarm, echo, torn);
    fc.assert(
      fc.property(fc.array(heard, { maxLength: 60 }), (script) => {
        const dialogue = begin();
        for (let said = dialogue.next().value, i = 0; said && i < script.length; i++) {
          if (said.say === 'write') expect(driver.mayWrite(said.channel, said.bytes)).toBe(true);
          said = dialogue.next(script[i] ?? elapsed).value;
        }
      }),
    );
  });
});
