/** The columns of each kind of file on a ResMed card, and what a sample of each means. */
import type { MetricName } from '../../../agent/vocabulary/metrics.ts';
import type { SignalSpec } from './edf-writer.ts';

/** A sample means `sample x factor x 10^exponent` in the metric's unit. */
export interface Meaning {
  readonly metric: MetricName;
  readonly factor: number;
  readonly exponent: number;
}

export interface CardSignal extends SignalSpec {
  readonly meaning?: Meaning;
}

type Limits = readonly [low: string, high: string, digitalLow: number, digitalHigh: number];

function signal(label: string, unit: string, limits: Limits, perRecord: number, meaning?: Meaning): CardSignal {
  const [low, high, digitalLow, digitalHigh] = limits;
  const spec = { label, unit, physical: [low, high], digital: [digitalLow, digitalHigh], perRecord } as const;
  return meaning === undefined ? spec : { ...spec, meaning };
}

function means(metric: MetricName, factor: number, exponent: number): Meaning {
  return { metric, factor, exponent };
}

const fiftieths = (metric: MetricName): Meaning => means(metric, 2, -2); // gain 0.02
const tenths = (metric: MetricName): Meaning => means(metric, 1, -1);
/** Gain 0.02 L/s is 1.2 L/min. */
const leak = (metric: MetricName): Meaning => means(metric, 12, -1);

/** 60 s of samples, 2 s apart. Source: devices sheet 6.1; limits of the AirSense 10 as in its file headers. */
export const PLD_SIGNALS: readonly CardSignal[] = [
  signal('MaskPress.2s', 'cmH2O', ['0.00', '40.00', 0, 2000], 30, fiftieths('MDCX_SABTE_MASK_PRESS')),
  signal('Press.2s', 'cmH2O', ['0.00', '30.00', 0, 1500], 30, fiftieths('MDC_SABTE_PRESS')),
  signal('EprPress.2s', 'cmH2O', ['0.00', '30.00', 0, 1500], 30, fiftieths('MDCX_SABTE_EPAP')),
  signal('Leak.2s', 'L/s', ['0.00', '2.00', 0, 100], 30, leak('MDC_SABTE_VOL_LEAK')),
  signal('RespRate.2s', 'bpm', ['0.00', '50.00', 0, 250], 30, means('MDC_SABTE_RESP_RATE', 2, -1)),
  signal('TidVol.2s', 'L', ['0.00', '4.00', 0, 200], 30, fiftieths('MDC_SABTE_VOL_TIDAL')),
  signal('MinVent.2s', 'L/min', ['0.00', '30.00', 0, 240], 30, means('MDC_SABTE_VOL_MINUTE', 125, -3)),
  signal('Snore.2s', '', ['0.00', '5.00', 0, 250], 30, fiftieths('MDCX_SABTE_SNORE_INDEX')),
  signal('FlowLim.2s', '', ['0.00', '1.00', 0, 100], 30, means('MDCX_SABTE_FLOW_LIMITATION', 1, -2)),
];

const BILEVEL: readonly CardSignal[] = [
  signal('TgtVent.2s', 'L/min', ['0.00', '30.00', 0, 240], 30),
  signal('IERatio.2s', '%', ['0.00', '200.00', 0, 200], 30, means('MDC_SABTE_RATIO_IE', 1, -2)),
];
const BREATH_TIMES: readonly CardSignal[] = [
  signal('B5ITime.2s', 'seconds', ['0.00', '10.00', 0, 500], 30, fiftieths('MDCX_SABTE_INSP_TIME')),
  signal('B5ETime.2s', 'seconds', ['0.00', '10.00', 0, 500], 30, fiftieths('MDCX_SABTE_EXP_TIME')),
];

/** Bilevel and adaptive models add signals, some of them in the middle. */
export const PLD_BILEVEL_SIGNALS: readonly CardSignal[] = [
  ...PLD_SIGNALS.slice(0, 7),
  ...BILEVEL,
  ...PLD_SIGNALS.slice(7),
  ...BREATH_TIMES,
];

/** 60 s of samples, 1 s apart; -1 where the oximeter has nothing. */
export const SAD_SIGNALS: readonly CardSignal[] = [
  signal('Pulse.1s', 'bpm', ['18.00', '300.00', 18, 300], 60, means('MDC_PULS_OXIM_PULS_RATE', 1, 0)),
  signal('SpO2.1s', '%', ['0.00', '100.00', 0, 100], 60, means('MDC_PULS_OXIM_SAT_O2', 1, 0)),
];

/** The AirSense 11 calls the file SA2 and declares its pulse from zero. */
export const SA2_SIGNALS: readonly CardSignal[] = [
  signal('Pulse.1s', 'bpm', ['0.00', '300.00', 0, 300], 60, means('MDC_PULS_OXIM_PULS_RATE', 1, 0)),
  signal('SpO2.1s', '%', ['0.00', '100.00', 0, 100], 60, means('MDC_PULS_OXIM_SAT_O2', 1, 0)),
];

/** Annotation records of the AirSense 10 are 38 bytes in EVE and 30 in CSL, those of the AirSense 11 are 62. */
export function annotationSignals(bytesPerRecord: 30 | 38 | 62): readonly CardSignal[] {
  return [signal('EDF Annotations', '', ['0.00', '86400.00', -32768, 32767], bytesPerRecord / 2)];
}

