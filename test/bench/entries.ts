/** Readings as the agent writes them, numbered: the same number is always the same entry, in a journal, a file of lines or a peer's queue. */
import { createHash } from 'node:crypto';
import { scaled } from '../../agent/reading/decimal.ts';
import type { Draft, Reading } from '../../agent/reading/entry.ts';
import type { Measurement } from '../../agent/reading/measurement.ts';
import { METRICS, unitOf } from '../../agent/vocabulary/metrics.ts';
import { rfc3339 } from '../../agent/world.ts';
import { infusionMeans } from '../../simulators/devices/alaris-gh-frames.ts';
import { HUB } from './hub.ts';

/** An hour ago: a backlog is no news. */
const BEFORE_MS = 3_600_000;
const PER_SECOND = 7;

export interface Entries {
  /** Counted from 1. */
  draft(n: number): Draft;
  /** As it is published, with n for its sequence number. */
  line(n: number): string;
  readonly meanBytes: number;
}

/** `sinceMs` is the wall clock that the numbers are counted from: processes that share entries share it. */
export function entriesSince(sinceMs: number): Entries {
  const draft = (n: number): Draft => {
    const atMs = sinceMs - BEFORE_MS + Math.floor((n * 1000) / PER_SECOND);
    const id = createHash('sha256').update(`${sinceMs} ${n}`).digest('base64url').slice(0, 22);
    return { id, kind: 'reading', at: rfc3339(atMs), body: readingOf(n, atMs), fresh: true, series: true };
  };
  const line = (n: number): string => {
    const { id, kind, at, body } = draft(n);
    return JSON.stringify({ v: 1, hub: HUB, seq: n, id, kind, at, body });
  };
  const sample = Array.from({ length: 600 }, (_, index) => line(index + 1).length);
  return { draft, line, meanBytes: sample.reduce((sum, length) => sum + length, 0) / sample.length };
}

function readingOf(n: number, atMs: number): Reading {
  const { device, driver, measurement } = said(n);
  const wall = rfc3339(atMs);
  const unit = unitOf(measurement.metric);
  return {
    device,
    driver,
    mdc: METRICS[measurement.metric].mdc,
    ...measurement,
    ...(unit !== undefined && { unit }),
    effective: { at: wall, from: 'hub', uncertaintyMs: 60_000 },
    received: {
      wall,
      monotonicMs: 8_123.427 + n * 142,
      boot: '1f0c2a9be77d',
      clock: 'holdover',
      uncertaintyMs: 60_000,
    },
  };
}

interface Said {
  readonly device: string;
  readonly driver: string;
  readonly measurement: Measurement;
}

/** In turn an oximeter's pulse and the six of a pump: what a streaming home is made of. */
function said(n: number): Said {
  const turn = n % PER_SECOND;
  if (turn === 0) {
    const value = scaled(600 + (n % 397), -1);
    return {
      device: 'oximeter',
      driver: 'bluetooth-sig-pulse-oximeter',
      measurement: { metric: 'MDC_PULS_OXIM_PULS_RATE', value },
    };
  }
  const means = infusionMeans({
    rate: '5.00',
    volume: (n / 1000).toFixed(3),
    pressure: (17 + (n % 89) / 100).toFixed(2),
    status: 'SET',
    alarm: 'AL_NOALM',
    drug: 'MORPHINE',
    timeLeft: '06:30:00',
  });
  const measurement = means[turn - 1] ?? means[0];
  if (!measurement) throw new Error('a pump says six things at a time');
  return { device: 'pump', driver: 'alaris-gh-serial', measurement };
}
