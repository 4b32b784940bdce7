/** Which readings belong to an alert, and so are never thinned. */
import { describe, expect, it } from 'vitest';
import { type AlertAt, CONTEXT_MS, contextOf } from '../../agent/journal/context.ts';

const MINUTE = 60_000;

function alert(atMinutes: number, phase: 'start' | 'update' | 'end', device?: string, id = 'a'): AlertAt {
  return { atMs: atMinutes * MINUTE, alert: { alert: id, phase, ...(device !== undefined && { device }) } };
}

const CASES: readonly (readonly [string, readonly AlertAt[], Readonly<Record<number, boolean>>])[] = [
  ['nothing without alerts', [], { 0: false, 100: false }],
  [
    'ten minutes before its start until ten after its end',
    [alert(100, 'start', 'ox'), alert(105, 'update', 'ox'), alert(110, 'end', 'ox')],
    { 89: false, 90: true, 105: true, 120: true, 121: false },
  ],
  ['everything after the start of one that still stands', [alert(100, 'start', 'ox')], { 89: false, 5000: true }],
  [
    'everything before the end of one whose start is gone',
    [alert(100, 'end', 'ox')],
    { 0: true, 110: true, 111: false },
  ],
  ['nothing of another device', [alert(100, 'start', 'pump')], { 100: false }],
  ['every device, for an alert about the hub', [alert(100, 'start')], { 100: true }],
  [
    'two that overlap as one',
    [
      alert(100, 'start', 'ox'),
      alert(105, 'start', 'ox', 'b'),
      alert(106, 'end', 'ox'),
      alert(130, 'end', 'ox', 'b'),
      alert(300, 'start', 'ox', 'c'),
      alert(301, 'end', 'ox', 'c'),
    ],
    { 125: true, 140: true, 141: false, 289: false, 295: true, 312: false },
  ],
];

describe('the context of alerts', () => {
  it.each(CASES)('holds %s', (_, alerts, expected) => {
    const context = contextOf(alerts);
    for (const [minutes, holds] of Object.entries(expected)) {
      expect(context.holds('ox', Number(minutes) * MINUTE), `minute ${minutes}`).toBe(holds);
    }
  });

  it('is ten minutes on either side', () => {
    expect(CONTEXT_MS).toBe(10 * MINUTE);
  });
});