export const EVENT_METRICS: Readonly<Record<string, MetricName>> = {
  Hypopnea: 'MDCX_SABTE_HYPOPNEA',
  'Central Apnea': 'MDCX_SABTE_CENTRAL_APNEA',
  'Obstructive Apnea': 'MDCX_SABTE_OBSTRUCTIVE_APNEA',
  Apnea: 'MDCX_SABTE_APNEA',
  Arousal: 'MDCX_SABTE_RERA',
};

/** Mask slots of one day in STR. */
export const MASK_SLOTS = 10;

const CHOICE: Limits = ['0', '16', 0, 16];
const SETTING: Limits = ['1.00', '30.00', 50, 1500];
const PERCENTILE: Limits = ['0.00', '30.00', 0, 1500];
const LEAK: Limits = ['0.00', '2.00', 0, 100];
const INDEX: Limits = ['0.00', '240.00', 0, 2400];
const MINUTES: Limits = ['0.00', '1440.00', 0, 1440];

/** One sample of each for every noon-to-noon day, but ten mask slots. An AirSense 10 AutoSet's columns, fewer than it has. */
export const STR_SIGNALS: readonly CardSignal[] = [
  signal('Date', '', ['0.00', '24836.00', 0, 24836], 1),
  signal('MaskOn', 'min.', MINUTES, MASK_SLOTS),
  signal('MaskOff', 'min.', MINUTES, MASK_SLOTS),
  signal('MaskEvents', '', ['0.00', '255.00', 0, 255], 1, means('MDCX_SABTE_MASK_EVENTS', 1, 0)),
  signal('Duration', 'min.', MINUTES, 1, means('MDC_SABTE_USAGE_TOTAL', 60, 0)),
  signal('OnDuration', 'min.', MINUTES, 1),
  signal('PatientHours', 'hrs', ['0.00', '32767.00', 0, 32767], 1),
  signal('Mode', '', CHOICE, 1),
  signal('S.RampEnable', '', CHOICE, 1),
  signal('S.RampTime', 'min.', ['5.00', '45.00', 5, 45], 1),
  signal('S.C.StartPress', 'cmH2O', SETTING, 1),
  signal('S.C.Press', 'cmH2O', SETTING, 1, fiftieths('MDC_SABTE_PRESS_CPAP_SET')),
  signal('S.EPR.Level', 'cmH2O', ['1.00', '3.00', 50, 150], 1),
  signal('S.AS.StartPress', 'cmH2O', SETTING, 1),
  signal('S.AS.MaxPress', 'cmH2O', SETTING, 1, fiftieths('MDC_SABTE_PRESS_AUTO_MAX_SET')),
  signal('S.AS.MinPress', 'cmH2O', SETTING, 1, fiftieths('MDC_SABTE_PRESS_AUTO_MIN_SET')),
  signal('S.Mask', '', CHOICE, 1),
  signal('MaskPress.50', 'cmH2O', PERCENTILE, 1, fiftieths('MDC_SABTE_PRESS_P50')),
  signal('MaskPress.95', 'cmH2O', PERCENTILE, 1, fiftieths('MDC_SABTE_PRESS_P95')),
  signal('MaskPress.Max', 'cmH2O', PERCENTILE, 1, fiftieths('MDC_SABTE_PRESS_MAX')),
  signal('Leak.50', 'L/s', LEAK, 1, leak('MDC_SABTE_VOL_LEAK_P50')),
  signal('Leak.95', 'L/s', LEAK, 1, leak('MDC_SABTE_VOL_LEAK_P95')),
  signal('Leak.70', 'L/s', LEAK, 1),
  signal('Leak.Max', 'L/s', LEAK, 1, leak('MDC_SABTE_VOL_LEAK_MAX')),
  signal('AHI', '', INDEX, 1, tenths('MDC_SABTE_AHI')),
  signal('HI', '', INDEX, 1, tenths('MDCX_SABTE_HYPOPNEA_INDEX')),
  signal('AI', '', INDEX, 1, tenths('MDCX_SABTE_APNEA_INDEX')),
  signal('OAI', '', INDEX, 1, tenths('MDCX_SABTE_OBSTRUCTIVE_APNEA_INDEX')),
  signal('CAI', '', INDEX, 1, tenths('MDCX_SABTE_CENTRAL_APNEA_INDEX')),
  signal('UAI', '', INDEX, 1, tenths('MDCX_SABTE_UNCLASSIFIED_APNEA_INDEX')),
  signal('Fault.Device', '', CHOICE, 1),
  signal('Fault.Alarm', '', CHOICE, 1),
  signal('Fault.Humidifier', '', CHOICE, 1),
  signal('Fault.HeatedTube', '', CHOICE, 1),
];

/** Therapy modes of the AirSense 10 generation, by their number in STR. */
export const MODES: Readonly<Record<number, string>> = {
  0: 'CPAP',
  1: 'AutoSet',
  2: 'T',
  3: 'S',
  4: 'ST',
  6: 'VAuto',
  7: 'ASV',
  8: 'ASVAuto',
  9: 'iVAPS',
  10: 'PAC',
  11: 'AutoSetForHer',
};
