/** Device time on the hub's timeline: offsets, the double and the missing hour, clocks not to be believed. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ClockLook, effectiveTime, offsetOf, type Told } from '../../agent/device-time/effective-time.ts';
import { isZone, localTimeIn } from '../../agent/device-time/local-time.ts';
import type { ClockState, Received } from '../../agent/reading/entry.ts';

const OSLO = 'Europe/Oslo';
const MINUTES = 60_000;

function received(wall: string, clock: ClockState = 'synced'): Received {
  return { wall: new Date(wall).toISOString(), monotonicMs: 1, boot: 'b', clock, uncertaintyMs: 1_000 };
}

function at(deviceTime: string, wall: string, more: Partial<Told> = {}) {
  const { at, from, uncertaintyMs } = effectiveTime({ deviceTime, received: received(wall), zone: OSLO, ...more });
  return [at.replace('.000Z', 'Z'), from, uncertaintyMs / MINUTES];
}

describe('a device clock that can be believed', () => {
  test.each([
    ['winter in Oslo', '2026-01-15T08:00:00', '2026-01-15T07:00:05Z', OSLO, '2026-01-15T07:00:00Z'],
    ['summer in Oslo', '2026-07-15T08:00:00', '2026-07-15T06:00:05Z', OSLO, '2026-07-15T06:00:00Z'],
    ['a fixed offset', '2026-07-15T08:00:00', '2026-07-15T07:00:05Z', '+01:00', '2026-07-15T07:00:00Z'],
    ['an offset behind', '2026-07-15T08:00:00', '2026-07-15T12:00:05Z', '-03:30', '2026-07-15T11:30:00Z'],
    ['UTC', '2026-07-15T08:00:00', '2026-07-15T08:00:05Z', 'UTC', '2026-07-15T08:00:00Z'],
    ['a fraction', '2026-07-15T08:00:00.25', '2026-07-15T08:00:05Z', '+00:00', '2026-07-15T08:00:00.250Z'],
    ['a leap second', '2026-06-30T23:59:60', '2026-07-01T00:00:05Z', '+00:00', '2026-06-30T23:59:59Z'],
    ['stored for a month', '2026-06-15T08:00:00', '2026-07-15T08:00:05Z', OSLO, '2026-06-15T06:00:00Z'],
    ['up to five minutes ahead', '2026-07-15T08:05:00', '2026-07-15T08:00:00Z', 'UTC', '2026-07-15T08:05:00Z'],
    ['leap day', '2024-02-29T12:00:00', '2026-07-15T08:00:00Z', 'UTC', '2024-02-29T12:00:00Z'],
  ])('%s', (_, deviceTime, wall, zone, expected) => {
    expect(at(deviceTime, wall, { zone })).toEqual([expected, 'device', 5]);
  });
});

describe('summer time in Oslo, 2026', () => {
  test.each([
    ['the last second of winter', '2026-03-29T01:59:59', '2026-03-29T01:00:30Z', '2026-03-29T00:59:59Z', 5],
    ['the first of summer', '2026-03-29T03:00:00', '2026-03-29T01:00:30Z', '2026-03-29T01:00:00Z', 5],
    [
      'the hour that is skipped: the clock was not put forward',
      '2026-03-29T02:30:00',
      '2026-03-29T01:30:10Z',
      '2026-03-29T01:30:00Z',
      60,
    ],
    ['the same, told later', '2026-03-29T02:30:00', '2026-03-30T08:00:00Z', '2026-03-29T01:30:00Z', 60],
    ['the hour before the double one', '2026-10-25T01:59:59', '2026-10-25T00:00:30Z', '2026-10-24T23:59:59Z', 5],
    [
      'the double hour, first time round: the second lies ahead',
      '2026-10-25T02:30:00',
      '2026-10-25T00:30:10Z',
      '2026-10-25T00:30:00Z',
      5,
    ],
    ['the double hour, second time round', '2026-10-25T02:30:00', '2026-10-25T01:30:10Z', '2026-10-25T01:30:00Z', 60],
    [
      'the double hour, told later: the later of the two',
      '2026-10-25T02:30:00',
      '2026-10-26T08:00:00Z',
      '2026-10-25T01:30:00Z',
      60,
    ],
    ['the hour after', '2026-10-25T03:00:00', '2026-10-25T02:00:30Z', '2026-10-25T02:00:00Z', 5],
  ])('%s', (_, deviceTime, wall, expected, minutes) => {
    expect(at(deviceTime, wall)).toEqual([expected, 'device', minutes]);
  });
});

describe('the time of reception instead', () => {
  const wall = '2026-07-15T08:00:00Z';
  const UNKNOWN_AGE = 24 * 60 + 1 / 60;

  test('of a device that tells no time', () => {
    expect(effectiveTime({ received: received(wall), zone: OSLO })).toEqual({
      at: '2026-07-15T08:00:00.000Z',
      from: 'hub',
      uncertaintyMs: 1_000,
    });
  });

  test.each([
    ['a clock ahead by more than five minutes', '2026-07-15T08:05:01', { zone: 'UTC' }],
    ['a clock of 2009', '2009-12-31T23:59:59', { zone: 'UTC' }],
    ['a clock that was reset to 2000', '2000-01-01T00:04:00', { zone: 'UTC' }],
    ['a clock of 1970', '1970-01-01T10:26:21', {}],
    ['a clock that says it was never set', '2026-07-15T07:59:00', { zone: 'UTC', clock: 'not-set' }],
    ['29 February 2025', '2025-02-29T12:00:00', {}],
    ['month 13', '2025-13-01T12:00:00', {}],
    ["25 o'clock", '2025-12-01T25:00:00', {}],
    ['second 61', '2025-12-01T12:00:61', {}],
    ['year 0', '0000-01-01T00:00:00', {}],
    ['no time at all', '', {}],
    ['a time with a zone', '2026-07-15T07:59:00Z', {}],
    ['a zone that is none', '2026-07-15T07:59:00', { zone: 'Europe/Olso' }],
    ['an offset that is none', '2026-07-15T07:59:00', { zone: '+15:00' }],
  ] as const)('of %s, and how old it is nobody knows', (_, deviceTime, more) => {
    expect(at(deviceTime, wall, more)).toEqual(['2026-07-15T08:00:00Z', 'hub', UNKNOWN_AGE]);
  });

  test('of a device that says only that its clock was never set', () => {
    expect(effectiveTime({ clock: 'not-set', received: received(wall), zone: OSLO }).from).toBe('hub');
  });
});

test('a hub without a time of its own believes the device, though not a clock of 1970', () => {
  const awake = received('2020-01-01T00:00:00Z', 'unsynced');
  const told = (deviceTime: string) => effectiveTime({ deviceTime, zone: 'UTC', received: awake });
  expect(told('2026-07-15T08:00:00')).toEqual({
    at: '2026-07-15T08:00:00.000Z',
    from: 'device',
    uncertaintyMs: 300_000,
  });
  expect(told('1970-01-01T00:00:10').from).toBe('hub');
});

describe('local time', () => {
  test.each([
    ['Oslo in winter', OSLO, '2026-01-15T07:00:09Z', '2026-1-15 8:0:9'],
    ['the second before summer', OSLO, '2026-03-29T00:59:59Z', '2026-3-29 1:59:59'],
    ['the first second of summer', OSLO, '2026-03-29T01:00:00Z', '2026-3-29 3:0:0'],
    ['the last second of summer', OSLO, '2026-10-25T00:59:59Z', '2026-10-25 2:59:59'],
    ['the first of winter', OSLO, '2026-10-25T01:00:00Z', '2026-10-25 2:0:0'],
    ['midnight', OSLO, '2026-12-31T23:00:00Z', '2027-1-1 0:0:0'],
    ['Nepal', 'Asia/Kathmandu', '2026-01-15T07:00:00Z', '2026-1-15 12:45:0'],
    ['fixed', '-09:30', '2026-01-15T07:00:00Z', '2026-1-14 21:30:0'],
  ])('%s', (_, zone, moment, expected) => {
    const { year, month, day, hour, minute, second } = localTimeIn(zone, Date.parse(moment));
    expect(`${year}-${month}-${day} ${hour}:${minute}:${second}`).toBe(expected);
  });

  test('of a zone that is none says what to write instead', () => {
    expect(() => localTimeIn('Oslo', 0)).toThrow('no such zone: "Oslo"; use an IANA name such as Europe/Oslo');
  });

  test('zones', () => {
    expect([OSLO, 'UTC', '+01:00', '-12:00'].map(isZone)).toEqual([true, true, true, true]);
    expect(['', 'Oslo', '+1:00', '+15:00', '+01:60', '01:00'].map(isZone)).toEqual(Array(6).fill(false));
  });
});

describe('there and back', () => {
  const zones = fc.constantFrom(
    OSLO,
    'America/New_York',
    'Australia/Lord_Howe',
    'Asia/Kathmandu',
    'Pacific/Auckland',
    '+01:00',
  );
  const moments = fc.integer({ min: Date.UTC(2011, 0, 1) / 1000, max: Date.UTC(2037, 0, 1) / 1000 });

  test('a reading received as it is made comes out at its moment, in every hour of every zone', () => {
    fc.assert(
      fc.property(zones, moments, (zone, seconds) => {
        const ms = seconds * 1000;
        const { year, month, day, hour, minute, second } = localTimeIn(zone, ms);
        const deviceTime = new Date(Date.UTC(year, month - 1, day, hour, minute, second)).toISOString().slice(0, 19);
        const { at, from } = effectiveTime({
          deviceTime,
          zone,
          received: received(new Date(ms).toISOString()),
        });
        expect([Date.parse(at), from]).toEqual([ms, 'device']);
      }),
      { numRuns: 2_000 },
    );
  });

  test('no text throws', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?$/)),
        fc.string(),
        (deviceTime, zone) => {
          const told = effectiveTime({ deviceTime, zone, received: received('2026-07-15T08:00:00Z') });
          expect(told.at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
        },
      ),
    );
  });
});

describe('a device clock that was looked at', () => {
  const look = (offsetMs: number, seenAt: string): ClockLook => ({
    offsetMs,
    uncertaintyMs: 2_500,
    atMs: Date.parse(seenAt),
  });
  const HOUR = 3_600_000;
  const NOW = '2026-07-15T08:00:00Z';
  /** The device shows ten past midnight on the first of January 2000, as after a change of batteries. */
  const reset = look(Date.parse(NOW) - Date.UTC(2000, 0, 1, 0, 10), NOW);
  const before = look(2_000, '2026-07-14T08:00:00Z');

  test.each<[string, string, readonly ClockLook[], string]>([
    [
      'is believed by its offset: seven minutes behind',
      '2026-07-15T07:50:00',
      [look(7 * MINUTES, NOW)],
      '2026-07-15T07:57:00Z',
    ],
    ['an hour ahead', '2026-07-15T08:55:00', [look(-HOUR, NOW)], '2026-07-15T07:55:00Z'],
    ['a record of last week', '2026-07-08T07:50:00', [look(7 * MINUTES, NOW)], '2026-07-08T07:57:00Z'],
    ['reset to 2000: what it stamped since', '2000-01-01T00:04:00', [reset], '2026-07-15T07:54:00Z'],
    [
      'reset to 2000: a record from before, by the look of the day before',
      '2026-07-14T07:00:00',
      [reset, before],
      '2026-07-14T07:00:02Z',
    ],
    [
      'reset to 2000: a record from before, with nothing known of then',
      '2026-07-14T07:00:00',
      [reset],
      '2026-07-14T07:00:00Z',
    ],
    [
      'set in this contact: what it stamped before that',
      '2026-07-15T07:50:00',
      [look(7 * MINUTES, NOW), look(0, NOW)],
      '2026-07-15T07:57:00Z',
    ],
    [
      'was set back, and what it says now lies ahead of the first look: the second',
      '2026-07-15T08:04:30',
      [look(HOUR, NOW), look(0, NOW)],
      '2026-07-15T08:04:30Z',
    ],
  ])('%s', (_, deviceTime, looks, expected) => {
    const [effective, from] = at(deviceTime, '2026-07-15T08:00:05Z', { zone: 'UTC', looks });
    expect([effective, from]).toEqual([expected, 'device']);
  });

  test('that was never set still runs', () => {
    const told = { zone: 'UTC', clock: 'not-set' as const, looks: [reset] };
    expect(at('2000-01-01T00:04:00', '2026-07-15T08:00:05Z', told)).toEqual([
      '2026-07-15T07:54:00Z',
      'device',
      2_500 / MINUTES,
    ]);
    expect(at('2000-01-01T00:04:00', '2026-07-15T08:00:05Z', { ...told, looks: [] })[1]).toBe('hub');
  });

  test('says nothing to a hub that does not know the time itself', () => {
    const unsynced = received('1970-01-01T00:10:00Z', 'unsynced');
    expect(offsetOf('2026-07-15T08:00:00', 'UTC', unsynced)).toBeUndefined();
    const told = effectiveTime({
      deviceTime: '2026-07-15T07:50:00',
      received: unsynced,
      zone: 'UTC',
      looks: [look(7 * MINUTES, NOW)],
    });
    expect(told.at).toBe('2026-07-15T07:50:00.000Z');
  });

  test.each([
    ['2026-07-15T07:53:00', 'UTC', '2026-07-15T08:00:00Z', 7 * MINUTES],
    ['2026-07-15T10:00:00', 'Europe/Oslo', '2026-07-15T08:00:00Z', 0],
    ['2000-01-01T00:10:00', 'UTC', '2026-07-15T08:00:00Z', reset.offsetMs],
    // Both times round the double hour shows the same; the smaller offset is the likelier.
    ['2026-10-25T02:30:00', 'Europe/Oslo', '2026-10-25T00:30:20Z', 20_000],
    ['2026-10-25T02:30:00', 'Europe/Oslo', '2026-10-25T01:30:20Z', 20_000],
    // The hour that is skipped: nobody put the clock forward.
    ['2026-03-29T02:30:00', 'Europe/Oslo', '2026-03-29T01:30:05Z', 5_000],
  ])('shows %s in %s at %s: off by %i ms', (shows, zone, wall, offsetMs) => {
    expect(offsetOf(shows, zone, received(wall))).toEqual({
      offsetMs,
      uncertaintyMs: 2_500,
      atMs: Date.parse(wall),
    });
  });

  test.each(['', '2026-02-30T00:00:00', '2026-07-15'])('shows no time: %s', (shows) => {
    expect(offsetOf(shows, 'UTC', received(NOW))).toBeUndefined();
  });

  test('never dates anything ahead of the look by more than the contact may last', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -(10 ** 12), max: 10 ** 12 }),
        fc.integer({ min: 0, max: 10 ** 9 }),
        (offsetMs, agoS) => {
          const told = new Date(Date.parse(NOW) - offsetMs - agoS * 1_000);
          fc.pre(told.getUTCFullYear() >= 1 && told.getUTCFullYear() <= 9_999);
          const deviceTime = told.toISOString().slice(0, 19);
          const effective = effectiveTime({
            deviceTime,
            received: received(NOW),
            zone: 'UTC',
            looks: [look(offsetMs, NOW)],
          });
          const atMs = Date.parse(effective.at);
          expect(atMs).toBeLessThanOrEqual(Date.parse(NOW) + 10 * MINUTES);
          if (effective.from === 'device' && Date.parse(NOW) - agoS * 1_000 >= Date.UTC(2010, 0, 1))
            expect(Math.abs(atMs - (Date.parse(NOW) - agoS * 1_000))).toBeLessThanOrEqual(1_000);
        },
      ),
    );
  });
});
