/** A night of a person who sleeps with a mask: the breathing, its events, and what the machine counts of them. */
import type { BreathingEvent } from './card-file.ts';
import type { Day } from './summary.ts';

/** What was recorded between mask on and mask off; samples are digital, one series per signal of the file. */
export interface Session {
  /** Local wall time. */
  readonly startMs: number;
  readonly minutes: number;
  readonly breathing: readonly (readonly number[])[];
  readonly oximetry: readonly (readonly number[])[];
  readonly events: readonly BreathingEvent[];
}

export interface Night {
  /** The noon at which the machine's day began. */
  readonly noonMs: number;
  readonly sessions: readonly Session[];
}

const LABELS = ['Obstructive Apnea', 'Hypopnea', 'Obstructive Apnea', 'Central Apnea', 'Hypopnea', 'Apnea', 'Arousal'];

/** One session or, on some nights, two with a pause between them. */
export function sleep(random: () => number, noonMs: number, minutes: number, oximeter: boolean): Night {
  const bedMs = noonMs + (625 + Math.floor(random() * 55)) * 60_000;
  const twice = minutes >= 2 && random() < 0.5;
  const first = twice ? Math.ceil(minutes * (0.4 + random() * 0.2)) : minutes;
  const sessions = [session(random, bedMs, first, oximeter)];
  if (twice) {
    const pauseMin = 6 + Math.floor(random() * 15);
    sessions.push(session(random, bedMs + (first + pauseMin) * 60_000, minutes - first, oximeter));
  }
  return { noonMs, sessions };
}

function session(random: () => number, startMs: number, minutes: number, oximeter: boolean): Session {
  return {
    startMs,
    minutes,
    breathing: breathe(random, minutes * 30),
    oximetry: oximeter ? beat(random, minutes * 60) : [absent(minutes * 60), absent(minutes * 60)],
    events: disturb(random, minutes * 60),
  };
}

/** In the order of PLD_SIGNALS: pressure seeks its level, leak comes and goes, breathing wanders. */
function breathe(random: () => number, count: number): number[][] {
  const series: number[][] = Array.from({ length: 9 }, () => []);
  const pressure = wander(random, 400, 300, 620, 6);
  const leak = wander(random, 4, 0, 22, 2);
  const rate = wander(random, 74, 60, 95, 2);
  const tidal = wander(random, 24, 17, 34, 1);
  const snore = wander(random, 3, 0, 60, 4);
  for (let i = 0; i < count; i++) {
    const [press, breaths, volume] = [pressure(), rate(), tidal()];
    const minuteVolume = Math.round((breaths / 5) * (volume / 50) * 8);
    const mask = press - 4 + Math.floor(random() * 9);
    const flowLimitation = Math.max(0, Math.floor(random() * 30) - 15);
    const row = [mask, press, press - 100, leak(), breaths, volume, minuteVolume, snore(), flowLimitation];
    for (const [index, sample] of row.entries()) series[index]?.push(sample);
  }
  return series;
}

/** Pulse and saturation; the finger slips out now and then. */
function beat(random: () => number, count: number): number[][] {
  const pulse = wander(random, 58, 50, 76, 1);
  const saturation = wander(random, 95, 89, 98, 0.4);
  const lostAt = Math.floor(random() * count);
  const lost = (i: number): boolean => i >= lostAt && i < lostAt + 20;
  const range = Array.from({ length: count }, (_, i) => i);
  return [pulse, saturation].map((next) => range.map((i) => (lost(i) ? -1 : next())));
}

function absent(count: number): number[] {
  return Array.from({ length: count }, () => -1);
}

/** About eight events an hour, apart from each other, and at least one in a session long enough for it. */
function disturb(random: () => number, lengthS: number): BreathingEvent[] {
  const events: BreathingEvent[] = [];
  let atS = 20 + Math.floor(random() * 60);
  while (true) {
    const durationS = 10 + Math.floor(random() * 22);
    if (atS + durationS >= lengthS) return events;
    events.push({ label: LABELS[Math.floor(random() * LABELS.length)] ?? 'Apnea', startS: atS, durationS });
    atS += durationS + 60 + Math.floor(random() * 720);
  }
}

/** Whole numbers that move by at most `step` at a time and stay within their bounds. */
function wander(random: () => number, start: number, low: number, high: number, step: number): () => number {
  let at = start;
  return () => {
    at = Math.min(high, Math.max(low, at + (random() * 2 - 1) * step));
    return Math.round(at);
  };
}

/** What the machine writes into STR about its day; indices are truncated, not rounded. */
export function summarise(night: Night, hoursBefore: number): Day {
  const minutes = night.sessions.reduce((sum, each) => sum + each.minutes, 0);
  const labels = night.sessions.flatMap((each) => each.events.map((event) => event.label));
  const index = (...wanted: string[]): number =>
    Math.floor((labels.filter((label) => wanted.includes(label)).length * 600) / minutes);
  const sessions = night.sessions.map((each): [number, number] => {
    const onMin = (each.startMs - night.noonMs) / 60_000;
    return [onMin, onMin + each.minutes];
  });
  return {
    noonMs: night.noonMs,
    sessions,
    columns: {
      MaskEvents: sessions.length * 2,
      Duration: minutes,
      OnDuration: minutes + 1,
      PatientHours: hoursBefore + Math.round(minutes / 60),
      ...SETTINGS,
      ...percentiles(night, 0, { 'MaskPress.50': 0.5, 'MaskPress.95': 0.95, 'MaskPress.Max': 1 }),
      ...percentiles(night, 3, { 'Leak.50': 0.5, 'Leak.70': 0.7, 'Leak.95': 0.95, 'Leak.Max': 1 }),
      AHI: index('Hypopnea', 'Obstructive Apnea', 'Central Apnea', 'Apnea'),
      HI: index('Hypopnea'),
      AI: index('Obstructive Apnea', 'Central Apnea', 'Apnea'),
      OAI: index('Obstructive Apnea'),
      CAI: index('Central Apnea'),
      UAI: index('Apnea'),
      ...NO_FAULT,
    },
  };
}

const SETTINGS = {
  Mode: 1,
  'S.RampEnable': 1,
  'S.RampTime': 20,
  'S.AS.StartPress': 250,
  'S.AS.MinPress': 300,
  'S.AS.MaxPress': 700,
  'S.EPR.Level': 100,
  'S.Mask': 1,
};
const NO_FAULT = { 'Fault.Device': 0, 'Fault.Alarm': 0, 'Fault.Humidifier': 0, 'Fault.HeatedTube': 0 };

/** A day on which nobody put the mask on. */
export function unusedDay(noonMs: number): Day {
  return { noonMs, sessions: [], columns: { MaskEvents: 0, Duration: 0, OnDuration: 0 } };
}

function percentiles(night: Night, series: number, shares: Readonly<Record<string, number>>): Record<string, number> {
  const samples = night.sessions.flatMap((each) => each.breathing[series] ?? []).sort((a, b) => a - b);
  const at = (share: number): number => samples[Math.ceil(share * samples.length) - 1] ?? -1;
  return Object.fromEntries(Object.entries(shares).map(([label, share]) => [label, at(share)]));
}
