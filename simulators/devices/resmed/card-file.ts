/** Builds each kind of file of the card from what happened, together with what the file means. */
import { scaled } from '../../../agent/reading/decimal.ts';
import type { Measurement } from '../../../agent/reading/measurement.ts';
import { rfc3339 } from '../../../agent/world.ts';
import { annotation, writeEdf } from './edf-writer.ts';
import { annotationSignals, type CardSignal, EVENT_METRICS } from './signals.ts';

/** One file of the card. */
export interface CardFile {
  /** Relative to the card. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly means: readonly Measurement[];
}

/** A breathing event, in seconds from the start of the file. */
export interface BreathingEvent {
  readonly label: string;
  readonly startS: number;
  readonly durationS: number;
}

/** Whole 60 s records in one array of samples: at most a quarter of an hour. */
const RECORDS_PER_CHUNK = 15;
const RECORD_MS = 60_000;

/** PLD, SAD or SA2: `samples` holds one series per signal, a whole number of records long. */
export function sampledFile(
  path: string,
  startMs: number,
  signals: readonly CardSignal[],
  samples: readonly (readonly number[])[],
): CardFile {
  const first = signals[0];
  const records = (samples[0]?.length ?? 0) / (first?.perRecord ?? 1);
  const parts = Array.from({ length: records }, (_, record) =>
    signals.map((signal, index) => (samples[index] ?? []).slice(...span(signal, record, 1))),
  );
  const bytes = writeEdf({ startMs, kind: 'EDF', recordSeconds: 60, signals, records: parts });
  return { path, bytes, means: sampleMeans(startMs, signals, samples, records) };
}

function span(signal: CardSignal, record: number, count: number): [from: number, to: number] {
  return [record * signal.perRecord, (record + count) * signal.perRecord];
}

function sampleMeans(
  startMs: number,
  signals: readonly CardSignal[],
  samples: readonly (readonly number[])[],
  records: number,
): Measurement[] {
  const attached = samples.some((series) => series.some((sample) => sample !== -1));
  if (!attached) return [];
  const means: Measurement[] = [];
  for (let record = 0; record < records; record += RECORDS_PER_CHUNK) {
    const count = Math.min(RECORDS_PER_CHUNK, records - record);
    for (const [index, signal] of signals.entries()) {
      const { meaning } = signal;
      if (meaning === undefined) continue;
      const chunk = (samples[index] ?? []).slice(...span(signal, record, count));
      means.push({
        metric: meaning.metric,
        deviceTime: localText(startMs + record * RECORD_MS),
        periodMs: RECORD_MS / signal.perRecord,
        samples: chunk.map((sample) => (sample === -1 ? null : scaled(sample * meaning.factor, meaning.exponent))),
      });
    }
  }
  return means;
}

/** EVE: each annotation carries the END of its event as its onset. */
export function eventFile(
  path: string,
  startMs: number,
  events: readonly BreathingEvent[],
  bytesPerRecord: 38 | 62 = 38,
): CardFile {
  const signals = annotationSignals(bytesPerRecord);
  const perRecord = bytesPerRecord / 2;
  const records = [
    [annotation(perRecord, 0, 0, 'Recording starts')],
    ...events.map((event) => [annotation(perRecord, event.startS + event.durationS, event.durationS, event.label)]),
  ];
  const bytes = writeEdf({ startMs, kind: 'EDF+D', recordSeconds: 0, signals, records });
  return { path, bytes, means: events.flatMap((event) => eventMeans(startMs, event)) };
}

function eventMeans(startMs: number, event: BreathingEvent): Measurement[] {
  const metric = EVENT_METRICS[event.label];
  if (metric === undefined) return [];
  return [
    {
      metric,
      code: event.label,
      deviceTime: localText(startMs + event.startS * 1000),
      durationMs: event.durationS * 1000,
    },
  ];
}

/** CSL: a stretch of Cheyne-Stokes respiration is an annotation at its start and one at its end. */
export function cheyneStokesFile(
  path: string,
  startMs: number,
  stretches: readonly Omit<BreathingEvent, 'label'>[],
): CardFile {
  const perRecord = 15;
  const records = [
    [annotation(perRecord, 0, 0, 'Recording starts')],
    ...stretches.flatMap((stretch) => [
      [annotation(perRecord, stretch.startS, 0, 'CSR Start')],
      [annotation(perRecord, stretch.startS + stretch.durationS, 0, 'CSR End')],
    ]),
  ];
  const signals = annotationSignals(30);
  const bytes = writeEdf({ startMs, kind: 'EDF+D', recordSeconds: 0, signals, records });
  const means = stretches.map(
    (stretch): Measurement => ({
      metric: 'MDCX_SABTE_CSR',
      code: 'CSR',
      deviceTime: localText(startMs + stretch.startS * 1000),
      durationMs: stretch.durationS * 1000,
    }),
  );
  return { path, bytes, means };
}

/** The header a machine leaves behind when a session ends before its first record. */
export function abortedFile(path: string, startMs: number, signals: readonly CardSignal[]): CardFile {
  const annotated = signals[0]?.label === 'EDF Annotations';
  const kind = annotated ? 'EDF+D' : 'EDF';
  const bytes = writeEdf({ startMs, kind, recordSeconds: annotated ? 0 : 60, signals, records: 'aborted' });
  return { path, bytes, means: [] };
}

/** The machine's name plate; a serial number here is as unreal as the patient. */
export function identificationFile(): CardFile {
  const lines = ['#IMF 0001', '#SRN SIMULATED', '#PNA AirSense_10_AutoSet', '#PCD 37000', '#MID 0036', '#VID 0039'];
  return { path: 'Identification.tgt', bytes: new TextEncoder().encode(`${lines.join('\r\n')}\r\n`), means: [] };
}

/** Where the machine puts a session's file: the folder is the day that began at noon, the name is the moment it began. */
export function sessionPath(dayMs: number, startMs: number, kind: string): string {
  const name = localText(startMs).replaceAll(/[-:]/g, '').replace('T', '_');
  return `DATALOG/${localText(dayMs).slice(0, 10).replaceAll('-', '')}/${name}_${kind}.edf`;
}

/** The machine's own wall time, which has no zone. */
export function localText(localMs: number): string {
  return rfc3339(localMs).slice(0, 19);
}
