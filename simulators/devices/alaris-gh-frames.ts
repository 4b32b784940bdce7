/** The messages an Alaris GH syringe pump sends and what it means by them. Source: Alaris GH/Asena serial protocol. */
import { decimal, scaled } from '../../agent/reading/decimal.ts';
import type { Measurement } from '../../agent/reading/measurement.ts';
import type { MetricName } from '../../agent/vocabulary/metrics.ts';
import { ascii } from './bytes.ts';
import { ccittFalse } from './ccitt-false.ts';
import type { Case } from './contract.ts';

/** What the pump does at one moment. Numbers are texts: their digits are what it shows. */
export interface PumpState {
  /** ml/h, two decimals. */
  readonly rate: string;
  /** Infused, ml, three decimals. */
  readonly volume: string;
  /** In the line, mmHg, two decimals. */
  readonly pressure: string;
  /** Infusing, or on hold. */
  readonly status: 'SET' | 'HLD';
  /** AL_NOALM, AL_OCCL, AL_VTBIS, ... */
  readonly alarm: string;
  readonly drug?: string;
  /** hh:mm:ss, or 24+ when it is longer than the pump shows. */
  readonly timeLeft: string;
}

const NO_ALARM = 'AL_NOALM';

/** `!body|CRC` CR: what travels in either direction. */
export function serialFrame(body: string): Uint8Array {
  const crc = ccittFalse(ascii(body)).toString(16).toUpperCase().padStart(4, '0');
  return ascii(`!${body}|${crc}\r`);
}

/** `log` counts the entries of the pump's own event log. */
export function infusionBody(serialNumber: string, state: PumpState, log: number): string {
  const alarm = state.alarm === NO_ALARM ? '-' : 'A';
  const { status, rate, drug = '', volume, pressure, timeLeft } = state;
  return `INF^${serialNumber}^${alarm}^${status}^${rate}^ml/h^${drug}^${volume}^ml^${pressure}^mmHg^${timeLeft}^EVENT^${log}`;
}

export function alarmBody({ alarm }: PumpState): string {
  return `ALARM^${alarm}^ ^ `;
}

/** In the order of the message. */
export function infusionMeans({ status, rate, drug, volume, pressure, timeLeft }: PumpState): readonly Measurement[] {
  const flows = status === 'SET' && Number(rate) > 0;
  return [
    { metric: 'MDC_PUMP_INFUSING_STATUS', code: flows ? 'pump-status-infusing' : 'pump-status-not-infusing' },
    { metric: 'MDC_FLOW_FLUID_PUMP', value: decimal(rate) },
    { metric: 'MDC_DRUG_NAME_LABEL', ...(drug ? { text: drug } : { absent: 'not-recorded' }) },
    { metric: 'MDC_VOL_FLUID_DELIV', value: decimal(volume) },
    { metric: 'MDCX_PUMP_LINE_PRESS', value: decimal(pressure) },
    { metric: 'MDC_TIME_PD_REMAIN', ...remaining(timeLeft) },
  ];
}

export function alarmMeans({ alarm }: PumpState): readonly Measurement[] {
  return [{ metric: 'MDCX_PUMP_ALARM', code: alarm }];
}

/** The hub counts minutes, to the hundredth. */
function remaining(timeLeft: string) {
  if (timeLeft === '24+') return { absent: 'above-range' as const };
  const [hours = 0, minutes = 0, seconds = 0] = timeLeft.split(':').map(Number);
  const left = (hours * 60 + minutes) * 60 + seconds;
  return { value: scaled(Math.round((left * 5) / 3), -2), asTold: { value: scaled(left, 0), unit: 's' } };
}

const QUIET: PumpState = {
  rate: '5.00',
  volume: '12.345',
  pressure: '17.91',
  status: 'SET',
  alarm: NO_ALARM,
  drug: 'MORPHINE',
  timeLeft: '06:30:00',
};

export function* pumpCases(random: () => number): Iterable<Case> {
  for (const status of ['SET', 'HLD'] as const) {
    for (const alarm of [NO_ALARM, 'AL_OCCL', 'AL_VTBIS']) {
      for (const drug of ['', 'MORPHINE', 'INSULIN 1 IU/ml']) {
        for (const timeLeft of ['24+', '00:00:00', '00:01:00', '23:59:00']) {
          yield infusion(`${status} ${alarm} ${drug} ${timeLeft}`, { ...QUIET, status, alarm, drug, timeLeft });
        }
      }
    }
  }
  for (let round = 0; round < 500; round++) yield infusion(`numbers ${round}`, anyState(random));
  for (const alarm of [NO_ALARM, 'AL_OCCL', 'AL_OCCL_UP', 'AL_VTBIS']) {
    yield { name: alarm, frame: message(alarmBody({ ...QUIET, alarm })), means: alarmMeans({ ...QUIET, alarm }) };
  }
  for (let round = 0; round < 200; round++) {
    const { rate, volume } = anyState(random);
    yield single('INF_RATE', rate, 'ml/h', 'MDC_FLOW_FLUID_PUMP');
    yield single('INF_VI', volume, 'ml', 'MDC_VOL_FLUID_DELIV');
    yield single('INF_VTBI', volume, 'ml', 'MDC_VOL_FLUID_TBI');
  }
  for (const body of ['INST_SERIALNO^8002-00001', 'COMMS_RESPONSE_MAX^4000^ms']) {
    yield { name: body, frame: message(body), means: [] };
  }
}

function infusion(name: string, state: PumpState): Case {
  return { name, frame: message(infusionBody('8002-00001', state, 127_904)), means: infusionMeans(state) };
}

/** The answer to a question for one number. */
function single(question: string, value: string, unit: string, metric: MetricName): Case {
  const body = `${question}^${value}^${unit}`;
  return { name: body, frame: message(body), means: [{ metric, value: decimal(value) }] };
}

function message(body: string): Case['frame'] {
  return { channel: 'serial', bytes: serialFrame(body) };
}

function anyState(random: () => number): PumpState {
  const whole = (below: number) => Math.floor(random() * below);
  const two = (below: number) => String(whole(below)).padStart(2, '0');
  return {
    ...QUIET,
    rate: scaled(whole(120_001), -2),
    volume: scaled(whole(10_000_000), -3),
    pressure: scaled(whole(130_000) - 10_000, -2),
    status: random() < 0.5 ? 'SET' : 'HLD',
    timeLeft: `${two(24)}:${two(60)}:${two(60)}`,
  };
}
