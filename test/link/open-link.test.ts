/** From settings to a link: the right kind, or what is missing. Also the waits between tries. */
import { describe, expect, test } from 'vitest';
import type { BleLinkOptions, Radio } from '../../agent/link/ble-radio.ts';
import type { Link } from '../../agent/link/link.ts';
import { openLink } from '../../agent/link/open-link.ts';
import { backOff, waits, within } from '../../agent/link/patience.ts';
import { bluetoothSigWeightScale } from '../../drivers/bluetooth-sig-weight-scale.ts';
import type { Driver, LinkSpec } from '../../drivers/contract/driver.ts';
import { virtualWorld } from '../virtual-world.ts';

const specs: Readonly<Record<LinkSpec['kind'], LinkSpec>> = {
  ble: { kind: 'ble', service: '181d', subscribe: [] },
  serial: {
    kind: 'serial',
    baudRate: 9_600,
    dataBits: 8,
    parity: 'none',
    stopBits: 1,
    framing: { kind: 'delimited', start: 2, end: 3, maxBytes: 64 },
  },
  card: { kind: 'card', files: ['STR.edf'], maxFileBytes: 1_000 },
};
const driver = (kind: LinkSpec['kind']): Pick<Driver, 'id' | 'link'> => ({ id: 'test-driver', link: specs[kind] });

/** A radio that only notes what it was asked for. */
function noting() {
  const asked: BleLinkOptions[] = [];
  const link: Link = {
    open: () => undefined,
    write: async () => undefined,
    read: async () => new Uint8Array(),
    hangUp: async () => undefined,
    close: async () => undefined,
  };
  const radio: Radio = {
    link: (options) => {
      asked.push(options);
      return link;
    },
    survey: () => () => undefined,
    close: async () => undefined,
  };
  return { radio, asked };
}

const common = { world: virtualWorld(), onEvent: () => undefined };

describe('settings that lack something are refused in words that help', () => {
  test.each([
    ['ble', {}, /device "d1" \(driver test-driver\) cannot be reached: .*set ble\.hci/],
    ['serial', {}, /set its port/],
    ['serial', { port: 'tcp:nohost' }, /write tcp:host:port/],
    ['card', {}, /set its folder/],
  ] as const)('%s %o', (kind, settings, words) => {
    const device = { id: 'd1', driver: 'test-driver', ...settings };
    expect(() => openLink({ ...common, driver: driver(kind), device })).toThrow(words);
  });

  test('a Bluetooth address of the wrong form', () => {
    const device = { id: 'd1', driver: 'test-driver', address: 'c0:ff:ee' };
    expect(() => openLink({ ...common, radio: noting().radio, driver: driver('ble'), device })).toThrow(
      /aa:bb:cc:dd:ee:ff/,
    );
  });
});

test('a device without an address is recognised by what the drivers claim', () => {
  const { radio, asked } = noting();
  const device = { id: 'd1', driver: bluetoothSigWeightScale.id };
  openLink({ ...common, radio, driver: bluetoothSigWeightScale, device });
  const recognises = asked[0]?.recognises;
  expect(asked[0]?.address).toBeUndefined();
  expect(recognises?.({ link: 'ble', services: ['181d'], name: 'NL-100' })).toBe(true);
  expect(recognises?.({ link: 'ble', services: ['1822'] })).toBe(false);
  expect(recognises?.({ link: 'ble', services: [] })).toBe(false);
});

describe('the waits between tries', () => {
  test('double from 1 s to their most, each in its upper half', () => {
    const steps = backOff(virtualWorld({ seed: 7 }));
    for (const mostMs of [1, 2, 4, 8, 16, 32, 60, 60, 60].map((seconds) => seconds * 1_000)) {
      const waitMs = steps.next().value;
      expect(waitMs).toBeGreaterThanOrEqual(mostMs / 2);
      expect(waitMs).toBeLessThanOrEqual(mostMs);
    }
  });

  test('start again after a good contact', () => {
    const pause = waits(virtualWorld());
    for (let tries = 0; tries < 8; tries++) pause.next();
    expect(pause.next()).toBeGreaterThan(20_000);
    pause.reset();
    expect(pause.next()).toBeLessThanOrEqual(1_000);
  });

  test('a time limit ends a wait for ever, and an abort does so with its reason', async () => {
    const world = virtualWorld();
    const never = new Promise<void>(() => undefined);
    const late = expect(within({ world, limitMs: 5_000, what: 'asking' }, never)).rejects.toThrow(
      'asking took longer than 5 s',
    );
    await world.advance(5_000);
    await late;
    const gone = new AbortController();
    const ended = within({ world, limitMs: 5_000, what: 'asking', gone: gone.signal }, never);
    gone.abort('the radio is gone');
    await expect(ended).rejects.toThrow('the radio is gone');
  });
});
