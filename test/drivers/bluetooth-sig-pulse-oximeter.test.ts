/** The PLX driver against published vectors, every special value and status, and a dialogue led step by step. */
import { describe, expect, test } from 'vitest';
import { bluetoothSigPulseOximeter as driver } from '../../drivers/bluetooth-sig-pulse-oximeter.ts';
import type { Heard, Outcome } from '../../drivers/contract/driver.ts';
import { hex, PULSE_OXIMETER } from './vectors.ts';

function decode(channel: string, text: string): Outcome {
  return driver.decode({ channel, bytes: hex(text) });
}

/** What became of SpO2 and pulse rate. */
function pair(outcome: Outcome): readonly unknown[] {
  if (outcome.outcome !== 'measured') return [outcome];
  return outcome.measurements.slice(0, 2).map((m) => ('value' in m ? m.value : 'absent' in m ? m.absent : m));
}

test.each(PULSE_OXIMETER)('$name', ({ channel, bytes, measurements, facts }) => {
  const series = channel === '2a5f' && { series: true };
  expect(driver.decode({ channel, bytes })).toEqual({
    outcome: 'measured',
    measurements,
    ...series,
    ...(facts && { facts }),
  });
});

describe('numbers', () => {
  test.each([
    ['FF07', 'not-a-number'],
    ['0008', 'not-at-this-resolution'],
    ['FE07', 'positive-infinity'],
    ['0208', 'negative-infinity'],
    ['0108', 'reserved-value'],
    ['FFF7', '204.7'],
  ])('SpO2 %s is %s, and the pulse rate beside it stands', (raw, expected) => {
    expect(pair(decode('2a5f', `00 ${raw} 5A00`))).toEqual([expected, '90']);
  });

  test('perfusion that is no number is absent, and told as nothing', () => {
    const outcome = decode('2a5f', '10 5F00 5A00 FF07');
    expect(outcome).toMatchObject({
      measurements: [{}, {}, { metric: 'MDC_PULS_OXIM_PERF_REL', absent: 'not-a-number' }],
    });
    expect(JSON.stringify(outcome)).not.toContain('asTold');
  });
});

describe('what the device says must not be taken as a measurement', () => {
  test.each([
    ['demonstration', '04 5F00 5A00 0004', 'not-of-patient'],
    ['test', '04 5F00 5A00 0008', 'not-of-patient'],
    ['calibrating', '04 5F00 5A00 0010', 'not-of-patient'],
    ['unavailable', '04 5F00 5A00 0020', 'invalid'],
    ['invalid', '04 5F00 5A00 0080', 'invalid'],
    ['sensor unconnected to the user', '08 5F00 5A00 000800', 'sensor-off'],
    ['sensor disconnected', '08 5F00 5A00 008000', 'sensor-fault'],
    ['finger off and invalid', '0C 5F00 5A00 0080 000800', 'sensor-off'],
    ['demonstration without a sensor', '0C 5F00 5A00 0004 008000', 'not-of-patient'],
    ['invalid and NaN', '04 FF07 FF07 0080', 'invalid'],
  ])('%s', (_, text, reason) => {
    expect(pair(decode('2a5f', text))).toEqual([reason, reason]);
  });

  test('perfusion goes the same way', () => {
    expect(decode('2a5f', '1C 5F00 5A00 0080 000000 57F0')).toMatchObject({
      measurements: [{}, {}, { bits: [], raw: 0 }, { metric: 'MDC_PULS_OXIM_PERF_REL', absent: 'invalid' }],
    });
  });

  test('no other bit, reserved ones included, takes the value away', () => {
    for (let n = 0; n < 16; n++) {
      const word = (1 << n).toString(16).padStart(4, '0');
      const swapped = word.slice(2) + word.slice(0, 2);
      const suppressing = [10, 11, 12, 13, 15].includes(n);
      expect(pair(decode('2a5f', `04 5F00 5A00 ${swapped}`))[0] === '95', `measurement status bit ${n}`).toBe(
        !suppressing,
      );
    }
    for (let n = 0; n < 24; n++) {
      const word = (1 << n).toString(16).padStart(6, '0');
      const swapped = word.slice(4) + word.slice(2, 4) + word.slice(0, 2);
      const suppressing = [11, 15].includes(n);
      expect(pair(decode('2a5f', `08 5F00 5A00 ${swapped}`))[0] === '95', `device status bit ${n}`).toBe(!suppressing);
    }
  });

  test('reserved status bits have no name and stay in the raw word', () => {
    expect(decode('2a5f', '08 5F00 5A00 010080')).toMatchObject({
      measurements: [{}, {}, { bits: ['device-extended-update'], raw: 0x800001 }],
    });
  });
});

