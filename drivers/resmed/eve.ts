/** EVE and CSL files: scored breathing events and Cheyne-Stokes spans, as EDF+ annotations. */
import type { Measurement } from '../../agent/reading/measurement.ts';
import type { Facts, Outcome } from '../contract/driver.ts';
import { type Annotation, readAnnotations } from './annotations.ts';
import type { Recording } from './edf.ts';
import { localText } from './local-time.ts';

export type EventMetric =
  | 'MDCX_SABTE_HYPOPNEA'
  | 'MDCX_SABTE_CENTRAL_APNEA'
  | 'MDCX_SABTE_OBSTRUCTIVE_APNEA'
  | 'MDCX_SABTE_APNEA'
  | 'MDCX_SABTE_RERA'
  | 'MDCX_SABTE_CSR';

const EVENTS: ReadonlyMap<string, EventMetric> = new Map<string, EventMetric>([
  ['Hypopnea', 'MDCX_SABTE_HYPOPNEA'],
  ['Central Apnea', 'MDCX_SABTE_CENTRAL_APNEA'],
  ['Obstructive Apnea', 'MDCX_SABTE_OBSTRUCTIVE_APNEA'],
  ['Apnea', 'MDCX_SABTE_APNEA'],
  ['Arousal', 'MDCX_SABTE_RERA'],
]);
const CSR_START = 'CSR Start';
const CSR_END = 'CSR End';
const NOT_AN_EVENT = 'Recording starts';

/** Labels kept of those we do not know, and how much of each. */
const MAX_LABELS = 5;
const MAX_LABEL_LENGTH = 40;

/**
 * One measurement per event, its code the label as written. A label we do not know may be one we do in another language:
 * guessing would file a hypopnoea as an apnoea, so it is counted, and shown as text in the facts.
 */
export function readEvents(recording: Recording): Outcome<EventMetric> {
  const annotations = readAnnotations(recording);
  if (typeof annotations === 'string') return { outcome: 'malformed', how: annotations };
  const measurements: Measurement<EventMetric>[] = [];
  const unknown: string[] = [];
  let csrStart: Annotation | undefined;
  let csrUnpaired = 0;
  for (const annotation of annotations) {
    const metric = EVENTS.get(annotation.label);
    if (metric) measurements.push(event(recording, metric, annotation));
    else if (annotation.label === CSR_START) {
      if (csrStart) csrUnpaired += 1;
      csrStart = annotation;
    } else if (annotation.label === CSR_END) {
      const span = csrStart && csrSpan(recording, csrStart, annotation);
      if (span) measurements.push(span);
      else csrUnpaired += 1;
      csrStart = undefined;
    } else if (annotation.label !== NOT_AN_EVENT) unknown.push(annotation.label);
  }
  if (csrStart) measurements.push(csrOngoing(recording, csrStart));
  if (measurements.length + unknown.length + csrUnpaired === 0) return { outcome: 'ignored', why: 'no events' };
  const facts = factsOf(unknown, csrUnpaired);
  return { outcome: 'measured', measurements, ...(facts && { facts }) };
}

/**
 * The machine writes an event when it is over: the "onset" of its annotation is the END, and the event lasted `duration`
 * up to it. Shown on AirSense 10 recordings, where the flow is quiet in [onset - duration, onset] and not after.
 */
function event(recording: Recording, metric: EventMetric, annotation: Annotation): Measurement<EventMetric> {
  const { onsetMs, durationMs, label } = annotation;
  const deviceTime = localText(recording.startMs + onsetMs - (durationMs ?? 0));
  return { metric, deviceTime, ...(durationMs !== undefined && { durationMs }), code: label };
}

/** 'CSR Start' and 'CSR End' are moments, each at its onset. */
function csrSpan(recording: Recording, start: Annotation, end: Annotation): Measurement<EventMetric> | undefined {
  const durationMs = end.onsetMs - start.onsetMs;
  if (durationMs < 0) return undefined;
  return {
    metric: 'MDCX_SABTE_CSR',
    deviceTime: localText(recording.startMs + start.onsetMs),
    durationMs,
    code: 'CSR',
  };
}

/** The recording ended before the breathing changed. */
function csrOngoing(recording: Recording, start: Annotation): Measurement<EventMetric> {
  const deviceTime = localText(recording.startMs + start.onsetMs);
  return { metric: 'MDCX_SABTE_CSR', deviceTime, flags: ['ongoing'], code: 'CSR' };
}

function factsOf(unknown: readonly string[], csrUnpaired: number): Facts | undefined {
  if (unknown.length === 0 && csrUnpaired === 0) return undefined;
  const labels = [...new Set(unknown)].slice(0, MAX_LABELS).map((label) => label.slice(0, MAX_LABEL_LENGTH));
  return {
    ...(unknown.length > 0 && { eventsUnknown: unknown.length, labelsUnknown: labels.join('; ') }),
    ...(csrUnpaired > 0 && { csrUnpaired }),
  };
}
