/** Invariant 11: silence shows. A device, a hub or an alert that stopped is visible at the hospital, with a cause. */
import type { Gap } from '../../../agent/reading/entry.ts';
import type { Home } from '../home.ts';
import { SILENT_AFTER_S } from '../settings.ts';
import { first, type Invariant } from './invariant.ts';

/** A stretch that is longer must be told of. */
const LONG_MS = 90_000;
/** How exactly: clocks, the notes on disk of what was heard last, and a reading that is not a value. */
const SLACK_MS = 60_000;
/** A silence rule that is due is judged within a tick or two, and the care level with it. */
const NOTICED_MS = 20_000;
/** After trouble with the network it takes the longest back-off until the hub is heard again. */
const CALM_MS = 75_000;
/** When the machine has gone, the broker notices by the keep-alive, and speaks the last will. */
const WILL_MS = 15_000;

interface Stretch {
  readonly sinceMs: number;
  readonly untilMs: number;
}

const absencesExplained: Invariant = {
  design: 11,
  name: 'a stretch without values of a device that streams is told of, with a cause',
  atEnd: (home) => {
    // By a clock that was not known, a stretch is told of and cannot be held against the truth; a lost disk may have forgotten it.
    if (!home.machine.alwaysKnewTheTime || home.evidence.wasDestroyed) return undefined;
    const told = gapsOf(home, 'oximeter');
    return first(stretchesOf(home, 'oximeter'), (stretch) => {
      home.trace.tally('absences held against gaps');
      const untold = uncovered(stretch, told);
      return untold > SLACK_MS && `${words(home, stretch)}: ${Math.round(untold / 1000)} s are not told of`;
    });
  },
};

const silenceAlerted: Invariant = {
  design: 11,
  name: 'a device that is silent for longer than the plan allows raises an alert',
  atEnd: (home) => {
    if (!home.machine.alwaysKnewTheTime || home.evidence.wasDestroyed) return undefined;
    const told = standingOf(home, 'oximeter-silent');
    return first(silencesOf(home), (stretch) => {
      home.trace.tally('silences held against alerts');
      const isTold = told.some(
        (alert) => alert.untilMs > stretch.sinceMs && alert.sinceMs < stretch.untilMs + SLACK_MS,
      );
      return !isTold && `${words(home, stretch)}, and no alert`;
    });
  },
};

const presenceIsTrue: Invariant = {
  design: 11,
  name: 'in the end the hospital knows that the oximeter is off',
  atEnd: ({ hospital }) => {
    const told = hospital.told.get('device/oximeter');
    return told?.['present'] === false ? undefined : `it was told ${JSON.stringify(told)}`;
  },
};

export function silence(): readonly Invariant[] {
  const deadHubShows: Invariant = {
    design: 11,
    name: 'a hub that has gone without a word shows as not monitored',
    check: ({ home: { goneMs, scheduler, hospital, broker, keepAliveMs, trace } }) => {
      // A broker that goes down takes the last will with it.
      if (goneMs === undefined || goneMs < broker.upSinceMs) return undefined;
      trace.tally('looks at a hub that has gone');
      const quietMs = scheduler.nowMs - Math.max(goneMs, hospital.hereSinceMs);
      const level = hospital.told.get('state')?.['level'];
      if (quietMs < keepAliveMs * 1.5 + WILL_MS || broker.waiting > 0 || level === 'not-monitored') return undefined;
      return `gone for ${Math.round(quietMs / 1000)} s, and the hospital believes it ${level}`;
    },
  };

  const silentDeviceShows: Invariant = {
    design: 11,
    name: 'nobody is told that a patient is monitored whose oximeter has not been heard for longer than the plan allows',
    check: ({ home, plan }) => {
      const { scheduler, hospital, evidence, service } = home;
      const lastMs = evidence.heard.findLast(({ device }) => device === 'oximeter')?.trueMs ?? 0;
      const sinceMs = Math.max(lastMs, service.upSinceMs);
      const isSilent = scheduler.nowMs - sinceMs > SILENT_AFTER_S * 1000 + NOTICED_MS;
      if (!isSilent || !service.isUp || !home.connection() || plan.calmForMs() < CALM_MS) return undefined;
      const level = hospital.told.get('state')?.['level'];
      return level === 'monitored'
        ? `not heard since ${words(home, { sinceMs, untilMs: scheduler.nowMs })}`
        : undefined;
    },
  };

  return [absencesExplained, silenceAlerted, presenceIsTrue, deadHubShows, silentDeviceShows];
}

/** Between two values. */
function stretchesOf({ evidence }: Home, device: string): readonly Stretch[] {
  const times = evidence.heard.filter((one) => one.device === device && one.hasValues).map(({ trueMs }) => trueMs);
  return longStretches(times, LONG_MS);
}

/** Between two readings of any kind. */
function silencesOf({ evidence }: Home): readonly Stretch[] {
  const times = evidence.heard.filter(({ device }) => device === 'oximeter').map(({ trueMs }) => trueMs);
  return longStretches(times, SILENT_AFTER_S * 1000 + SLACK_MS);
}

function longStretches(times: readonly number[], longMs: number): readonly Stretch[] {
  return times.flatMap((untilMs, at) => {
    const sinceMs = times[at - 1];
    return sinceMs !== undefined && untilMs - sinceMs > longMs ? [{ sinceMs, untilMs }] : [];
  });
}

/** Of all that was ever on the disk: that it arrives is the business of another invariant. */
function gapsOf({ evidence }: Home, device: string): readonly Stretch[] {
  const gaps: Gap[] = [...evidence.durable.values()].flatMap(({ entry }) => (entry.kind === 'gap' ? [entry.body] : []));
  return gaps
    .filter((gap) => (gap.device === undefined || gap.device === device) && gap.until !== undefined)
    .map(({ since, until = '' }) => ({ sinceMs: Date.parse(since ?? ''), untilMs: Date.parse(until) }))
    .filter(({ sinceMs }) => Number.isFinite(sinceMs))
    .sort((a, b) => a.sinceMs - b.sinceMs);
}

/** When alerts of a rule were on. What was heard last before a power cut may not have ended one. */
function standingOf({ evidence }: Home, rule: string): readonly Stretch[] {
  const alerts = [...evidence.durable.values()]
    .map(({ entry }) => entry)
    .filter((entry) => entry.kind === 'alert')
    .filter(({ body }) => body.rule === rule);
  return alerts.flatMap(({ at, body }) => {
    if (body.phase !== 'start') return [];
    const end = alerts.find((other) => other.body.alert === body.alert && other.body.phase === 'end');
    return [{ sinceMs: Date.parse(at), untilMs: end ? Date.parse(end.at) : Number.POSITIVE_INFINITY }];
  });
}

/** The longest part of a stretch that none of these covers, milliseconds. */
function uncovered({ sinceMs, untilMs }: Stretch, told: readonly Stretch[]): number {
  let reachedMs = sinceMs;
  let longest = 0;
  for (const one of told) {
    if (one.untilMs <= reachedMs || one.sinceMs >= untilMs) continue;
    longest = Math.max(longest, one.sinceMs - reachedMs);
    reachedMs = Math.max(reachedMs, one.untilMs);
  }
  return Math.max(longest, untilMs - reachedMs);
}

function words({ startMs }: Home, { sinceMs, untilMs }: Stretch): string {
  return `from ${Math.round((sinceMs - startMs) / 1000)} s to ${Math.round((untilMs - startMs) / 1000)} s`;
}
