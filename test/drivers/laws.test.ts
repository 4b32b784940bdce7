/** The laws of the golden driver, held for every driver in one loop, with the simulated device as the other end. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { isDecimal } from '../../agent/reading/decimal.ts';
import { randomFrom } from '../../agent/world.ts';
import type { Outcome } from '../../drivers/contract/driver.ts';
import { driverById, drivers, recognise, refuseRivals } from '../../drivers/registry.ts';
import { supportedDevices } from '../../drivers/table.ts';
import type { Case } from '../../simulators/devices/contract.ts';
import { simulatorFor, simulators } from '../../simulators/devices/registry.ts';
import { checksummed, ORDERS, sightingOf, thinned } from './law-material.ts';

const TABLE = new URL('../../docs/supported-devices.md', import.meta.url);
const SEED = 20_260_301;

describe.each(drivers.map((driver) => [driver.id, driver] as const))('%s', (id, driver) => {
  const simulator = simulatorFor(id);
  const cases: readonly Case[] = simulator ? [...simulator.cases(randomFrom(SEED))] : [];
  const some = thinned(cases, 1_500);
  const random = randomFrom(SEED);
  const anyOf = (below: number) => Math.floor(random() * below);

  it('has a simulator with cases, and a vector or says that it has none', () => {
    expect(cases.length).toBeGreaterThan(20);
    expect(Object.keys(simulator?.scenarios ?? {}).length).toBeGreaterThan(0);
    if (driver.verified === 'paper only') return;
    const vectors = new URL(`./${id}.test.ts`, import.meta.url);
    expect(existsSync(vectors), `${vectors.pathname} holds the captures or published vectors`).toBe(true);
  });

  it('is found by its own id, and is the sole claimant of its rank', () => {
    expect(driverById(id)).toBe(driver);
    for (const claim of driver.recognise) {
      expect(recognise(sightingOf(claim))).toBe(driver);
      expect(() => refuseRivals([{ ...driver, id: 'rival' }, ...drivers])).toThrow(id);
    }
    expect(driver.recognise.length > 0).toBe(driver.link.kind !== 'serial');
  });

  it('reads what the device means, digits, times and flags included', () => {
    for (const { name, frame, means } of cases) {
      const outcome = driver.decode(frame);
      if (isDeepStrictEqual(kept(outcome), means)) continue;
      expect({ name, bytes: hex(frame.bytes), outcome }).toEqual({
        name,
        bytes: hex(frame.bytes),
        outcome: { outcome: 'measured', measurements: means },
      });
    }
  });

  it('observes what it says, and nothing else', () => {
    const seen = new Set(cases.flatMap(({ means }) => means.map(({ metric }) => metric)));
    expect([...seen].sort()).toEqual(Object.keys(driver.observes).sort());
  });

  it('tells values apart from what is absent', () => {
    const all = cases.flatMap(({ frame }) => kept(driver.decode(frame)));
    for (const measurement of all) {
      if ('value' in measurement && !isDecimal(measurement.value)) expect.fail(JSON.stringify(measurement));
    }
    expect(all.some((measurement) => 'absent' in measurement || 'samples' in measurement)).toBe(true);
  });

  it('leaves its input untouched', () => {
    for (const { name, frame } of some) {
      const before = frame.bytes.slice();
      driver.decode(frame);
      expect(Buffer.compare(frame.bytes, before), name).toBe(0);
    }
  });

  it('reads nothing from a frame that was cut short', () => {
    for (const { name, frame, means } of some) {
      for (const length of lengthsBelow(frame.bytes.length)) {
        const outcome = driver.decode({ ...frame, bytes: frame.bytes.subarray(0, length) });
        const harmless = means.length > 0 ? outcome.outcome !== 'measured' : kept(outcome).length === 0;
        if (!harmless) expect.fail(`${name}, the first ${length} of ${hex(frame.bytes)}: ${JSON.stringify(outcome)}`);
      }
    }
  });

  it('calls a checksummed frame with one flipped bit malformed', () => {
    const covered = thinned(cases, 300).filter(({ frame }) => checksummed(driver, frame.channel));
    expect(covered.length > 0).toBe(driver.link.kind !== 'ble');
    for (const { name, frame } of covered) {
      for (const bit of bitsOf(frame.bytes.length)) {
        const bytes = frame.bytes.slice();
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const { outcome } = driver.decode({ ...frame, bytes });
        if (outcome !== 'malformed') expect.fail(`${name}, bit ${bit} flipped: ${outcome}`);
      }
    }
  });

  it('never throws, and never says what it does not observe, on any bytes', () => {
    const channels = fc.constantFrom(...new Set(cases.map(({ frame }) => frame.channel)), 'ffff');
    fc.assert(fc.property(channels, fc.uint8Array({ maxLength: 64 }), holds), { numRuns: 3_000 });
    const spoilt = fc.tuple(fc.constantFrom(...some), fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 4 }));
    fc.assert(
      fc.property(spoilt, ([{ frame }, at, noise]) => {
        const bytes = frame.bytes.slice();
        bytes.set(noise.subarray(0, bytes.length), at % Math.max(1, bytes.length - noise.length + 1));
        holds(frame.channel, bytes);
      }),
      { numRuns: 2_000 },
    );
  });

  it('may not give orders, and nothing may be written to it that it did not foresee', () => {
    for (const { channel, bytes, what } of ORDERS) {
      expect(driver.mayWrite(channel, bytes), `${what} on ${channel}`).toBe(false);
    }
    const anywhere = fc.constantFrom('serial', '2a5e', '2a5f', '2a9d', '2a29', 'STR.edf', 'ffff');
    fc.assert(fc.property(anywhere, fc.uint8Array({ maxLength: 40 }), (to, bytes) => !driver.mayWrite(to, bytes)));
  });

  function holds(channel: string, bytes: Uint8Array): void {
    for (const measurement of kept(driver.decode({ channel, bytes }))) {
      expect(Object.hasOwn(driver.observes, measurement.metric)).toBe(true);
      if ('value' in measurement) expect(isDecimal(measurement.value)).toBe(true);
    }
  }
  /** All of them for a short frame; for a file its beginning, its end and some between. */
  function lengthsBelow(length: number): readonly number[] {
    if (length <= 256) return Array.from({ length }, (_, at) => at);
    return [...[0, 1, 8, 255, 256, 257, length - 2, length - 1], ...Array.from({ length: 24 }, () => anyOf(length))];
  }
  function bitsOf(bytes: number): readonly number[] {
    if (bytes <= 256) return Array.from({ length: bytes * 8 }, (_, at) => at);
    return Array.from({ length: 32 }, () => anyOf(bytes * 8));
  }
});

describe('the registry', () => {
  it('has no simulated device without a driver, and no id twice', () => {
    const ids = drivers.map(({ id }) => id);
    expect(simulators.map(({ driver }) => driver).sort()).toEqual([...ids].sort());
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('is what the committed table of supported devices says', () => {
    const table = supportedDevices(drivers);
    const { UPDATE_TABLE } = process.env;
    if (UPDATE_TABLE !== undefined) writeFileSync(TABLE, table);
    const committed = existsSync(TABLE) ? readFileSync(TABLE, 'utf8') : 'no table';
    expect(committed, 'write it anew: UPDATE_TABLE=1 npx vitest run test/drivers/laws.test.ts').toBe(table);
  });

  afterAll(() => {
    const paperOnly = drivers.filter(({ verified }) => verified === 'paper only').map(({ id }) => id);
    process.stdout.write(`paper only: ${paperOnly.length} of ${drivers.length} drivers ${paperOnly.join(', ')}\n`);
  });
});

function kept(outcome: Outcome) {
  return outcome.outcome === 'measured' ? outcome.measurements : [];
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, 64)).toString('hex');
}
