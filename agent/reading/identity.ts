/** Identity of an entry: the same measurement told twice is one entry, two equal measurements at different times are two. */
import { createHash } from 'node:crypto';
import type { Received } from './entry.ts';
import type { Measurement } from './measurement.ts';

/**
 * Derived from device, metric, device time or record number, and value as told (invariant 8). A device that tells neither
 * time nor number is identified by the hub's own monotonic moment of reception and the frame's ordinal, which never repeat.
 */
export function readingId(device: string, measurement: Measurement, received: Received, ordinal: string): string {
  return digest([device, measurement.metric, moment(measurement, received, ordinal), told(measurement)]);
}

/** Whether the device could tell the same measurement a second time; if not, its id was made from the hub's own moment. */
export function mayComeAgain(measurement: Measurement): boolean {
  return measurement.sequence !== undefined || measurement.deviceTime !== undefined;
}

/** Identity of something the hub itself says: it happens once, so its moment and ordinal make it unique. */
export function ownId(name: string, received: Pick<Received, 'boot' | 'monotonicMs'>, ordinal: string): string {
  return digest([name, received.boot, String(received.monotonicMs), ordinal]);
}

function moment(m: Measurement, received: Received, ordinal: string): string {
  const span = m.durationMs === undefined ? '' : `+${m.durationMs}`;
  if (m.sequence !== undefined) return `s${m.sequence}@${m.deviceTime ?? ''}${span}`;
  if (m.deviceTime !== undefined) return `d${m.deviceTime}${span}`;
  return `h${received.boot}/${received.monotonicMs}/${ordinal}`;
}

function told(m: Measurement): string {
  if ('value' in m) return m.asTold ? `${m.asTold.value} ${m.asTold.unit}` : m.value;
  if ('absent' in m) return `absent ${m.absent}`;
  if ('code' in m) return `code ${m.code} ${m.asTold?.value ?? ''}`;
  if ('bits' in m) return `bits ${m.raw}`;
  if ('text' in m) return `text ${m.text}`;
  return `samples ${m.periodMs} ${m.samples.join(' ')}`;
}

/** 128 bits of SHA-256 in base64url: 22 characters, safe in any topic, file name or URL. */
function digest(parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest().subarray(0, 16).toString('base64url');
}
