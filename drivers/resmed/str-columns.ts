/** Which columns of STR.edf are forwarded, as what. */
import type { Conversion } from './scale.ts';
import { CM_H2O, LEAK, MINUTES, PER_HOUR, PLAIN } from './units.ts';

export type StrMetric =
  | 'MDC_SABTE_USAGE_TOTAL'
  | 'MDC_SABTE_AHI'
  | 'MDCX_SABTE_HYPOPNEA_INDEX'
  | 'MDCX_SABTE_APNEA_INDEX'
  | 'MDCX_SABTE_OBSTRUCTIVE_APNEA_INDEX'
  | 'MDCX_SABTE_CENTRAL_APNEA_INDEX'
  | 'MDCX_SABTE_UNCLASSIFIED_APNEA_INDEX'
  | 'MDCX_SABTE_MASK_EVENTS'
  | 'MDC_SABTE_VOL_LEAK_P50'
  | 'MDC_SABTE_VOL_LEAK_P95'
  | 'MDC_SABTE_VOL_LEAK_MAX'
  | 'MDC_SABTE_PRESS_P50'
  | 'MDC_SABTE_PRESS_P95'
  | 'MDC_SABTE_PRESS_MAX'
  | 'MDC_SABTE_MODE_THERAPY_SET'
  | 'MDC_SABTE_PRESS_CPAP_SET'
  | 'MDC_SABTE_PRESS_AUTO_MIN_SET'
  | 'MDC_SABTE_PRESS_AUTO_MAX_SET'
  | 'MDCX_SABTE_FAULT'
  | 'MDCX_SABTE_SESSION';

export interface StrColumn {
  readonly label: string;
  readonly metric: StrMetric;
  readonly conversions: readonly Conversion[];
}

/**
 * What the machine summed up. The pressure of the percentiles is the one delivered at the mask, as MDC_SABTE_PRESS means
 * it; the targets (TgtIPAP, TgtEPAP), and medians of breathing for which there is no metric, are not forwarded.
 */
export const STATISTICS: readonly StrColumn[] = [
  { label: 'Duration', metric: 'MDC_SABTE_USAGE_TOTAL', conversions: MINUTES },
  { label: 'AHI', metric: 'MDC_SABTE_AHI', conversions: PER_HOUR },
  { label: 'HI', metric: 'MDCX_SABTE_HYPOPNEA_INDEX', conversions: PER_HOUR },
  { label: 'AI', metric: 'MDCX_SABTE_APNEA_INDEX', conversions: PER_HOUR },
  { label: 'OAI', metric: 'MDCX_SABTE_OBSTRUCTIVE_APNEA_INDEX', conversions: PER_HOUR },
  { label: 'CAI', metric: 'MDCX_SABTE_CENTRAL_APNEA_INDEX', conversions: PER_HOUR },
  { label: 'UAI', metric: 'MDCX_SABTE_UNCLASSIFIED_APNEA_INDEX', conversions: PER_HOUR },
  // Twice the number of sessions: each on and each off is one.
  { label: 'MaskEvents', metric: 'MDCX_SABTE_MASK_EVENTS', conversions: PLAIN },
  { label: 'Leak.50', metric: 'MDC_SABTE_VOL_LEAK_P50', conversions: LEAK },
  { label: 'Leak.95', metric: 'MDC_SABTE_VOL_LEAK_P95', conversions: LEAK },
  { label: 'Leak.Max', metric: 'MDC_SABTE_VOL_LEAK_MAX', conversions: LEAK },
  { label: 'MaskPress.50', metric: 'MDC_SABTE_PRESS_P50', conversions: CM_H2O },
  { label: 'MaskPress.95', metric: 'MDC_SABTE_PRESS_P95', conversions: CM_H2O },
  { label: 'MaskPress.Max', metric: 'MDC_SABTE_PRESS_MAX', conversions: CM_H2O },
];

const AUTO: readonly StrColumn[] = [
  { label: 'S.AS.MinPress', metric: 'MDC_SABTE_PRESS_AUTO_MIN_SET', conversions: CM_H2O },
  { label: 'S.AS.MaxPress', metric: 'MDC_SABTE_PRESS_AUTO_MAX_SET', conversions: CM_H2O },
];
const AUTO_FOR_HER: readonly StrColumn[] = [
  { label: 'S.AFH.MinPress', metric: 'MDC_SABTE_PRESS_AUTO_MIN_SET', conversions: CM_H2O },
  { label: 'S.AFH.MaxPress', metric: 'MDC_SABTE_PRESS_AUTO_MAX_SET', conversions: CM_H2O },
];

export interface Mode {
  readonly code: string;
  /** The settings in force: the card also holds those of every mode the machine is not in. */
  readonly settings: readonly StrColumn[];
}

/** Of series 10; series 11 numbers its modes in another way. Fixed and automatic bilevel pressures have no metric. */
export const MODES: ReadonlyMap<number, Mode> = new Map<number, Mode>([
  [0, { code: 'CPAP', settings: [{ label: 'S.C.Press', metric: 'MDC_SABTE_PRESS_CPAP_SET', conversions: CM_H2O }] }],
  [1, { code: 'AutoSet', settings: AUTO }],
  [2, { code: 'T', settings: [] }],
  [3, { code: 'S', settings: [] }],
  [4, { code: 'ST', settings: [] }],
  [6, { code: 'VAuto', settings: [] }],
  [7, { code: 'ASV', settings: [] }],
  [8, { code: 'ASVAuto', settings: [] }],
  [9, { code: 'iVAPS', settings: [] }],
  [10, { code: 'PAC', settings: [] }],
  [11, { code: 'AutoSetForHer', settings: AUTO_FOR_HER }],
]);

/** Nonzero where something was wrong; what the number says is nowhere public. */
export const FAULTS = ['Fault.Device', 'Fault.Alarm', 'Fault.Humidifier', 'Fault.HeatedTube'] as const;

/** A label only a series 11 machine writes ('S.A.MaxPress', 'S.S.IPAP'): its mode numbers are not those above. */
export function isSeries11Label(label: string): boolean {
  return label.startsWith('S.A.') || label.startsWith('S.S.');
}
