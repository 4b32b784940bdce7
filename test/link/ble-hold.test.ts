/** Invariant 4 at its root: no confirmation before its indication was kept, each exactly once, and in order. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hold } from '../../agent/link/ble-hold.ts';

type Step = { readonly connection: number; readonly taken: boolean; readonly confirmFirst: boolean };

test('for every order of arrival, confirmation and keeping', () => {
  const step = fc.record({
    connection: fc.integer({ min: 1, max: 3 }),
    taken: fc.boolean(),
    confirmFirst: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps: readonly Step[]) => {
      const held = hold();
      const confirmed: number[] = [];
      for (const [at, { connection, taken, confirmFirst }] of steps.entries()) {
        held.arrived(connection);
        if (confirmFirst) held.confirm(connection, () => confirmed.push(at)); // noble was idle
        const kept = taken ? held.take() : undefined;
        held.offered();
        if (!confirmFirst) held.confirm(connection, () => confirmed.push(at)); // noble had a request under way
        expect(confirmed.includes(at)).toBe(!taken);
        kept?.();
        kept?.();
        expect(confirmed.filter((one) => one === at).length).toBe(1);
      }
      expect(confirmed).toEqual(steps.map((_, at) => at));
    }),
  );
});

test('one connection does not wait for another', () => {
  const held = hold();
  const confirmed: string[] = [];
  held.arrived(1);
  const keptOne = held.take();
  held.offered();
  held.confirm(1, () => confirmed.push('one'));
  held.arrived(2);
  const keptTwo = held.take();
  held.offered();
  held.confirm(2, () => confirmed.push('two'));
  keptTwo();
  expect(confirmed).toEqual(['two']);
  keptOne();
  expect(confirmed).toEqual(['two', 'one']);
});

test('a lost connection takes its confirmation with it, and the next one starts clean', () => {
  const held = hold();
  const confirmed: string[] = [];
  held.arrived(1);
  const late = held.take();
  held.offered();
  held.confirm(1, () => confirmed.push('first'));
  held.dropped(1);
  held.arrived(1);
  const kept = held.take();
  held.offered();
  held.confirm(1, () => confirmed.push('second'));
  late();
  expect(confirmed).toEqual([]);
  kept();
  expect(confirmed).toEqual(['second']);
});

test('a notification has nothing to confirm', () => {
  const held = hold();
  expect(() => held.take()()).not.toThrow();
});

test('a device that does not wait for its confirmations is followed up to a bound', () => {
  const held = hold();
  const arrivals = Array.from({ length: 20 }, () => held.arrived(1));
  expect(arrivals.filter(Boolean).length).toBe(16);
});