describe('optional fields', () => {
  test('fast and slow pairs are read past; the normal pair is the measurement', () => {
    const outcome = decode('2a5f', '03 5F00 5A00 6000 5B00 6100 5C00');
    expect(pair(outcome)).toEqual(['95', '90']);
    expect(outcome).toMatchObject({ measurements: { length: 2 } });
  });

  test('reserved flag bits are ignored', () => {
    expect(pair(decode('2a5f', 'E0 5F00 5A00'))).toEqual(['95', '90']);
    expect(pair(decode('2a5e', 'E0 5F00 5A00'))).toEqual(['95', '90']);
  });

  test('a clock that was never set is said to be so, its time kept as told', () => {
    expect(decode('2a5e', '11 5F00 5A00 DA07 01 01 00 00 07')).toMatchObject({
      measurements: [{ deviceTime: '2010-01-01T00:00:07', clock: 'not-set' }, { clock: 'not-set' }],
    });
    expect(decode('2a5e', '10 5F00 5A00')).toMatchObject({
      measurements: [{ clock: 'not-set' }, { clock: 'not-set' }],
    });
  });

  test('an unknown date is no device time', () => {
    expect(decode('2a5e', '01 5F00 5A00 0000 01 01 00 00 07')).toEqual({
      outcome: 'measured',
      measurements: [
        { metric: 'MDC_PULS_OXIM_SAT_O2', value: '95' },
        { metric: 'MDC_PULS_OXIM_PULS_RATE', value: '90' },
      ],
    });
  });

  test.each([
    ['30 February', '01 5F00 5A00 EA07 02 1E 00 00 00', 'impossible date and time: 2026-02-30T00:00:00'],
    ["25 o'clock", '01 5F00 5A00 EA07 02 01 19 00 00', 'impossible date and time: 2026-02-01T25:00:00'],
    ['bytes left over', '00 5F00 5A00 00 00', 'too long: 2 bytes after the last field'],
    ['a status cut short', '04 5F00 5A00 20', 'truncated: measurement status needs 2 bytes at 5, 1 left'],
  ])('%s is malformed', (_, text, how) => {
    expect(decode('2a5e', text.replace(/^04/, '02'))).toEqual({ outcome: 'malformed', how });
  });
});

describe('stored spot checks', () => {
  const channels = new Set(['2a5e', '2a60', '2a52']);
  const features = (text: string): Heard => ({ heard: 'frame', frame: { channel: '2a60', bytes: hex(text) } });
  const spot: Heard = { heard: 'frame', frame: { channel: '2a5e', bytes: hex('00 5F00 5A00') } };
  const done: Heard = { heard: 'frame', frame: { channel: '2a52', bytes: hex('06000101') } };
  const begin = (has: ReadonlySet<string> = channels) => {
    const dialogue = driver.dialogue?.({ channels: has, pollMs: 5_000 });
    if (!dialogue) throw new Error('the driver has no dialogue');
    return dialogue;
  };

  test('are asked for, all of them, and waited for to the end', () => {
    const dialogue = begin();
    expect(dialogue.next().value).toEqual({ say: 'read', channel: '2a60' });
    const write = dialogue.next(features('0400')).value;
    expect(write).toEqual({ say: 'write', channel: '2a52', bytes: hex('0101') });
    expect(dialogue.next({ heard: 'written' }).value).toMatchObject({ say: 'listen' });
    expect(dialogue.next(spot).value).toMatchObject({ say: 'listen' });
    expect(dialogue.next(spot).value).toMatchObject({ say: 'listen' });
    expect(dialogue.next(done).done).toBe(true);
  });

  test('are not waited for in silence', () => {
    const dialogue = begin();
    dialogue.next();
    dialogue.next(features('0400'));
    dialogue.next({ heard: 'written' });
    expect(dialogue.next({ heard: 'elapsed' }).done).toBe(true);
  });

  test.each([
    ['the device stores nothing', channels, features('F800')],
    ['the features cannot be read', channels, { heard: 'refused', why: 'encryption' } as const],
    ['the features are cut short', channels, features('04')],
    ['there is no control point', new Set(['2a5e', '2a60']), features('0400')],
  ])('are left alone when %s', (_, has, answer) => {
    const dialogue = begin(has);
    dialogue.next();
    expect(dialogue.next(answer).done).toBe(true);
  });

  test('a device that never ends its transfer is not listened to for ever', () => {
    const dialogue = begin();
    dialogue.next();
    dialogue.next(features('0400'));
    let steps = 0;
    for (let step = dialogue.next({ heard: 'written' }); !step.done; step = dialogue.next(spot)) steps++;
    expect(steps).toBe(10_000);
  });

  test.each([
    ['06000101', { outcome: 'ignored', why: 'stored records: success' }],
    ['06000106', { outcome: 'ignored', why: 'stored records: no-records' }],
    ['050001', { outcome: 'ignored', why: 'stored records: 1' }],
    ['0600', { outcome: 'malformed', how: 'truncated: response operand of 0 bytes' }],
  ])('the control point says %s', (text, outcome) => {
    expect(decode('2a52', text)).toEqual(outcome);
  });
});
