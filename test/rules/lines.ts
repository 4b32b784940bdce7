/** Journal lines as a device would have made them, and alerts as one short word each, so that tests read as tables. */
import type { Line } from '../../agent/journal/contract.ts';
import { decimal } from '../../agent/reading/decimal.ts';
import type { Reading } from '../../agent/reading/entry.ts';
import type { AbsentReason, Flag, Observed } from '../../agent/reading/measurement.ts';
import type { AlertDraft, Moment } from '../../agent/rules/evaluate.ts';
import type { CarePlan, PlanRule } from '../../agent/rules/plan.ts';
import { METRICS, type MetricName } from '../../agent/vocabulary/metrics.ts';

/** Second 0 of all tables. */
export const START_MS = Date.UTC(2026, 2, 2, 8, 0, 0);

export interface Told {
  /** When it was true, seconds from START_MS. */
  readonly at: number;
  /** A number, 'absent:<reason>' or 'code:<code>' or 'bits:<a>,<b>'. */
  readonly say: string;
  readonly metric?: MetricName;
  readonly device?: string;
  /** Seconds between truth and reception (default 0; negative for a device clock that runs ahead). */
  readonly late?: number;
  readonly flags?: readonly Flag[];
  readonly from?: 'device' | 'hub';
  /** Seconds on the monotonic clock, where they differ from the wall clock's. */
  readonly monotonic?: number;
  readonly durationMs?: number;
}

function observed(say: string): Observed {
  const [, kind, what = ''] = /^(absent|code|bits):(.*)$/.exec(say) ?? [];
  if (kind === 'absent') return { absent: what as AbsentReason };
  if (kind === 'code') return { code: what };
  if (kind === 'bits') return { bits: what.split(',').filter((bit) => bit !== ''), raw: 0 };
  return { value: decimal(say) };
}

export function reading(told: Told): Reading {
  const { at, say, late = 0, metric = 'MDC_PULS_OXIM_SAT_O2', device = 'oximeter', from = 'device' } = told;
  const receivedMs = START_MS + (at + late) * 1000;
  return {
    metric,
    ...observed(say),
    ...(told.flags && { flags: told.flags }),
    ...(told.durationMs !== undefined && { durationMs: told.durationMs }),
    device,
    driver: 'any',
    mdc: METRICS[metric].mdc,
    effective: { at: new Date(START_MS + at * 1000).toISOString(), from, uncertaintyMs: 10 },
    received: {
      wall: new Date(receivedMs).toISOString(),
      monotonicMs: (told.monotonic ?? at + late) * 1000 + 5_000,
      boot: 'boot',
      clock: 'synced',
      uncertaintyMs: 10,
    },
  };
}

export function line(told: Told, seq: number): Line {
  const id = `e${seq}`;
  const entry = { v: 1, hub: 'hub', seq, id, kind: 'reading', at: '', body: reading(told) };
  return { seq, id, kind: 'reading', bytes: Buffer.from(JSON.stringify(entry)) };
}

export function lines(tolds: readonly Told[]): readonly Line[] {
  return tolds.map((told, index) => line(told, index + 1));
}

/** The hub's clocks at a second of the table. */
export function moment(at: number, monotonic = at): Moment {
  return { wallMs: START_MS + at * 1000, monotonicMs: monotonic * 1000 + 5_000, boot: 'boot' };
}

export function planOf(...rules: readonly PlanRule[]): CarePlan {
  return { id: 'plan', version: 1, language: 'en', rules };
}

/** As in 'start spo2 86.0 @3'. */
export function brief({ at, body }: AlertDraft): string {
  const seconds = (Date.parse(at) - START_MS) / 1000;
  return [body.phase, body.rule, ...(body.value === undefined ? [] : [body.value]), `@${seconds}`].join(' ');
}

/**
 * Readings written as `second:what`, separated by spaces, with, in this order and all optional, `~late`, `^monotonic`,
 * `+durationSeconds`, `#device`, `!flag` and `?` for a time that the hub had to invent: '0:87.0 3:87.0~600 4:absent:sensor-off'.
 */
export function tolds(text: string): readonly Told[] {
  return text
    .split(' ')
    .filter((token) => token !== '')
    .map((token) => {
      const found = TOKEN.exec(token)?.groups;
      if (!found) throw new Error(`not a reading: ${token}`);
      const { at, say = '', late, monotonic, lasted, device, flag, hub } = found;
      return {
        at: Number(at),
        say,
        ...(late !== undefined && { late: Number(late) }),
        ...(monotonic !== undefined && { monotonic: Number(monotonic) }),
        ...(lasted !== undefined && { durationMs: Number(lasted) * 1000 }),
        ...(device !== undefined && { device }),
        ...(flag !== undefined && { flags: [flag as Flag] }),
        ...(hub !== undefined && { from: 'hub' as const }),
      };
    });
}

const NUMBER = '-?[0-9.]+';
const TOKEN = new RegExp(
  `^(?<at>${NUMBER}):(?<say>[^~^+#!?]*)(?:~(?<late>${NUMBER}))?(?:\\^(?<monotonic>${NUMBER}))?` +
    `(?:\\+(?<lasted>${NUMBER}))?(?:#(?<device>[a-z]+))?(?:!(?<flag>[a-z-]+))?(?<hub>\\?)?$`,
);

export interface Row {
  readonly name: string;
  /** Rule facts as JSON. */
  readonly rule: object;
  readonly told: string;
  readonly alerts: readonly string[];
}

/** A table as text, one row a line: `name | facts of the rule | what happens | alerts, separated by commas`. */
export function table(text: string): readonly Row[] {
  const rows = text.split('\n').filter((row) => row.trim() !== '');
  return rows.map((row) => {
    const [name, rule, told, alerts] = row.split('|').map((cell) => cell.trim());
    if (name === undefined || rule === undefined || told === undefined || alerts === undefined) throw new Error(row);
    return {
      name,
      rule: JSON.parse(`{${rule}}`),
      told,
      alerts: alerts === '' ? [] : alerts.split(',').map((alert) => alert.trim()),
    };
  });
}
