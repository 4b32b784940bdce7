/** The care level: every finding, every threshold from both sides, and every transition between levels. */
import { describe, expect, it } from 'vitest';
import {
  type CareFacts,
  type CareLevelName,
  careLevel,
  DELAYED_AFTER_MS,
  type DeviceFacts,
  follow,
  SILENT_AFTER_MS,
  UNREACHABLE_AFTER_MS,
  UNRECEIPTED_AFTER_MS,
} from '../../agent/health/care-level.ts';

const NOW = 1_000_000_000;
const OXIMETER: DeviceFacts = { id: 'oximeter', required: true, lastReadingMs: NOW - 1_000, presence: 'present' };
const SCALE: DeviceFacts = { id: 'scale', required: false, presence: 'absent' };
const WELL: CareFacts = {
  nowMs: NOW,
  uplinkConnected: true,
  devices: [OXIMETER, SCALE],
  journalTrouble: 'none',
  rulesRunning: true,
};
const ago = (ms: number) => NOW - ms;
const oximeter = (facts: Partial<DeviceFacts>) => ({ devices: [{ ...OXIMETER, ...facts }, SCALE] });
const unheard: DeviceFacts = { id: 'oximeter', required: true, presence: 'present' };

interface Row {
  readonly name: string;
  readonly facts: Partial<CareFacts>;
  readonly level: CareLevelName;
  readonly cause: string;
}

const rows: readonly Row[] = [
  { name: 'all is well', facts: {}, level: 'monitored', cause: 'none' },
  { name: 'a device that is not required may be away', facts: oximeter({}), level: 'monitored', cause: 'none' },
  { name: 'no required device at all', facts: { devices: [SCALE] }, level: 'monitored', cause: 'none' },
  { name: 'no device', facts: { devices: [] }, level: 'not-monitored', cause: 'no-devices' },
  { name: 'never heard', facts: { devices: [unheard] }, level: 'not-monitored', cause: 'device-not-heard' },
  {
    name: 'quiet, just short of too long',
    facts: oximeter({ lastReadingMs: ago(SILENT_AFTER_MS - 1) }),
    level: 'monitored',
    cause: 'none',
  },
  {
    name: 'connected and quiet for too long',
    facts: oximeter({ lastReadingMs: ago(SILENT_AFTER_MS) }),
    level: 'not-monitored',
    cause: 'device-silent',
  },
  {
    name: 'away for too long',
    facts: oximeter({ lastReadingMs: ago(SILENT_AFTER_MS), presence: 'absent' }),
    level: 'not-monitored',
    cause: 'device-away',
  },
  {
    name: 'away, but not for long',
    facts: oximeter({ presence: 'absent' }),
    level: 'monitored',
    cause: 'none',
  },
  {
    name: 'a patience of its own, shorter',
    facts: oximeter({ lastReadingMs: ago(60_000), silentAfterMs: 60_000 }),
    level: 'not-monitored',
    cause: 'device-silent',
  },
  {
    name: 'a patience of its own, longer',
    facts: oximeter({ lastReadingMs: ago(SILENT_AFTER_MS), silentAfterMs: SILENT_AFTER_MS + 1 }),
    level: 'monitored',
    cause: 'none',
  },
  {
    name: 'disk',
    facts: { journalTrouble: 'journal-not-writable' },
    level: 'local-only',
    cause: 'journal-not-writable',
  },
  { name: 'a full disk', facts: { journalTrouble: 'journal-full' }, level: 'local-only', cause: 'journal-full' },
  { name: 'rules', facts: { rulesRunning: false }, level: 'not-monitored', cause: 'rules-stopped' },
  {
    name: 'the rules outrank the devices, the disk and the uplink',
    facts: { journalTrouble: 'journal-full', rulesRunning: false, devices: [], uplinkConnected: false },
    level: 'not-monitored',
    cause: 'rules-stopped',
  },
  {
    name: 'the disk outranks the uplink',
    facts: { journalTrouble: 'journal-not-writable', uplinkConnected: false },
    level: 'local-only',
    cause: 'journal-not-writable',
  },
  {
    name: 'devices outrank the uplink',
    facts: { devices: [unheard], uplinkConnected: false },
    level: 'not-monitored',
    cause: 'device-not-heard',
  },
  { name: 'never connected', facts: { uplinkConnected: false }, level: 'local-only', cause: 'uplink-down' },
  {
    name: 'connection lost lately',
    facts: { uplinkConnected: false, disconnectedSinceMs: ago(UNREACHABLE_AFTER_MS - 1) },
    level: 'delayed',
    cause: 'uplink-down',
  },
  {
    name: 'connection lost for long',
    facts: { uplinkConnected: false, disconnectedSinceMs: ago(UNREACHABLE_AFTER_MS) },
    level: 'local-only',
    cause: 'uplink-down',
  },
  {
    name: 'something on its way',
    facts: { oldestUnreceiptedMs: ago(DELAYED_AFTER_MS - 1) },
    level: 'monitored',
    cause: 'none',
  },
  { name: 'late', facts: { oldestUnreceiptedMs: ago(DELAYED_AFTER_MS) }, level: 'delayed', cause: 'backlog' },
  {
    name: 'nobody takes it',
    facts: { oldestUnreceiptedMs: ago(UNRECEIPTED_AFTER_MS) },
    level: 'local-only',
    cause: 'no-receipts',
  },
  {
    name: 'hours of backlog, being taken',
    facts: { oldestUnreceiptedMs: ago(7_200_000), lastReceiptMs: ago(1_000) },
    level: 'delayed',
    cause: 'backlog',
  },
  {
    name: 'hours of backlog, no longer being taken',
    facts: { oldestUnreceiptedMs: ago(7_200_000), lastReceiptMs: ago(UNRECEIPTED_AFTER_MS) },
    level: 'local-only',
    cause: 'no-receipts',
  },
  {
    name: 'a receipt from before the oldest does not make it older',
    facts: { oldestUnreceiptedMs: ago(1_000), lastReceiptMs: ago(7_200_000) },
    level: 'monitored',
    cause: 'none',
  },
  {
    name: 'moments of the future (the clock was set back) are now',
    facts: { ...oximeter({ lastReadingMs: NOW + 3_600_000 }), oldestUnreceiptedMs: NOW + 3_600_000 },
    level: 'monitored',
    cause: 'none',
  },
];

