/** Invariants 8 and 10: the hospital holds each measurement as often as it was made, and knows when that was. */
import type { ClockCorrection, Reading } from '../../../agent/reading/entry.ts';
import { keyOf } from '../evidence.ts';
import type { Home } from '../home.ts';
import { first, type Invariant } from './invariant.ts';

/** From the measurement to its arrival at the hub, which no clock accounts for. */
const ON_THE_AIR_MS = 500;

export function received(): readonly Invariant[] {
  const heldOf = new Map<string, number>();

  const heldAsOftenAsMeasured: Invariant = {
    design: 8,
    name: 'each measurement is held at most as often as the device made it',
    check: ({ home: { evidence }, freshHeld }) =>
      first(freshHeld, ({ entry }) => {
        if (entry.kind !== 'reading') return false;
        const key = keyOf(entry.body.device, entry.body, entry.body.received);
        const held = (heldOf.get(key) ?? 0) + 1;
        heldOf.set(key, held);
        const made = evidence.measured.get(key)?.count ?? 0;
        return held > made && `"${key}" was measured ${made} times and is held ${held} times`;
      }),
  };

  const timesAreThere: Invariant = {
    design: 10,
    name: 'each reading carries its times',
    check: ({ freshHeld }) =>
      first(freshHeld, ({ entry }) => {
        if (entry.kind !== 'reading') return false;
        const { effective, received } = entry.body;
        const isWhole =
          Number.isFinite(Date.parse(effective.at)) &&
          Number.isFinite(Date.parse(received.wall)) &&
          [effective.uncertaintyMs, received.uncertaintyMs, received.monotonicMs].every((ms) => ms >= 0) &&
          received.boot !== '';
        return !isWhole && `entry ${entry.seq} lacks a time`;
      }),
  };

  const datedRight: Invariant = {
    design: 10,
    name: 'with the corrections applied, each reading is dated within what it says of itself',
    atEnd: (home) => {
      const corrections = correctionsIn(home);
      return first(home.hospital.held.values(), ({ entry }) =>
        entry.kind === 'reading' ? misdated(home, corrections, entry.seq, entry.body) : undefined,
      );
    },
  };

  return [heldAsOftenAsMeasured, timesAreThere, datedRight];
}

function correctionsIn({ hospital }: Home): readonly ClockCorrection[] {
  return [...hospital.held.values()].flatMap(({ entry }) =>
    entry.kind === 'event' && entry.body.correction ? [entry.body.correction] : [],
  );
}

function misdated(
  { evidence, machine, trace }: Home,
  corrections: readonly ClockCorrection[],
  seq: number,
  body: Reading,
): string | undefined {
  const key = keyOf(body.device, body, body.received);
  const measured = evidence.measured.get(key);
  if (!measured || measured.count > 1) return undefined;
  const { trueMs, isDatable } = measured.taken;
  // A clock that nobody looked at while it ran, or that a hub without a time looked at, is taken at its word.
  if (body.effective.from === 'device' && (!isDatable || body.received.clock === 'unsynced')) return undefined;
  const { addMs, uncertaintyMs } = corrected(corrections, seq, body);
  trace.tally(`readings dated by ${body.effective.from}${addMs === 0 ? '' : ', corrected'}`);
  const errorMs = Math.abs(Date.parse(body.effective.at) + addMs - trueMs);
  const clock = machine.boots().get(body.received.boot);
  if (errorMs <= uncertaintyMs + ON_THE_AIR_MS || !clock) return undefined;
  return `entry ${seq} (${body.device}, by the clock of the ${body.effective.from}) is dated ${errorMs} ms off and claims ${uncertaintyMs}`;
}

/** As docs/contract.md says: by number, boot and monotonic time. */
function corrected(
  corrections: readonly ClockCorrection[],
  seq: number,
  { effective, received }: Reading,
): { readonly addMs: number; readonly uncertaintyMs: number } {
  const asTold = { addMs: 0, uncertaintyMs: effective.uncertaintyMs };
  if (effective.from === 'device') return asTold;
  // What the device's own time adds to the doubt stays.
  const ofDeviceMs = effective.uncertaintyMs - received.uncertaintyMs;
  const found = corrections.filter(
    ({ boot, from, to, untilMonotonicMs }) =>
      boot === received.boot && from <= seq && seq <= to && received.monotonicMs <= untilMonotonicMs,
  );
  const [correction] = found;
  return correction ? { addMs: correction.addMs, uncertaintyMs: correction.uncertaintyMs + ofDeviceMs } : asTold;
}
