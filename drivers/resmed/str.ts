/** STR.edf: one record per day from noon to noon, with what the machine sums up and how it was set. */
import { scaled } from '../../agent/reading/decimal.ts';
import type { Measurement, Observed } from '../../agent/reading/measurement.ts';
import type { Facts, Outcome } from '../contract/driver.ts';
import { type Recording, type Signal, sampleAt } from './edf.ts';
import { localText, MS_PER_DAY, MS_PER_MINUTE } from './local-time.ts';
import { conversionFor, physical, type Scale, scaleOf } from './scale.ts';
import { FAULTS, isSeries11Label, MODES, STATISTICS, type StrColumn, type StrMetric } from './str-columns.ts';

/** Eleven years of nights, and more than any card keeps. */
const MAX_DAYS = 4_000;
const NOON_MS = MS_PER_DAY / 2;
const MINUTES_PER_DAY = 1_440;
const NOT_REPORTED = -1;

type Told = Measurement<StrMetric>['asTold'];
/** Minutes after noon with the mask on. */
type Stretch = { readonly onMin: number; readonly offMin: number };
type Period = { readonly deviceTime: string; readonly durationMs: number };
type Column = {
  readonly metric: StrMetric;
  readonly signal: Signal;
  readonly scale: Scale;
  /** Where we convert: the scale and unit of the number as told. */
  readonly told?: { readonly scale: Scale; readonly unit: string };
};
type Columns = {
  readonly statistics: readonly Column[];
  /** Absent where the card's mode numbers are not those we know. */
  readonly mode?: Signal;
  readonly settings: ReadonlyMap<number, readonly Column[]>;
  readonly faults: readonly Signal[];
};

/**
 * A day begins at 12:00:00 of its date by the device's clock and lasts 24 h; that is the period of all that is summed up or
 * set, while each stretch with the mask on has its own. Of a day without such a stretch only its usage is told: a patient who
 * did not use the machine is not the same as a card that was not read. A day with a slot outside it is left out and counted. AHI and the other indices are the machine's, which cuts the second decimal
 * instead of rounding it (9 events in 452 min are 1.1, not 1.2); they are forwarded as they stand.
 */
export function readStr(recording: Recording): Outcome<StrMetric> {
  if (recording.records > MAX_DAYS) return malformed(`more than ${MAX_DAYS} days`);
  const date = find(recording, 'Date');
  const maskOn = find(recording, 'MaskOn');
  const maskOff = find(recording, 'MaskOff');
  if (!date || !maskOn || !maskOff) return malformed('no Date, MaskOn or MaskOff');
  if (maskOn.perRecord !== maskOff.perRecord) return malformed('MaskOn and MaskOff differ in number');
  const columns = columnsOf(recording);
  if (typeof columns === 'string') return malformed(columns);

  const measurements: Measurement<StrMetric>[] = [];
  const left = { daysUnused: 0, daysInvalid: 0 };
  for (let record = 0; record < recording.records; record++) {
    const day = sampleAt(recording, date, record, 0);
    const stretches = stretchesOf(recording, maskOn, maskOff, record);
    if (!stretches || day <= 0) left.daysInvalid += 1;
    else {
      const noonMs = day * MS_PER_DAY + NOON_MS;
      const period: Period = { deviceTime: localText(noonMs), durationMs: MS_PER_DAY };
      if (stretches.length === 0) {
        left.daysUnused += 1;
        const usage = columns.statistics.find((column) => column.metric === 'MDC_SABTE_USAGE_TOTAL');
        if (usage && sampleAt(recording, usage.signal, record, 0) === 0) {
          measurements.push({ ...statistic(recording, usage, record), ...period });
        }
        continue;
      }
      for (const column of columns.statistics)
        measurements.push({ ...statistic(recording, column, record), ...period });
      pushSettings(measurements, recording, columns, record, period);
      pushFaults(measurements, recording, columns, record, period);
      for (const stretch of stretches) measurements.push(session(noonMs, stretch));
    }
  }
  if (measurements.length === 0) return { outcome: 'ignored', why: `nothing to keep of ${recording.records} days` };
  return { outcome: 'measured', measurements, facts: factsOf(recording, left) };
}

/**
 * Slots are unused where both are equal, as -1 and -1 are. Off before on has no meaning and is passed over, save an off of
 * 0: still on at the noon that ends the day (series 11, whose on of 0 likewise means on since the noon before). Undefined
 * where a slot lies outside the day: nothing of such a day can be trusted.
 */
function stretchesOf(
  recording: Recording,
  maskOn: Signal,
  maskOff: Signal,
  record: number,
): readonly Stretch[] | undefined {
  const stretches: Stretch[] = [];
  for (let slot = 0; slot < maskOn.perRecord; slot++) {
    const onMin = sampleAt(recording, maskOn, record, slot);
    const off = sampleAt(recording, maskOff, record, slot);
    if (onMin > MINUTES_PER_DAY || off > MINUTES_PER_DAY) return undefined;
    const offMin = off === 0 ? MINUTES_PER_DAY : off;
    if (onMin !== off && onMin >= 0 && onMin < offMin) stretches.push({ onMin, offMin });
  }
  return stretches;
}

