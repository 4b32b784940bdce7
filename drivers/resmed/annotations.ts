/** Time-stamped annotation lists of EDF+: '+onset', 0x15, 'duration', 0x14, 'label', 0x14, 0x00. Source: EDF+ 2.2.2. */
import { type Recording, type Signal, sampleAt } from './edf.ts';
import { secondsMs } from './local-time.ts';

export interface Annotation {
  /** From the start of the recording, as told; what it means is the reader's to know. */
  readonly onsetMs: number;
  readonly durationMs?: number;
  readonly label: string;
}

const ANNOTATION_LABEL = 'EDF Annotations';
const DURATION_MARK = '\x15';
const LABEL_MARK = '\x14';
/** Far more than a day of events; a file with more is not a night. */
const MAX_ANNOTATIONS = 20_000;

export function isAnnotationSignal(signal: Signal): boolean {
  return signal.label === ANNOTATION_LABEL;
}

/** Every labelled annotation in the order written; the timekeeping ones have no label. Text: what is wrong. */
export function readAnnotations(recording: Recording): readonly Annotation[] | string {
  const signals = recording.signals.filter(isAnnotationSignal);
  const all: Annotation[] = [];
  for (let record = 0; record < recording.records; record++) {
    for (const signal of signals) {
      for (const list of listsOf(recording, signal, record)) {
        const annotations = parseList(list);
        if (!annotations) return `record ${record + 1}: not a time-stamped annotation list`;
        all.push(...annotations);
        if (all.length > MAX_ANNOTATIONS) return `more than ${MAX_ANNOTATIONS} annotations`;
      }
    }
  }
  return all;
}

/** The lists of one record, which zeros close and pad. */
function listsOf(recording: Recording, signal: Signal, record: number): readonly string[] {
  const bytes = new Uint8Array(signal.perRecord * 2);
  const view = new DataView(bytes.buffer);
  for (let index = 0; index < signal.perRecord; index++) {
    view.setInt16(index * 2, sampleAt(recording, signal, record, index), true);
  }
  return new TextDecoder()
    .decode(bytes)
    .split('\0')
    .filter((list) => list !== '');
}

function parseList(list: string): readonly Annotation[] | undefined {
  const [stamp = '', ...labels] = list.split(LABEL_MARK);
  const [onset = '', duration, ...more] = stamp.split(DURATION_MARK);
  const closed = labels.pop();
  const onsetMs = /^[+-]/.test(onset) ? secondsMs(onset) : undefined;
  const durationMs = duration ? secondsMs(duration) : undefined;
  if (closed !== '' || more.length > 0 || onsetMs === undefined) return undefined;
  if (duration && (durationMs === undefined || durationMs < 0)) return undefined;
  return labels
    .filter((label) => label !== '')
    .map((label) => ({ onsetMs, label, ...(durationMs !== undefined && { durationMs }) }));
}
