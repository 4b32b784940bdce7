/** Every metric a driver may observe: its code, its one unit, its plain name and what is physically possible. */
import { MDC, type MdcName } from './mdc.ts';

export interface Metric {
  readonly mdc: number;
  /** UCUM; absent for metrics that are not numbers. */
  readonly unit?: string;
  readonly loinc?: string;
  /** For people: table headings, terminal view, alert texts. */
  readonly label: string;
  /**
   * Inclusive bounds of what a body or a device can physically do, in `unit`. Outside them a value raises a technical
   * condition, never a physiological one (invariant 7). Bounds are engineering limits of ours, wider than any clinical range.
   */
  readonly possible?: readonly [low: number, high: number];
}

function metric(name: MdcName, label: string, possible?: readonly [number, number]): Metric {
  const row = MDC[name];
  return {
    mdc: row.mdc,
    label,
    ...('unit' in row && row.unit !== undefined && { unit: row.unit }),
    ...('loinc' in row && row.loinc !== undefined && { loinc: row.loinc }),
    ...(possible !== undefined && { possible }),
  };
}

/** Names are MDC reference identifiers; MDCX_ marks ours. */
export const METRICS = {
  MDC_PULS_OXIM_SAT_O2: metric('MDC_PULS_OXIM_SAT_O2', 'SpO2', [0, 100]),
  MDC_PULS_OXIM_PULS_RATE: metric('MDC_PULS_OXIM_PULS_RATE', 'pulse', [0, 350]),
  MDC_PULS_OXIM_PERF_REL: metric('MDC_PULS_OXIM_PERF_REL', 'perfusion', [0, 1]),
  MDC_PULS_OXIM_DEV_STATUS: metric('MDC_PULS_OXIM_DEV_STATUS', 'oximeter status'),

  MDC_MASS_BODY_ACTUAL: metric('MDC_MASS_BODY_ACTUAL', 'weight', [0.5, 400]),
  MDC_LEN_BODY_ACTUAL: metric('MDC_LEN_BODY_ACTUAL', 'height', [20, 280]),
  MDC_RATIO_MASS_BODY_LEN_SQ: metric('MDC_RATIO_MASS_BODY_LEN_SQ', 'BMI', [5, 150]),

  MDC_FLOW_FLUID_PUMP: metric('MDC_FLOW_FLUID_PUMP', 'rate', [0, 2000]),
  MDC_VOL_FLUID_DELIV: metric('MDC_VOL_FLUID_DELIV', 'infused', [0, 10000]),
  MDC_VOL_FLUID_TBI: metric('MDC_VOL_FLUID_TBI', 'to be infused', [0, 10000]),
  MDC_TIME_PD_REMAIN: metric('MDC_TIME_PD_REMAIN', 'time left', [0, 100000]),
  MDC_DRUG_NAME_LABEL: metric('MDC_DRUG_NAME_LABEL', 'drug'),
  MDC_PUMP_INFUSING_STATUS: metric('MDC_PUMP_INFUSING_STATUS', 'infusing'),
  MDCX_PUMP_LINE_PRESS: metric('MDCX_PUMP_LINE_PRESS', 'line pressure', [-200, 2000]),
  MDCX_PUMP_ALARM: metric('MDCX_PUMP_ALARM', 'pump alarm'),

  MDC_SABTE_USAGE_TOTAL: metric('MDC_SABTE_USAGE_TOTAL', 'mask on', [0, 90000]),
  MDC_SABTE_AHI: metric('MDC_SABTE_AHI', 'AHI', [0, 200]),
  MDCX_SABTE_APNEA_INDEX: metric('MDCX_SABTE_APNEA_INDEX', 'apnoea index', [0, 200]),
  MDCX_SABTE_HYPOPNEA_INDEX: metric('MDCX_SABTE_HYPOPNEA_INDEX', 'hypopnoea index', [0, 200]),
  MDCX_SABTE_OBSTRUCTIVE_APNEA_INDEX: metric('MDCX_SABTE_OBSTRUCTIVE_APNEA_INDEX', 'obstructive index', [0, 200]),
  MDCX_SABTE_CENTRAL_APNEA_INDEX: metric('MDCX_SABTE_CENTRAL_APNEA_INDEX', 'central index', [0, 200]),
  MDCX_SABTE_UNCLASSIFIED_APNEA_INDEX: metric('MDCX_SABTE_UNCLASSIFIED_APNEA_INDEX', 'unclassified index', [0, 200]),
  MDCX_SABTE_MASK_EVENTS: metric('MDCX_SABTE_MASK_EVENTS', 'mask events', [0, 1000]),
  MDCX_SABTE_OBSTRUCTIVE_APNEA: metric('MDCX_SABTE_OBSTRUCTIVE_APNEA', 'obstructive apnoea'),
  MDCX_SABTE_CENTRAL_APNEA: metric('MDCX_SABTE_CENTRAL_APNEA', 'central apnoea'),
  MDCX_SABTE_APNEA: metric('MDCX_SABTE_APNEA', 'unclassified apnoea'),
  MDCX_SABTE_CSR: metric('MDCX_SABTE_CSR', 'Cheyne-Stokes respiration'),
  MDCX_SABTE_HYPOPNEA: metric('MDCX_SABTE_HYPOPNEA', 'hypopnoea'),
  MDCX_SABTE_RERA: metric('MDCX_SABTE_RERA', 'arousal'),
  MDCX_SABTE_SESSION: metric('MDCX_SABTE_SESSION', 'therapy session'),
  MDCX_SABTE_FAULT: metric('MDCX_SABTE_FAULT', 'CPAP fault'),
  MDC_SABTE_MODE_THERAPY_SET: metric('MDC_SABTE_MODE_THERAPY_SET', 'therapy mode'),
  MDC_SABTE_PRESS: metric('MDC_SABTE_PRESS', 'pressure', [-5, 60]),
  MDC_SABTE_PRESS_MAX: metric('MDC_SABTE_PRESS_MAX', 'pressure, highest', [-5, 60]),
  MDC_SABTE_PRESS_P50: metric('MDC_SABTE_PRESS_P50', 'pressure, median', [-5, 60]),
  MDC_SABTE_PRESS_P95: metric('MDC_SABTE_PRESS_P95', 'pressure, 95th percentile', [-5, 60]),
  MDC_SABTE_PRESS_CPAP_SET: metric('MDC_SABTE_PRESS_CPAP_SET', 'CPAP set', [0, 60]),
  MDC_SABTE_PRESS_AUTO_MAX_SET: metric('MDC_SABTE_PRESS_AUTO_MAX_SET', 'highest pressure set', [0, 60]),
  MDC_SABTE_PRESS_AUTO_MIN_SET: metric('MDC_SABTE_PRESS_AUTO_MIN_SET', 'lowest pressure set', [0, 60]),
  MDCX_SABTE_MASK_PRESS: metric('MDCX_SABTE_MASK_PRESS', 'mask pressure', [-5, 60]),
  MDCX_SABTE_EPAP: metric('MDCX_SABTE_EPAP', 'expiratory pressure', [-5, 60]),
  MDC_SABTE_VOL_LEAK: metric('MDC_SABTE_VOL_LEAK', 'leak', [0, 300]),
  MDC_SABTE_VOL_LEAK_MAX: metric('MDC_SABTE_VOL_LEAK_MAX', 'leak, highest', [0, 300]),
  MDC_SABTE_VOL_LEAK_P50: metric('MDC_SABTE_VOL_LEAK_P50', 'leak, median', [0, 300]),
  MDC_SABTE_VOL_LEAK_P95: metric('MDC_SABTE_VOL_LEAK_P95', 'leak, 95th percentile', [0, 300]),
  MDC_SABTE_RESP_RATE: metric('MDC_SABTE_RESP_RATE', 'respiratory rate', [0, 150]),
  MDC_SABTE_RATIO_IE: metric('MDC_SABTE_RATIO_IE', 'I:E ratio', [0, 20]),
  MDC_SABTE_VOL_MINUTE: metric('MDC_SABTE_VOL_MINUTE', 'minute volume', [0, 100]),
  MDC_SABTE_VOL_TIDAL: metric('MDC_SABTE_VOL_TIDAL', 'tidal volume', [0, 10]),
  MDCX_SABTE_SNORE_INDEX: metric('MDCX_SABTE_SNORE_INDEX', 'snore', [0, 100]),
  MDCX_SABTE_FLOW_LIMITATION: metric('MDCX_SABTE_FLOW_LIMITATION', 'flow limitation', [0, 100]),
  MDCX_SABTE_INSP_TIME: metric('MDCX_SABTE_INSP_TIME', 'inspiratory time', [0, 30]),
  MDCX_SABTE_EXP_TIME: metric('MDCX_SABTE_EXP_TIME', 'expiratory time', [0, 30]),
} as const satisfies Record<string, Metric>;

export type MetricName = keyof typeof METRICS;
/** Metrics that are numbers, and so have a unit. */
export function unitOf(name: MetricName): string | undefined {
  const metric: Metric = METRICS[name];
  return metric.unit;
}

export function isMetricName(text: string): text is MetricName {
  return Object.hasOwn(METRICS, text);
}
