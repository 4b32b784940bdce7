/** ResMed AirSense 10 and AirCurve 10: the SD card out of the machine, each file one frame. */
import { defineDriver, type Outcome } from './contract/driver.ts';
import { isAnnotationSignal } from './resmed/annotations.ts';
import { type Recording, readEdf } from './resmed/edf.ts';
import { type EventMetric, readEvents } from './resmed/eve.ts';
import { FIRST_BYTE, readIdentification } from './resmed/identification.ts';
import { isPldSignal, type PldMetric, readPld } from './resmed/pld.ts';
import { isSadSignal, readSad, type SadMetric } from './resmed/sad.ts';
import { nameOf } from './resmed/samples.ts';
import { readStr } from './resmed/str.ts';
import type { StrMetric } from './resmed/str-columns.ts';

type CardMetric = StrMetric | PldMetric | SadMetric | EventMetric;

export const resmedCard = defineDriver<CardMetric>({
  id: 'resmed-card',
  title: 'ResMed AirSense 10 / AirCurve 10 SD card',
  kind: 'cpap',
  sources: [
    'European Data Format (Kemp et al. 1992) and EDF+ (Kemp and Olivan 2003)',
    'Checksums, labels and the time of events: read off public AirSense 10 and AirCurve 10 cards; the checksums also in ' +
      'SomnoTrace and airbreak-plus',
    'Noon-to-noon days, mode numbers and quirks: OSCAR',
    'Vector: the STR.edf signal headers of a real AirCurve 10 (airwaylab) with their checksum; all records are ours',
  ],
  verified: 'published vectors',

  recognise: [{ rank: 'product', link: 'card', file: 'STR.edf' }],

  /**
   * The flow waveform (BRP) stays on the card. So do the .crc files beside the others (little-endian CRC-32 of the first 256
   * bytes and of the rest): each file checks itself, and a frame is one file.
   */
  link: {
    kind: 'card',
    files: [
      'Identification.tgt',
      'STR.edf',
      'DATALOG/*/*_PLD.edf',
      'DATALOG/*/*_EVE.edf',
      'DATALOG/*/*_SAD.edf',
      'DATALOG/*/*_SA2.edf',
      'DATALOG/*/*_CSL.edf',
    ],
    maxFileBytes: 32 * 1024 * 1024,
  },

  observes: {
    MDC_SABTE_USAGE_TOTAL: { cadence: 'summary', stored: true },
    MDC_SABTE_AHI: { cadence: 'summary', stored: true },
    MDCX_SABTE_HYPOPNEA_INDEX: { cadence: 'summary', stored: true },
    MDCX_SABTE_APNEA_INDEX: { cadence: 'summary', stored: true },
    MDCX_SABTE_OBSTRUCTIVE_APNEA_INDEX: { cadence: 'summary', stored: true },
    MDCX_SABTE_CENTRAL_APNEA_INDEX: { cadence: 'summary', stored: true },
    MDCX_SABTE_UNCLASSIFIED_APNEA_INDEX: { cadence: 'summary', stored: true },
    MDCX_SABTE_MASK_EVENTS: { cadence: 'summary', stored: true },
    MDC_SABTE_VOL_LEAK_P50: { cadence: 'summary', stored: true },
    MDC_SABTE_VOL_LEAK_P95: { cadence: 'summary', stored: true },
    MDC_SABTE_VOL_LEAK_MAX: { cadence: 'summary', stored: true },
    MDC_SABTE_PRESS_P50: { cadence: 'summary', stored: true },
    MDC_SABTE_PRESS_P95: { cadence: 'summary', stored: true },
    MDC_SABTE_PRESS_MAX: { cadence: 'summary', stored: true },
    MDC_SABTE_MODE_THERAPY_SET: { cadence: 'summary', stored: true },
    MDC_SABTE_PRESS_CPAP_SET: { cadence: 'summary', stored: true },
    MDC_SABTE_PRESS_AUTO_MIN_SET: { cadence: 'summary', stored: true },
    MDC_SABTE_PRESS_AUTO_MAX_SET: { cadence: 'summary', stored: true },
    MDCX_SABTE_FAULT: { cadence: 'spot', stored: true },
    MDCX_SABTE_SESSION: { cadence: 'spot', stored: true },
    MDCX_SABTE_HYPOPNEA: { cadence: 'spot', stored: true },
    MDCX_SABTE_CENTRAL_APNEA: { cadence: 'spot', stored: true },
    MDCX_SABTE_OBSTRUCTIVE_APNEA: { cadence: 'spot', stored: true },
    MDCX_SABTE_APNEA: { cadence: 'spot', stored: true },
    MDCX_SABTE_RERA: { cadence: 'spot', stored: true },
    MDCX_SABTE_CSR: { cadence: 'spot', stored: true },
    MDCX_SABTE_MASK_PRESS: { cadence: 'continuous', stored: true },
    MDC_SABTE_PRESS: { cadence: 'continuous', stored: true },
    MDCX_SABTE_EPAP: { cadence: 'continuous', stored: true },
    MDC_SABTE_VOL_LEAK: { cadence: 'continuous', stored: true },
    MDC_SABTE_RESP_RATE: { cadence: 'continuous', stored: true },
    MDC_SABTE_VOL_TIDAL: { cadence: 'continuous', stored: true },
    MDC_SABTE_VOL_MINUTE: { cadence: 'continuous', stored: true },
    MDC_SABTE_RATIO_IE: { cadence: 'continuous', stored: true },
    MDCX_SABTE_SNORE_INDEX: { cadence: 'continuous', stored: true },
    MDCX_SABTE_FLOW_LIMITATION: { cadence: 'continuous', stored: true },
    MDCX_SABTE_INSP_TIME: { cadence: 'continuous', stored: true },
    MDCX_SABTE_EXP_TIME: { cadence: 'continuous', stored: true },
    MDC_PULS_OXIM_PULS_RATE: { cadence: 'continuous', stored: true },
    MDC_PULS_OXIM_SAT_O2: { cadence: 'continuous', stored: true },
  },

  decode({ bytes }) {
    if (bytes[0] === FIRST_BYTE) return readIdentification(bytes);
    const read = readEdf(bytes);
    return read.outcome === 'read' ? readContent(read.recording) : read;
  },

  /** A card is never written to: the machine shows an error when it has been. */
  mayWrite: () => false,
});

/** By what the file holds, not by its name, which is a second off the header and which people change. */
function readContent(recording: Recording): Outcome<CardMetric> {
  const names = recording.signals.map(nameOf);
  if (recording.signals.some(isAnnotationSignal)) return readEvents(recording);
  if (names.includes('Date') && names.includes('MaskOn')) return readStr(recording);
  if (names.includes('Flow')) return { outcome: 'ignored', why: 'flow waveform, not forwarded' };
  if (names.some(isSadSignal)) return readSad(recording);
  if (names.some(isPldSignal)) return readPld(recording);
  return { outcome: 'ignored', why: `no kind of file this driver knows: ${names.slice(0, 4).join(', ')}` };
}