describe('care level', () => {
  it.each(rows)('$name: $level, $cause', ({ facts, level, cause }) => {
    expect(careLevel({ ...WELL, ...facts })).toMatchObject({ level, cause });
  });

  it('names the device that is missing', () => {
    expect(careLevel({ ...WELL, devices: [OXIMETER, { ...unheard, id: 'pump' }] }).device).toBe('pump');
    expect(careLevel(WELL).device).toBeUndefined();
  });

  it('tells the age of the newest data of any device, whatever the level', () => {
    const devices = [OXIMETER, { ...SCALE, lastReadingMs: ago(200) }];
    expect(careLevel({ ...WELL, devices }).newestDataAgeMs).toBe(200);
    expect(careLevel({ ...WELL, devices, journalTrouble: 'journal-full' }).newestDataAgeMs).toBe(200);
    expect(careLevel({ ...WELL, devices: [unheard] })).not.toHaveProperty('newestDataAgeMs');
    expect(careLevel({ ...WELL, ...oximeter({ lastReadingMs: NOW + 5 }) }).newestDataAgeMs).toBe(0);
  });
});

describe('following it', () => {
  const factsOf: Readonly<Record<CareLevelName, Partial<CareFacts>>> = {
    monitored: {},
    delayed: { oldestUnreceiptedMs: ago(DELAYED_AFTER_MS) },
    'local-only': { uplinkConnected: false },
    'not-monitored': { rulesRunning: false },
  };
  const names = Object.keys(factsOf) as CareLevelName[];
  const transitions = names.flatMap((from) => names.map((to) => [from, to] as const));

  it.each(transitions)('%s to %s: since is when the level began', (from, to) => {
    const before = { ...careLevel({ ...WELL, ...factsOf[from] }), sinceMs: NOW - 5_000 };
    const after = follow(before, { ...WELL, ...factsOf[to] });
    expect(after.level).toBe(to);
    expect(after.sinceMs).toBe(from === to ? NOW - 5_000 : NOW);
  });

  it('begins now', () => {
    expect(follow(undefined, WELL)).toMatchObject({ level: 'monitored', sinceMs: NOW });
  });

  it('keeps since when only the cause changes', () => {
    const before = { ...careLevel({ ...WELL, journalTrouble: 'journal-full' }), sinceMs: NOW - 5_000 };
    const after = follow(before, { ...WELL, journalTrouble: 'journal-not-writable' });
    expect(after).toMatchObject({ cause: 'journal-not-writable', sinceMs: NOW - 5_000 });
  });
});
