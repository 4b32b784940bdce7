/** Drafts as the hub makes them, for tests about what is kept and what goes. */
import { decimal } from '../../agent/reading/decimal.ts';
import type { Draft, Reading } from '../../agent/reading/entry.ts';

export const START_MS = Date.UTC(2026, 2, 2, 8, 0, 0);

/** The second after START_MS at which it was taken. */
export interface At {
  readonly at: number;
  readonly device?: string;
}

function received(at: number): Reading['received'] {
  const wall = new Date(START_MS + at * 1000).toISOString();
  return { wall, monotonicMs: 1_000 + at * 1000, boot: 'boot', clock: 'synced', uncertaintyMs: 10 };
}

function body(at: number, device: string): Omit<Reading, 'metric' | 'mdc'> {
  const { wall } = received(at);
  return {
    device,
    driver: 'test',
    effective: { at: wall, from: 'hub', uncertaintyMs: 10 },
    received: received(at),
  } as Omit<Reading, 'metric' | 'mdc'>;
}

/** SpO2 of a stream, as a notification brings it: nobody can tell it again. */
export function streamed({ at, device = 'oximeter' }: At, value: string): Draft {
  const reading = {
    ...body(at, device),
    mdc: 150456,
    metric: 'MDC_PULS_OXIM_SAT_O2',
    unit: '%',
    value: decimal(value),
  };
  const id = `stream-${device}-${at}`;
  return { id, kind: 'reading', at: received(at).wall, body: reading as Reading, fresh: true, series: true };
}

/** A pump's status in a stream of polls. */
export function polled({ at, device = 'pump' }: At, code: string): Draft {
  const reading = { ...body(at, device), mdc: 67170319, metric: 'MDCX_PUMP_ALARM', code };
  const id = `poll-${device}-${at}`;
  return { id, kind: 'reading', at: received(at).wall, body: reading as Reading, fresh: true, series: true };
}

/** A weighing with the scale's own time: the scale may tell it again. */
export function weighed({ at, device = 'scale' }: At, value: string): Draft {
  const deviceTime = received(at).wall.slice(0, 19);
  const reading = {
    ...body(at, device),
    mdc: 188736,
    metric: 'MDC_MASS_BODY_ACTUAL',
    unit: 'kg',
    value: decimal(value),
  };
  const id = `weight-${device}-${at}`;
  return { id, kind: 'reading', at: received(at).wall, body: { ...reading, deviceTime } as Reading };
}

/** A minute of flow, as a card holds it. */
export function waved({ at, device = 'cpap' }: At, samples: readonly (string | null)[]): Draft {
  const deviceTime = received(at).wall.slice(0, 19);
  const values = samples.map((sample) => (sample === null ? null : decimal(sample)));
  const reading = {
    ...body(at, device),
    mdc: 151796,
    metric: 'MDC_PRESS_AWAY_CTS_POS',
    unit: 'cm[H2O]',
    samples: values,
  };
  const id = `wave-${device}-${at}`;
  const told = { ...reading, periodMs: 2_000, deviceTime } as Reading;
  return { id, kind: 'waveform', at: received(at).wall, body: told };
}

export function alerted({ at, device = 'oximeter' }: At, phase: 'start' | 'end', alert = 'low'): Draft {
  return {
    id: `${alert}.${phase}`,
    kind: 'alert',
    at: received(at).wall,
    body: {
      alert,
      phase,
      rule: 'spo2-low',
      plan: 'plan@1',
      type: 'physiological',
      priority: 'high',
      zone: 'red',
      event: 196_652,
      device,
      text: 'low',
    },
  };
}

/** `count` seconds of a stream. */
export function stream(from: number, count: number, value: (at: number) => string = () => '97'): readonly Draft[] {
  return Array.from({ length: count }, (_, i) => streamed({ at: from + i }, value(from + i)));
}
