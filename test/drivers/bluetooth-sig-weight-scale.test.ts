/** The weight scale driver against published vectors, its exact conversions, and what may be said to a scale. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bluetoothSigWeightScale as driver } from '../../drivers/bluetooth-sig-weight-scale.ts';
import type { LocalTime, Outcome } from '../../drivers/contract/driver.ts';
import { hex, WEIGHT_SCALE } from './vectors.ts';

function decode(text: string, channel = '2a9d'): Outcome {
  return driver.decode({ channel, bytes: hex(text) });
}

function values(outcome: Outcome): readonly unknown[] {
  if (outcome.outcome !== 'measured') return [outcome];
  return outcome.measurements.map((m) => ('value' in m ? m.value : 'absent' in m ? m.absent : m));
}

test.each(WEIGHT_SCALE)('$name', ({ channel, bytes, measurements }) => {
  expect(driver.decode({ channel, bytes })).toEqual({ outcome: 'measured', measurements });
});

describe('weight', () => {
  test.each([
    ['00 0000', '0.000'],
    ['00 0100', '0.005'],
    ['00 FEFF', '327.670'],
    ['01 0100', '0.005'], // 0.01 lb = 0.0045359237 kg
    ['01 0200', '0.009'], // 0.0090718474
    ['01 C800', '0.907'], // 2 lb = 0.90718474
    ['01 FEFF', '297.257'], // 655.34 lb = 297.2572237558
  ])('%s is %s kg', (text, expected) => expect(values(decode(text))).toEqual([expected]));

  test('pounds are converted exactly and rounded once, over the whole range', () => {
    for (let raw = 0; raw < 0xffff; raw++) {
      const exact = BigInt(raw) * 45_359_237n; // 10^-10 kg
      const grams = (exact + 5_000_000n) / 10_000_000n;
      const told = values(driver.decode({ channel: '2a9d', bytes: Uint8Array.of(1, raw & 0xff, raw >>> 8) }))[0];
      if (BigInt(String(told).replace('.', '')) !== grams) expect.fail(`${raw} became ${told}`);
    }
  });

  test('an unsuccessful weighing is absent, and nothing beside it counts', () => {
    expect(decode('00 FFFF')).toEqual({
      outcome: 'measured',
      measurements: [{ metric: 'MDC_MASS_BODY_ACTUAL', absent: 'unsuccessful' }],
    });
    expect(decode('0F FFFF E7070C190E1E2D 03 F500 A802')).toEqual({
      outcome: 'measured',
      measurements: [
        { metric: 'MDC_MASS_BODY_ACTUAL', deviceTime: '2023-12-25T14:30:45', user: 3, absent: 'unsuccessful' },
      ],
    });
  });
});

describe('optional fields', () => {
  test('who stood on the scale is told where the scale knows', () => {
    expect(decode('04 B036 03')).toEqual({
      outcome: 'measured',
      measurements: [{ metric: 'MDC_MASS_BODY_ACTUAL', user: 3, value: '70.000' }],
    });
    expect(decode('04 B036 FF')).toEqual(decode('00 B036'));
  });

  test('BMI and height', () => {
    expect(values(decode('08 B036 F500 A406'))).toEqual(['70.000', '24.5', '170.0']);
  });

  test.each([
    ['reserved flag bits are ignored', 'F0 B036', ['70.000']],
    ['an unknown date is no device time', '02 B036 E70700190E1E2D', ['70.000']],
  ])('%s', (_, text, expected) => expect(values(decode(text))).toEqual(expected));

  test.each([
    ['31 June', '02 B036 E707061F0E1E2D', 'impossible date and time: 2023-06-31T14:30:45'],
    ['too long', '00 B036 00', 'too long: 1 bytes after the last field'],
    ['a BMI cut off', '08 B036 F5', 'truncated: BMI needs 2 bytes at 3, 1 left'],
    ['nothing at all', '', 'truncated: flags needs 1 bytes at 0, 0 left'],
  ])('%s is malformed', (_, text, how) => expect(decode(text)).toEqual({ outcome: 'malformed', how }));
});

test('features are facts', () => {
  expect(decode('0F000000', '2a9e')).toEqual({ outcome: 'measured', measurements: [], facts: { features: 15 } });
  expect(decode('0F0000', '2a9e')).toMatchObject({ outcome: 'malformed' });
});

test('the clock of the scale is told as what it shows, and a clock that was never set shows nothing', () => {
  expect(decode('E0070517113411', '2a08')).toEqual({ outcome: 'clock', shows: '2016-05-23T17:52:17' });
  expect(decode('00000000000000', '2a08')).toEqual({ outcome: 'clock' });
  expect(decode('E00705171134', '2a08')).toMatchObject({ outcome: 'malformed' });
});

describe('what may be said', () => {
  const localTime: LocalTime = { year: 2026, month: 3, day: 29, hour: 3, minute: 0, second: 7 };

  test('the clock is read, set and read again before anything else, then the scale is listened to', () => {
    const dialogue = driver.dialogue?.({ channels: new Set(['2a9d', '2a08', '2a9e']), pollMs: 5_000, localTime });
    const clock = { say: 'read', channel: '2a08' };
    expect(dialogue?.next().value).toEqual(clock);
    const set = dialogue?.next({ heard: 'elapsed' }).value;
    expect(set).toEqual({ say: 'write', channel: '2a08', bytes: hex('EA07031D030007'), sets: 'clock' });
    expect(set?.say === 'write' && driver.mayWrite(set.channel, set.bytes)).toBe(true);
    expect(dialogue?.next({ heard: 'written' }).value).toEqual(clock);
    expect(dialogue?.next({ heard: 'elapsed' }).value).toMatchObject({ say: 'listen' });
    expect(dialogue?.next({ heard: 'elapsed' }).value).toEqual({ say: 'read', channel: '2a9e' });
    expect(dialogue?.next({ heard: 'elapsed' }).done).toBe(true);
  });

  test('where the settings do not allow it, the clock is read all the same, and not set', () => {
    const dialogue = driver.dialogue?.({ channels: new Set(['2a9d', '2a08']), pollMs: 5_000 });
    expect(dialogue?.next().value).toEqual({ say: 'read', channel: '2a08' });
    expect(dialogue?.next({ heard: 'elapsed' }).done).toBe(true);
  });

  test('a scale without such a clock is not asked for it', () => {
    expect(driver.dialogue?.({ channels: new Set(['2a9d']), pollMs: 5_000, localTime }).next().done).toBe(true);
  });

  test.each([
    ['another channel', '2a9d', 'EA07031D030007'],
    ['the user control point (consent)', '2a9f', '02010000'],
    ['the current time service', '2a2b', 'EA07031D03000700000000'.slice(0, 20)],
    ['six bytes', '2a08', 'EA07031D0300'],
    ['eight bytes', '2a08', 'EA07031D03000700'],
    ['an unknown year', '2a08', '0000031D030007'],
    ['30 February', '2a08', 'EA07021E030007'],
  ])('%s is refused', (_, channel, text) => expect(driver.mayWrite(channel, hex(text))).toBe(false));

  test('nothing of another length than seven bytes is ever let through', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => bytes.length === 7 || !driver.mayWrite('2a08', bytes)),
    );
  });
});
