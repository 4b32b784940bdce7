/** A run of the hub in simulation is a function of its seed (invariant 14), and each story ends balanced, with its own alerts. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Account, AlertLine } from '../../simulators/demo/account.ts';
import { endAll, hjemmebro } from './program.ts';

interface Told extends Account {
  readonly balanced: boolean;
}

/** Story and seed of each run; they run at the same time. */
const RUNS = {
  copd: ['copd-night', 1],
  copdAgain: ['copd-night', 1],
  copdOther: ['copd-night', 2],
  heart: ['heart-failure-week', 1],
  pump: ['pump-occlusion', 1],
  quiet: ['quiet-day', 1],
} as const;
type Run = keyof typeof RUNS;

const SECONDS = '22';
const LIMIT_MS = 80_000;

const runs = new Map<string, Told>();

beforeAll(async () => {
  await Promise.all(
    Object.entries(RUNS).map(async ([name, [scenario, seed]]) => {
      const words = ['demo', '--json', '--seconds', SECONDS, '--scenario', scenario, '--seed', String(seed)];
      const { code, out, err } = await hjemmebro(...words);
      expect(code, `${name}: ${out}${err}`).toBe(0);
      runs.set(name, JSON.parse(out) as Told);
    }),
  );
}, LIMIT_MS);
afterAll(endAll);

function told(run: Run): Told {
  const account = runs.get(run);
  if (!account) throw new Error(`${run} told nothing`);
  return account;
}

/** In the order raised, each as 'rule phase zone priority'. */
function alerts(run: Run): readonly string[] {
  return told(run).alerts.map(({ rule, phase, zone, priority }: AlertLine) => `${rule} ${phase} ${zone} ${priority}`);
}

test('the same seed gives the same readings and alerts, another seed does not', () => {
  expect(told('copd').fingerprint).toMatch(/^[0-9a-f]{16}$/);
  expect(told('copdAgain').fingerprint).toBe(told('copd').fingerprint);
  expect(told('copdOther').fingerprint).not.toBe(told('copd').fingerprint);
});

test.each(Object.keys(RUNS) as Run[])('%s: sent = journaled = receipted for all four devices', (run) => {
  const { devices, balanced, holes, head, contiguous, restarts } = told(run);
  expect({ balanced, holes, contiguous, restarts }).toEqual({
    balanced: true,
    holes: 0,
    contiguous: head,
    restarts: 0,
  });
  expect(devices.map(({ device }) => device)).toEqual(['oximeter', 'scale', 'pump', 'cpap']);
  for (const { sent, journaled, receipted, missing, surplus } of devices) {
    expect(sent).toBeGreaterThan(0);
    expect({ journaled, receipted, missing, surplus }).toEqual({
      journaled: sent,
      receipted: sent,
      missing: [],
      surplus: [],
    });
  }
});

test.each(['copd', 'copdOther'] as const)('%s: oxygen sinks into yellow and red, and comes back', (run) => {
  const changes = alerts(run).filter((alert) => !alert.includes(' update '));
  expect([...changes].sort()).toEqual([
    'spo2-low-red end red high',
    'spo2-low-red start red high',
    'spo2-low-yellow end yellow medium',
    'spo2-low-yellow start yellow medium',
  ]);
  expect(changes.indexOf('spo2-low-red end red high')).toBeGreaterThan(changes.indexOf('spo2-low-red start red high'));
});

test('heart-failure-week: one weight alert, for today', () => {
  expect(alerts('heart')).toEqual(['weight-high start yellow low']);
  expect(Number(told('heart').alerts[0]?.value)).toBeGreaterThan(84);
});

test('pump-occlusion: one red alert that starts and ends', () => {
  expect(alerts('pump')).toEqual(['pump-occlusion start red high', 'pump-occlusion end red high']);
});

test('quiet-day: nothing to tell', () => {
  expect(alerts('quiet')).toEqual([]);
});