function session(noonMs: number, { onMin, offMin }: Stretch): Measurement<StrMetric> {
  const deviceTime = localText(noonMs + onMin * MS_PER_MINUTE);
  return { metric: 'MDCX_SABTE_SESSION', deviceTime, durationMs: (offMin - onMin) * MS_PER_MINUTE, code: 'mask-on' };
}

/**
 * The machine has this column and did not fill it: that is said, so that a missing AHI cannot be taken for a lost one. A
 * setting it did not fill does not apply and is left out.
 */
function statistic(recording: Recording, column: Column, record: number): Measurement<StrMetric> {
  const { metric } = column;
  const digital = sampleAt(recording, column.signal, record, 0);
  const observed = observe(column, digital);
  if (digital === NOT_REPORTED && 'absent' in observed) return { metric, absent: 'not-recorded' };
  return { metric, ...observed };
}

function observe(column: Column, digital: number): Observed & { readonly asTold?: NonNullable<Told> } {
  const { scale, told } = column;
  if (digital < scale.low || digital > scale.high) return { absent: 'invalid' };
  const value = physical(scale, digital);
  return told ? { value, asTold: { value: physical(told.scale, digital), unit: told.unit } } : { value };
}

function pushSettings(
  into: Measurement<StrMetric>[],
  recording: Recording,
  columns: Columns,
  record: number,
  period: Period,
): void {
  if (!columns.mode) return;
  const number = sampleAt(recording, columns.mode, record, 0);
  const mode = MODES.get(number);
  if (!mode) return;
  const facts = { ...period, flags: ['setting'] } as const;
  into.push({ metric: 'MDC_SABTE_MODE_THERAPY_SET', ...facts, code: mode.code });
  for (const column of columns.settings.get(number) ?? []) {
    const observed = observe(column, sampleAt(recording, column.signal, record, 0));
    if ('value' in observed) into.push({ metric: column.metric, ...facts, ...observed });
  }
}

function pushFaults(
  into: Measurement<StrMetric>[],
  recording: Recording,
  columns: Columns,
  record: number,
  period: Period,
): void {
  for (const signal of columns.faults) {
    const number = sampleAt(recording, signal, record, 0);
    if (number <= 0) continue;
    const asTold = { value: scaled(number, 0), unit: '1' };
    into.push({ metric: 'MDCX_SABTE_FAULT', ...period, asTold, code: signal.label });
  }
}

/** The columns this card has, with their scales. A column in a unit we do not know is not forwarded. Text: what is wrong. */
function columnsOf(recording: Recording): Columns | string {
  const statistics = compile(recording, STATISTICS);
  if (typeof statistics === 'string') return statistics;
  const settings = new Map<number, readonly Column[]>();
  for (const [number, mode] of MODES) {
    const columns = compile(recording, mode.settings);
    if (typeof columns === 'string') return columns;
    settings.set(number, columns);
  }
  const mode = isSeries11(recording) ? undefined : find(recording, 'Mode');
  const faults = FAULTS.flatMap((label) => find(recording, label) ?? []);
  return { statistics, settings, faults, ...(mode && { mode }) };
}

function compile(recording: Recording, wanted: readonly StrColumn[]): readonly Column[] | string {
  const columns: Column[] = [];
  for (const { label, metric, conversions } of wanted) {
    const signal = find(recording, label);
    const conversion = signal && conversionFor(conversions, signal.unit);
    if (!signal || !conversion) continue;
    const scale = scaleOf(signal, conversion.times);
    const told = scaleOf(signal);
    if (!scale || !told) return `${label}: its range gives no decimal gain`;
    const converts = conversion.times[0] !== conversion.times[1];
    columns.push({ metric, signal, scale, ...(converts && { told: { scale: told, unit: conversion.ucum } }) });
  }
  return columns;
}

function factsOf(recording: Recording, left: { readonly daysUnused: number; readonly daysInvalid: number }): Facts {
  return {
    days: recording.records,
    ...(left.daysUnused > 0 && { daysUnused: left.daysUnused }),
    ...(left.daysInvalid > 0 && { daysInvalid: left.daysInvalid }),
    ...(isSeries11(recording) && { settings: 'not forwarded: the mode numbers of series 11 are not known' }),
  };
}

function isSeries11(recording: Recording): boolean {
  return recording.signals.some((signal) => isSeries11Label(signal.label));
}

function find(recording: Recording, label: string): Signal | undefined {
  return recording.signals.find((signal) => signal.label === label);
}

function malformed(how: string): { readonly outcome: 'malformed'; readonly how: string } {
  return { outcome: 'malformed', how };
}
