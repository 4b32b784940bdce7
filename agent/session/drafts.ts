/** From what a device said to what the journal keeps: adds whose device it is, its codes and its times. */

import type { Driver } from '../../drivers/contract/driver.ts';
import { effectiveTime } from '../device-time/effective-time.ts';
import type { Draft, Reading, Received } from '../reading/entry.ts';
import { readingId } from '../reading/identity.ts';
import type { Measurement } from '../reading/measurement.ts';
import { METRICS, unitOf } from '../vocabulary/metrics.ts';
import { rfc3339, type World } from '../world.ts';

export interface Source {
  readonly device: string;
  readonly driver: Driver;
  /** Zone in which the device's clock runs. */
  readonly zone: string;
}

/** One draft per measurement of a frame; `frameOrdinal` is unique within the boot. */
export function draftsOf(
  source: Source,
  measurements: readonly Measurement[],
  received: Received,
  frameOrdinal: string,
): readonly Draft[] {
  return measurements.map((measurement, index) => {
    const body = readingOf(source, measurement, received);
    return {
      id: readingId(source.device, measurement, received, `${frameOrdinal}.${index}`),
      kind: 'samples' in measurement ? 'waveform' : 'reading',
      at: received.wall,
      body,
    };
  });
}

function readingOf(source: Source, measurement: Measurement, received: Received): Reading {
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
