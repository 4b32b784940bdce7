/** The list of drivers: each has one name, no two want the same device, and recognition does not depend on order. */
import { describe, expect, test } from 'vitest';
import type { Claim, Driver } from '../../drivers/contract/driver.ts';
import { driverById, drivers, recognise, refuseRivals } from '../../drivers/registry.ts';

test.each(drivers.map((driver) => [driver.id, driver] as const))('%s is found by its name', (id, driver) => {
  expect(driverById(id)).toBe(driver);
});

test('an unknown name finds nothing', () => expect(driverById('constructor')).toBeUndefined());

describe('recognition', () => {
  test.each([
    ['an oximeter', ['1822'], 'bluetooth-sig-pulse-oximeter'],
    ['an oximeter among other services', ['180a', '180f', '1822'], 'bluetooth-sig-pulse-oximeter'],
    ['a scale', ['181d'], 'bluetooth-sig-weight-scale'],
    ['two profiles in one', ['1822', '181d'], undefined],
    ['something else', ['180d'], undefined],
    ['something that says nothing', [], undefined],
  ])('%s', (_, services, id) => expect(recognise({ link: 'ble', services })?.id).toBe(id));
});

describe('rivals', () => {
  const [any] = drivers;
  const claiming = (id: string, ...claims: readonly Claim[]): Driver => {
    if (!any) throw new Error('there are no drivers');
    return { ...any, id, recognise: claims };
  };
  const profile: Claim = { rank: 'profile', link: 'ble', service: '1822' };
  const masimo: Claim = { rank: 'product', link: 'ble', service: '1822', namePrefix: 'Masimo' };
  const mightySat: Claim = { rank: 'product', link: 'ble', service: '1822', namePrefix: 'Masimo MightySat' };
  const card: Claim = { rank: 'product', link: 'card', file: 'STR.edf' };

  test.each([
    ['the same service', profile, profile],
    ['a name that begins another', masimo, mightySat],
    ['the same file', card, card],
  ])('%s in one rank is refused, in either order', (_, one, other) => {
    const pair = [claiming('a', one), claiming('b', other)];
    expect(() => refuseRivals(pair)).toThrow('a and b claim the same devices in one rank');
    expect(() => refuseRivals(pair.toReversed())).toThrow('b and a claim');
  });

  test('a product beside its profile, or other names, are no rivals', () => {
    refuseRivals([claiming('a', profile), claiming('b', masimo), claiming('c', card)]);
    refuseRivals([claiming('a', masimo), claiming('b', { ...masimo, namePrefix: 'Nonin' })]);
  });

  test('one name twice is refused', () => {
    expect(() => refuseRivals([claiming('a', profile), claiming('a', card)])).toThrow('two drivers are called a');
  });
});
