/** What the simulated hub is told to do: its settings and its care plans. */
import { decimal } from '../../agent/reading/decimal.ts';
import type { CarePlan, PlanRule } from '../../agent/rules/plan.ts';
import type { Settings } from '../../agent/settings/settings.ts';
import type { Chance } from './chance.ts';

export const HUB = 'hub-4f2a9c';
/** What must not be found anywhere outside (invariant 13). */
export const ADDRESSES = ['c4:64:e3:0a:1b:2c', 'c4:64:e3:0a:1b:2d'] as const;
export const SILENT_AFTER_S = 120;

export function settingsFor(
  chance: Chance,
  { isTight, hasPump }: { readonly isTight: boolean; readonly hasPump: boolean },
): Settings {
  const [oximeter, scale] = ADDRESSES;
  return {
    hub: HUB,
    timeZone: 'Europe/Oslo',
    journal: {
      path: '/var/lib/hjemmebro/journal',
      // Where entries weigh more, so does a batch of them: two reserves have room for the largest.
      ...(isTight ? { maxMegabytes: 16, reserveMegabytes: 32 } : { reserveMegabytes: chance.one([4, 16]) }),
    },
    ble: { hci: 'native' },
    uplink: {
      brokers: ['mqtts://broker-a.example:8883'],
      keepAliveSeconds: chance.one([5, 30, 60]),
      ...(chance.odds(0.5) && { inflight: chance.one([1, 10, 100, 1_000]) }),
    },
    devices: [
      { id: 'oximeter', driver: 'bluetooth-sig-pulse-oximeter', address: oximeter },
      { id: 'scale', driver: 'bluetooth-sig-weight-scale', address: scale, setClock: chance.odds(0.5) },
      ...(hasPump ? [PUMP] : []),
    ],
  };
}

const PUMP = { id: 'pump', driver: 'alaris-gh-serial', port: '/dev/serial/by-id/usb-pump-port0', pollSeconds: 25 };

const LOW: PlanRule = {
  id: 'spo2-low',
  kind: 'limit',
  device: 'oximeter',
  metric: 'MDC_PULS_OXIM_SAT_O2',
  low: decimal('88.0'),
  deadband: decimal('1.0'),
  onDelaySeconds: 20,
  offDelaySeconds: 10,
  zone: 'yellow',
  priority: 'medium',
  text: 'Oxygen is below the agreed level.',
};

const HEAVY: PlanRule = {
  id: 'weight-high',
  kind: 'limit',
  device: 'scale',
  metric: 'MDC_MASS_BODY_ACTUAL',
  high: decimal('84.0'),
  zone: 'yellow',
  priority: 'low',
  text: 'Weight is above the agreed level.',
};

const SILENT: PlanRule = {
  id: 'oximeter-silent',
  kind: 'silence',
  device: 'oximeter',
  withinSeconds: SILENT_AFTER_S,
  zone: 'yellow',
  priority: 'medium',
  text: 'The oximeter has not been heard.',
};

const BLOCKED: PlanRule = {
  id: 'pump-blocked',
  kind: 'fault',
  device: 'pump',
  metric: 'MDCX_PUMP_ALARM',
  codes: ['AL_OCCL*'],
  zone: 'red',
  priority: 'high',
  text: 'The pump reports a blocked line.',
};

/** The second is the first as a physician changes it. */
export const plans: readonly [CarePlan, CarePlan] = [
  { id: 'simulated', version: 1, language: 'en', rules: [LOW, HEAVY, SILENT, BLOCKED] },
  {
    id: 'simulated',
    version: 2,
    language: 'en',
    rules: [{ ...LOW, low: decimal('86.0'), zone: 'red', priority: 'high' }, HEAVY, SILENT, BLOCKED],
  },
];
