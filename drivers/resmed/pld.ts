/** PLD files: what the machine works out every two seconds of a night. */
import type { Outcome } from '../contract/driver.ts';
import type { Recording } from './edf.ts';
import { sampleArrays, type Track } from './samples.ts';
import { CM_H2O, L_PER_MIN, LEAK, LITRE, PER_MIN, PLAIN, RATIO, SECONDS } from './units.ts';

export type PldMetric =
  | 'MDCX_SABTE_MASK_PRESS'
  | 'MDC_SABTE_PRESS'
  | 'MDCX_SABTE_EPAP'
  | 'MDC_SABTE_VOL_LEAK'
  | 'MDC_SABTE_RESP_RATE'
  | 'MDC_SABTE_VOL_TIDAL'
  | 'MDC_SABTE_VOL_MINUTE'
  | 'MDC_SABTE_RATIO_IE'
  | 'MDCX_SABTE_SNORE_INDEX'
  | 'MDCX_SABTE_FLOW_LIMITATION'
  | 'MDCX_SABTE_INSP_TIME'
  | 'MDCX_SABTE_EXP_TIME';

/** Model dependent; the ventilation targets of ASV and ST-A machines (TgtVent, AlvMinVent, ...) are not forwarded. */
const TRACKS: readonly Track<PldMetric>[] = [
  { name: 'MaskPress', metric: 'MDCX_SABTE_MASK_PRESS', conversions: CM_H2O },
  { name: 'Press', metric: 'MDC_SABTE_PRESS', conversions: CM_H2O },
  { name: 'EprPress', metric: 'MDCX_SABTE_EPAP', conversions: CM_H2O },
  { name: 'Leak', metric: 'MDC_SABTE_VOL_LEAK', conversions: LEAK },
  { name: 'RespRate', metric: 'MDC_SABTE_RESP_RATE', conversions: PER_MIN },
  { name: 'TidVol', metric: 'MDC_SABTE_VOL_TIDAL', conversions: LITRE },
  { name: 'MinVent', metric: 'MDC_SABTE_VOL_MINUTE', conversions: L_PER_MIN },
  { name: 'IERatio', metric: 'MDC_SABTE_RATIO_IE', conversions: RATIO },
  { name: 'Snore', metric: 'MDCX_SABTE_SNORE_INDEX', conversions: PLAIN },
  { name: 'FlowLim', metric: 'MDCX_SABTE_FLOW_LIMITATION', conversions: PLAIN },
  { name: 'B5ITime', metric: 'MDCX_SABTE_INSP_TIME', conversions: SECONDS },
  { name: 'B5ETime', metric: 'MDCX_SABTE_EXP_TIME', conversions: SECONDS },
  // Where a machine writes both, the five-breath mean above is the one forwarded.
  { name: 'Ti', metric: 'MDCX_SABTE_INSP_TIME', conversions: SECONDS },
];

export function isPldSignal(name: string): boolean {
  return TRACKS.some((track) => track.name === name);
}

export function readPld(recording: Recording): Outcome<PldMetric> {
  return sampleArrays(recording, TRACKS, 'no samples');
}
