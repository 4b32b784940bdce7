/** From what a device said to what the journal keeps: adds whose device it is, its codes and its times. */

import type { Driver } from '../../drivers/contract/driver.ts';
import { type ClockLook, effectiveTime } from '../device-time/effective-time.ts';
import type { Draft, Reading, Received } from '../reading/entry.ts';
import { mayComeAgain, readingId } from '../reading/identity.ts';
import type { Measurement } from '../reading/measurement.ts';
import { METRICS, unitOf } from '../vocabulary/metrics.ts';
import { rfc3339, type World } from '../world.ts';

export interface Source {
  readonly device: string;
  readonly driver: Driver;
  /** Zone in which the device's clock runs. */
  readonly zone: string;
}

/** What a frame said, and how it is to be dated. */
export interface Saying {
  readonly measurements: readonly Measurement[];
  /** All of them are of a series; left out, each is as its metric's cadence says. */
  readonly series?: true;
  readonly received: Received;
  /** Unique within the boot. */
  readonly frameOrdinal: string;
  /** See Told. */
  readonly looks?: readonly ClockLook[];
}

/** One draft per measurement of a frame. */
export function draftsOf(
  source: Source,
  { measurements, series, received, frameOrdinal, looks = [] }: Saying,
): readonly Draft[] {
  const { observes }: Driver = source.driver;
  return measurements.map((measurement, index) => ({
    id: readingId(source.device, measurement, received, `${frameOrdinal}.${index}`),
    kind: 'samples' in measurement ? 'waveform' : 'reading',
    at: received.wall,
    body: readingOf(source, measurement, received, looks),
    ...(!mayComeAgain(measurement) && { fresh: true }),
    ...((series ?? observes[measurement.metric]?.cadence === 'continuous') && { series: true }),
  }));
}

function readingOf(source: Source, measurement: Measurement, received: Received, looks: readonly ClockLook[]): Reading {
  const unit = unitOf(measurement.metric);
  return {
    device: source.device,
    driver: source.driver.id,
    mdc: METRICS[measurement.metric].mdc,
    ...measurement,
    ...(unit !== undefined && { unit }),
    effective: effectiveTime({
      received,
      zone: source.zone,
      looks,
      ...(measurement.deviceTime !== undefined && { deviceTime: measurement.deviceTime }),
      ...(measurement.clock !== undefined && { clock: measurement.clock }),
    }),
    received,
  };
}

/** The hub's clocks at this moment. */
export function receivedNow(world: World): Received {
  const { state, uncertaintyMs } = world.clock();
  return {
    wall: rfc3339(world.wallMs()),
    monotonicMs: world.monotonicMs(),
    boot: world.boot,
    clock: state,
    uncertaintyMs,
  };
}
