/** Builds STR, the card's table of days, together with what each day means. */
import { scaled } from '../../../agent/reading/decimal.ts';
import type { Flag, Measurement } from '../../../agent/reading/measurement.ts';
import type { MetricName } from '../../../agent/vocabulary/metrics.ts';
import { type CardFile, localText } from './card-file.ts';
import { writeEdf } from './edf-writer.ts';
import { type CardSignal, MASK_SLOTS, MODES, STR_SIGNALS } from './signals.ts';

/** One noon-to-noon day; a column that is not named is -1, "not reported". */
export interface Day {
  /** Noon, local. */
  readonly noonMs: number;
  /** Minutes after noon when the mask went on and came off. */
  readonly sessions: readonly (readonly [onMin: number, offMin: number])[];
  /** Digital samples by column label. */
  readonly columns: Readonly<Record<string, number>>;
}

const DAY_MS = 86_400_000;
/** What is told of every day the mask was on, in this order; "not recorded" where the column is -1. */
const SUMMARIES: readonly MetricName[] = [
  'MDC_SABTE_USAGE_TOTAL',
  'MDC_SABTE_AHI',
  'MDCX_SABTE_HYPOPNEA_INDEX',
  'MDCX_SABTE_APNEA_INDEX',
  'MDCX_SABTE_OBSTRUCTIVE_APNEA_INDEX',
  'MDCX_SABTE_CENTRAL_APNEA_INDEX',
  'MDCX_SABTE_UNCLASSIFIED_APNEA_INDEX',
  'MDCX_SABTE_MASK_EVENTS',
  'MDC_SABTE_VOL_LEAK_P50',
  'MDC_SABTE_VOL_LEAK_P95',
  'MDC_SABTE_VOL_LEAK_MAX',
  'MDC_SABTE_PRESS_P50',
  'MDC_SABTE_PRESS_P95',
  'MDC_SABTE_PRESS_MAX',
];
/** The settings that are in force in a mode; the card holds those of the other modes too. */
const SETTINGS: Readonly<Record<string, readonly MetricName[]>> = {
  CPAP: ['MDC_SABTE_PRESS_CPAP_SET'],
  AutoSet: ['MDC_SABTE_PRESS_AUTO_MIN_SET', 'MDC_SABTE_PRESS_AUTO_MAX_SET'],
};
const FAULTS = ['Fault.Device', 'Fault.Alarm', 'Fault.Humidifier', 'Fault.HeatedTube'];

/** `days` in order, without holes: a day the machine was not used has its record too. */
export function summaryFile(days: readonly Day[]): CardFile {
  const bytes = writeEdf({
    startMs: days[0]?.noonMs ?? 0,
    kind: 'EDF',
    recordSeconds: 86400,
    signals: STR_SIGNALS,
    records: days.map((day) => STR_SIGNALS.map((signal) => column(day, signal))),
  });
  return { path: 'STR.edf', bytes, means: days.flatMap(dayMeans) };
}

function column(day: Day, signal: CardSignal): readonly number[] {
  switch (signal.label) {
    case 'Date':
      return [Math.floor(day.noonMs / DAY_MS)];
    case 'MaskOn':
      return Array.from({ length: MASK_SLOTS }, (_, slot) => day.sessions[slot]?.[0] ?? -1);
    case 'MaskOff':
      return Array.from({ length: MASK_SLOTS }, (_, slot) => day.sessions[slot]?.[1] ?? -1);
    default:
      return [day.columns[signal.label] ?? -1];
  }
}

function dayMeans(day: Day): Measurement[] {
  const used = day.sessions.length > 0;
  if (!used) return [summary(day, 'MDC_SABTE_USAGE_TOTAL')];
  return [
    ...SUMMARIES.map((metric) => summary(day, metric)),
    ...modeMeans(day),
    ...faultMeans(day),
    ...day.sessions.map((session) => sessionMeans(day, session)),
  ];
}

/** What stands in the metric's column of a day. */
function summary(day: Day, metric: MetricName): Measurement {
  const signal = STR_SIGNALS.find((candidate) => candidate.meaning?.metric === metric);
  if (signal?.meaning === undefined) throw new RangeError(`STR has no column for ${metric}`);
  const sample = day.columns[signal.label] ?? -1;
  if (sample === -1) return { metric, absent: 'not-recorded', ...wholeDay(day) };
  const { factor, exponent } = signal.meaning;
  return { metric, value: scaled(sample * factor, exponent), ...wholeDay(day), ...asTold(signal, sample) };
}

function wholeDay(day: Day): { deviceTime: string; durationMs: number } {
  return { deviceTime: localText(day.noonMs), durationMs: DAY_MS };
}

/** The card counts minutes and litres a second where our metrics are seconds and litres a minute. */
function asTold(signal: CardSignal, sample: number): Pick<Measurement, 'asTold'> {
  if (signal.label === 'Duration') return { asTold: { value: scaled(sample, 0), unit: 'min' } };
  if (signal.unit === 'L/s') return { asTold: { value: scaled(sample * 2, -2), unit: 'L/s' } };
  return {};
}

function sessionMeans(day: Day, [onMin, offMin]: readonly [number, number]): Measurement {
  return {
    metric: 'MDCX_SABTE_SESSION',
    code: 'mask-on',
    deviceTime: localText(day.noonMs + onMin * 60_000),
    durationMs: (offMin - onMin) * 60_000,
  };
}

function modeMeans(day: Day): Measurement[] {
  const { Mode = -1 } = day.columns;
  const mode = MODES[Mode];
  if (mode === undefined) return [];
  const settings = (SETTINGS[mode] ?? []).map((metric) => summary(day, metric)).filter((told) => 'value' in told);
  const flags: readonly Flag[] = ['setting'];
  return [
    { metric: 'MDC_SABTE_MODE_THERAPY_SET', code: mode, ...wholeDay(day), flags },
    ...settings.map((told): Measurement => ({ ...told, flags })),
  ];
}

/** A fault is a number of the machine's own, zero where there is none. */
function faultMeans(day: Day): Measurement[] {
  return FAULTS.flatMap((label): Measurement[] => {
    const number = day.columns[label] ?? -1;
    if (number <= 0) return [];
    const asTold = { value: scaled(number, 0), unit: '1' };
    return [{ metric: 'MDCX_SABTE_FAULT', code: label, ...wholeDay(day), asTold }];
  });
}
