/** What the lines of an Alaris pump mean: rate, volumes, pressure, time left, drug, whether it runs, and its alarm. */
import { isDecimal, scaled } from '../../agent/reading/decimal.ts';
import type { Measurement } from '../../agent/reading/measurement.ts';
import type { Outcome } from '../contract/driver.ts';
import type { Fault, Message } from './line.ts';

export type PumpMetric =
  | 'MDC_FLOW_FLUID_PUMP'
  | 'MDC_VOL_FLUID_DELIV'
  | 'MDC_VOL_FLUID_TBI'
  | 'MDC_TIME_PD_REMAIN'
  | 'MDC_DRUG_NAME_LABEL'
  | 'MDC_PUMP_INFUSING_STATUS'
  | 'MDCX_PUMP_LINE_PRESS'
  | 'MDCX_PUMP_ALARM';

/** Total: a field that the sources do not show makes the whole line malformed, with the field named. */
export function decodeMessage({ name, fields }: Message): Outcome<PumpMetric> {
  const [value = '', unit = ''] = fields;
  if (fields.length === 0) return { outcome: 'ignored', why: `${name} without a value: a query seen on the line` };
  switch (name) {
    case 'INF':
      return decodeInfusion(fields);
    case 'INF_RATE':
      return measured([quantity('MDC_FLOW_FLUID_PUMP', value, unit, 'ml/h')]);
    case 'INF_VI':
      return measured([quantity('MDC_VOL_FLUID_DELIV', value, unit, 'ml')]);
    case 'INF_VTBI':
      return measured([quantity('MDC_VOL_FLUID_TBI', value, unit, 'ml')]);
    case 'ALARM':
      return measured([alarm(value)]);
    case 'SYRINGE_STATUS':
    case 'COMMS_PROTOCOL':
    case 'COMMS_RESPONSE_MAX':
    case 'INF_RATE_MAX_SYRINGE':
      return {
        outcome: 'measured',
        measurements: [],
        facts: { [name]: fields.map((field) => field.trim()).join(' ') },
      };
    case 'INST_SERIALNO':
      return { outcome: 'ignored', why: 'a serial number, which is not kept (invariant 13)' };
    default:
      return { outcome: 'ignored', why: `${name} is not a status that is read` };
  }
}

/** Serial number and log position are read past: one says which pump, the other nothing about the patient. */
function decodeInfusion(fields: readonly string[]): Outcome<PumpMetric> {
  if (fields.length !== 13) return { outcome: 'malformed', how: `INF with ${fields.length} fields instead of 13` };
  const [, flag = '', state = '', rate = '', rateUnit = '', drug = '', ...rest] = fields;
  const [volume = '', volumeUnit = '', pressure = '', pressureUnit = '', left = ''] = rest;
  // Which alarm it is, the pump tells when asked for ALARM, which is always asked next.
  if (flag !== '-' && flag !== 'A') return { outcome: 'malformed', how: `alarm flag "${flag}"` };
  return measured([
    infusing(state, rate),
    quantity('MDC_FLOW_FLUID_PUMP', rate, rateUnit, 'ml/h'),
    { metric: 'MDC_DRUG_NAME_LABEL', ...(drug.trim() === '' ? { absent: 'not-recorded' } : { text: drug.trim() }) },
    quantity('MDC_VOL_FLUID_DELIV', volume, volumeUnit, 'ml'),
    quantity('MDCX_PUMP_LINE_PRESS', pressure, pressureUnit, 'mmHg'),
    timeLeft(left),
  ]);
}

type Part = Measurement<PumpMetric> | Fault;

function measured(parts: readonly Part[]): Outcome<PumpMetric> {
  const measurements: Measurement<PumpMetric>[] = [];
  for (const part of parts) {
    if ('how' in part) return { outcome: 'malformed', how: part.how };
    measurements.push(part);
  }
  return { outcome: 'measured', measurements };
}

/** The device's units are the metrics' own in another spelling; any other unit is not converted but refused. */
function quantity(metric: PumpMetric, value: string, unit: string, expected: 'ml/h' | 'ml' | 'mmHg'): Part {
  if (unit !== expected) return { how: `unit "${unit}" where ${expected} is due` };
  return isDecimal(value) ? { metric, value } : { how: `"${value}" is not a number` };
}

/**
 * HLD is on hold. SET is what the pump tells while it runs at its set rate; no source says whether it also tells SET before the
 * first start. So infusing is claimed only with a rate above zero, which is what IHE PCD means by the word.
 */
function infusing(state: string, rate: string): Part {
  if (state !== 'SET' && state !== 'HLD') return { how: `state "${state}"` };
  const running = state === 'SET' && Number(rate) > 0;
  return { metric: 'MDC_PUMP_INFUSING_STATUS', code: running ? 'pump-status-infusing' : 'pump-status-not-infusing' };
}

/** hh:mm:ss, in minutes to the hundredth; hh:mm, in whole minutes; `24+` is beyond what the pump counts, and no number. */
function timeLeft(text: string): Part {
  const metric = 'MDC_TIME_PD_REMAIN';
  if (text === '24+') return { metric, absent: 'above-range' };
  const [, hours, minutes, seconds] = /^(\d\d):([0-5]\d)(?::([0-5]\d))?$/.exec(text) ?? [];
  if (hours === undefined || minutes === undefined) return { how: `time left "${text}"` };
  const whole = Number(hours) * 60 + Number(minutes);
  if (seconds === undefined) return { metric, value: scaled(whole, 0) };
  const total = whole * 60 + Number(seconds);
  return { metric, value: scaled(Math.round((total * 5) / 3), -2), asTold: { value: scaled(total, 0), unit: 's' } };
}

function alarm(code: string): Part {
  return /^AL_[A-Z0-9_]+$/.test(code) ? { metric: 'MDCX_PUMP_ALARM', code } : { how: `alarm code "${code}"` };
}
