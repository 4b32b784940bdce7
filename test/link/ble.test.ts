/** Bluetooth links against the virtual radio: noble above, a virtual controller below, real GATT servers in the air. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BleLinkOptions } from '../../agent/link/ble-radio.ts';
import { openRadio, type Radio } from '../../agent/link/ble-radio.ts';
import type { Link } from '../../agent/link/link.ts';
import type { HubEvent } from '../../agent/reading/entry.ts';
import type { GattService, PeripheralOptions } from '../../simulators/radio/gatt.ts';
import { startRadio, type Radio as VirtualRadio } from '../../simulators/radio/radio.ts';
import { type VirtualWorld, virtualWorld } from '../virtual-world.ts';
import { pass, recorder, settled, until } from './bench.ts';

const SCALE = 'c0:ff:ee:00:00:01';
const OXIMETER = 'c0:ff:ee:00:00:02';
const text = (value: string) => () => new TextEncoder().encode(value);

const information: GattService = {
  uuid: '180a',
  characteristics: [
    { uuid: '2a29', properties: ['read'], read: text('Nordlys\0') },
    { uuid: '2a24', properties: ['read'], read: text('NL-100') },
    { uuid: '2a25', properties: ['read'], read: text('SECRET-SERIAL') },
    { uuid: '2a26', properties: ['read'], read: text('1.0.2') },
  ],
};

function scale(written: Uint8Array[] = []): PeripheralOptions {
  return {
    address: SCALE,
    name: 'NL-100 scale',
    advertises: ['181d'],
    services: [
      {
        uuid: '181d',
        characteristics: [
          { uuid: '2a9e', properties: ['read'], read: () => Uint8Array.of(1, 2, 3, 4) },
          { uuid: '2a9d', properties: ['indicate'] },
          {
            uuid: '2a08',
            properties: ['write', 'read'],
            read: () => new Uint8Array(7),
            write: (value) => {
              if (value.length !== 7) return 0x0d;
              written.push(value);
              return undefined;
            },
          },
        ],
      },
      information,
    ],
  };
}

function oximeter(address = OXIMETER, name = 'NL oximeter'): PeripheralOptions {
  return {
    address,
    name,
    advertises: ['1822'],
    services: [{ uuid: '1822', characteristics: [{ uuid: '2a5f', properties: ['notify'] }] }],
  };
}

const scaleLink: BleLinkOptions = {
  driverLink: { kind: 'ble', service: '181d', subscribe: [{ channel: '2a9d' }] },
  address: SCALE.toUpperCase(),
  recognises: () => false,
};
const oximeterLink: BleLinkOptions = {
  driverLink: { kind: 'ble', service: '1822', subscribe: [{ channel: '2a5f' }, { channel: '2a5e', optional: true }] },
  recognises: ({ services }) => services.includes('1822'),
};

const processListeners = (): number[] => ['exit', 'SIGINT', 'SIGTERM'].map((name) => process.listenerCount(name));

let listenersAtFirst: number[];
let world: VirtualWorld;
let folder: string;
let air: VirtualRadio;
let radio: Radio;
let events: HubEvent[];

const startAir = async (): Promise<VirtualRadio> => startRadio({ world, listen: `unix:${join(folder, 'hci')}` });

beforeEach(async () => {
  listenersAtFirst = processListeners();
  world = virtualWorld();
  folder = mkdtempSync(join(tmpdir(), 'hjemmebro-ble-'));
  events = [];
  air = await startAir();
  radio = openRadio({ world, hci: air.address, onEvent: (event) => events.push(event) });
});

afterEach(async () => {
  await settled(world, radio.close());
  await settled(world, air.close());
  rmSync(folder, { recursive: true, force: true });
});

function open(options: BleLinkOptions, told = recorder()): { link: Link; told: ReturnType<typeof recorder> } {
  const link = radio.link(options);
  link.open(told);
  return { link, told };
}

describe('one device', () => {
  test('is found by its address, discovered, and told of with what it says about itself', async () => {
    air.addPeripheral(scale()).advertise(true);
    const { told } = open(scaleLink);
    await until(world, 'up', () => told.ups.length === 1);
    expect(told.ups).toEqual([
      { channels: ['2a08', '2a9d', '2a9e'], about: { manufacturer: 'Nordlys', model: 'NL-100', firmware: '1.0.2' } },
    ]);
  });

  test('is read and written; a refusal says why', async () => {
    const written: Uint8Array[] = [];
    air.addPeripheral(scale(written)).advertise(true);
    const { link, told } = open(scaleLink);
    await expect(link.read('2a9e')).rejects.toThrow('not connected');
    await until(world, 'up', () => told.ups.length === 1);
    expect([...(await settled(world, link.read('2a9e')))]).toEqual([1, 2, 3, 4]);
    await settled(world, link.write('2a08', Uint8Array.of(1, 2, 3, 4, 5, 6, 7)));
    expect(written.map((value) => [...value])).toEqual([[1, 2, 3, 4, 5, 6, 7]]);
    await expect(settled(world, link.write('2a08', Uint8Array.of(1)))).rejects.toThrow('wrong value length');
    await expect(settled(world, link.read('2a9d'))).rejects.toThrow('reading is not permitted');
    await expect(link.read('2a19')).rejects.toThrow('no characteristic 2a19');
    expect(told.downs).toEqual([]);
  });

  test('an indication is confirmed only after it was kept, and other requests pass meanwhile', async () => {
    const device = air.addPeripheral(scale());
    device.advertise(true);
    const { link, told } = open(scaleLink, recorder({ keep: false }));
    await until(world, 'subscribed', () => told.ups.length === 1);
    const done: boolean[] = [];
    device.indicate('2a9d', Uint8Array.of(7)).then((confirmed) => done.push(confirmed));
    await until(world, 'frame', () => told.frames.length === 1);
    expect([...(await settled(world, link.read('2a9e')))]).toEqual([1, 2, 3, 4]);
    await pass(world, 5_000);
    expect(done).toEqual([]);
    told.frames[0]?.kept();
    await until(world, 'confirmed', () => done.length === 1);
    expect(done).toEqual([true]);
  });

  test('a controller with a single buffer is not blocked by a confirmation that waits', async () => {
    await settled(world, air.close());
    air = await startRadio({ world, listen: `unix:${join(folder, 'hci')}`, acl: { count: 1 } });
    const device = air.addPeripheral(scale());
    device.advertise(true);
    const { link, told } = open(scaleLink, recorder({ keep: false }));
    await until(world, 'up', () => told.ups.length === 1);
    const done = device.indicate('2a9d', Uint8Array.of(7));
    await until(world, 'frame', () => told.frames.length === 1);
    for (let round = 0; round < 3; round++) await settled(world, link.read('2a9e'), 2_000);
    told.frames[0]?.kept();
    expect(await settled(world, done)).toBe(true);
  });

  test('a device that wants to be paired is paired, and its values come', async () => {
    const { services, ...rest } = scale();
    const locked = services.map((service) => ({
      ...service,
      characteristics: service.characteristics.map((one) => ({ ...one, encrypted: service.uuid === '181d' })),
    }));
    const device = air.addPeripheral({ ...rest, services: locked });
    device.advertise(true);
    const { link, told } = open(scaleLink);
    await until(world, 'up', () => told.ups.length === 1);
    expect(await settled(world, device.indicate('2a9d', Uint8Array.of(7)))).toBe(true);
    expect([...(await settled(world, link.read('2a9e')))]).toEqual([1, 2, 3, 4]);
    expect(told.frames.length).toBe(1);
  });

  test('an indication never kept is never confirmed, and comes again in the next contact', async () => {
    const device = air.addPeripheral(scale());
    device.advertise(true);
    const { told } = open(scaleLink, recorder({ keep: false }));
    await until(world, 'up', () => told.ups.length === 1);
    const first = device.indicate('2a9d', Uint8Array.of(7));
    await until(world, 'frame', () => told.frames.length === 1);
    device.disconnect();
    expect(await settled(world, first)).toBe(false);
    await until(world, 'up again', () => told.ups.length === 2);
    told.frames[0]?.kept(); // too late: must confirm nothing in the new connection
    const second = device.indicate('2a9d', Uint8Array.of(7));
    await until(world, 'frame again', () => told.frames.length === 2);
    told.frames[1]?.kept();
    expect(await settled(world, second)).toBe(true);
  });

  test('values sent as soon as they are subscribed come after up, in order', async () => {
    const device = air.addPeripheral(scale());
    device.on('subscribed', () => void device.indicate('2a9d', Uint8Array.of(1)));
    device.on('subscribed', () => void device.indicate('2a9d', Uint8Array.of(2)));
    device.advertise(true);
    const { told } = open(scaleLink);
    await until(world, 'both', () => told.frames.length === 2);
    expect(told.order).toEqual(['up', 'frame', 'frame']);
    expect(told.frames.map(({ channel, bytes }) => [channel, ...bytes])).toEqual([
      ['2a9d', 1],
      ['2a9d', 2],
    ]);
  });

  test('hangs up after its measurement and is met again as soon as it advertises', async () => {
    const device = air.addPeripheral(scale());
    device.advertise(true);
    const { told } = open(scaleLink);
    await until(world, 'up', () => told.ups.length === 1);
    expect(await settled(world, device.indicate('2a9d', Uint8Array.of(1)))).toBe(true);
    device.disconnect();
    await until(world, 'down', () => told.downs.length === 1);
    expect(told.downs).toEqual(['device ended the connection']);
    await until(world, 'up again', () => told.ups.length === 2, 500);
  });

  test('is subscribed in the order of its driver', async () => {
    const device = air.addPeripheral({
      ...scale(),
      services: [
        {
          uuid: '181d',
          characteristics: ['2a9b', '0a9c', '2a9d'].map((uuid) => ({ uuid, properties: ['indicate'] as const })),
        },
      ],
    });
    const order: string[] = [];
    device.on('subscribed', (characteristic) => order.push(characteristic));
    device.advertise(true);
    const channels = ['2a9d', '0a9c', '2a9b'];
    const subscribe = channels.map((channel) => ({ channel }));
    const { told } = open({ ...scaleLink, driverLink: { ...scaleLink.driverLink, subscribe } });
    await until(world, 'up', () => told.ups.length === 1);
    expect(order).toEqual(channels);
    expect(await settled(world, device.indicate('0a9c', Uint8Array.of(5)))).toBe(true);
    expect(told.frames[0]?.channel).toBe('0a9c');
  });

  test('connects and says nothing: it stays up, and nothing else happens', async () => {
    air.addPeripheral(scale()).advertise(true);
    const { told } = open(scaleLink);
    await until(world, 'up', () => told.ups.length === 1);
    await pass(world, 30_000);
    expect(told.order).toEqual(['up']);
  });

  test('lacks what its driver needs: down says what is missing', async () => {
    air.addPeripheral({ ...oximeter(), address: SCALE }).advertise(true);
    const { told } = open(scaleLink);
    await until(world, 'down', () => told.downs.length === 1);
    expect(told.downs[0]).toContain('no service 181d');
    await pass(world, 30_000);
    expect(told.order).toEqual(['down']);
  });

  test('drops the connection at any moment of the way up, and is up in the end', async () => {
    const device = air.addPeripheral(scale());
    device.advertise(true);
    const { told } = open(scaleLink);
    for (let delayMs = 0; delayMs < 60; delayMs += 7) {
      const before = told.ups.length;
      await until(world, 'connected', () => device.connected);
      await world.advance(delayMs);
      air.dropLinks(SCALE);
      await until(world, 'gone', () => !device.connected);
      expect(told.ups.length - before).toBeLessThanOrEqual(1);
    }
    const before = told.ups.length;
    await until(world, 'up in the end', () => told.ups.length > before, 120_000);
    const last = told.order.lastIndexOf('up');
    expect(told.order.slice(last)).toEqual(['up']);
    expect(told.downs.every((cause) => cause.includes('out of range'))).toBe(true);
  });

  test('the hub lets go: the device is free, and met again after a pause', async () => {
    const device = air.addPeripheral(scale());
    device.advertise(true);
    const { link, told } = open(scaleLink);
    await until(world, 'up', () => told.ups.length === 1);
    await settled(world, link.hangUp());
    expect(device.connected).toBe(false);
    expect(told.downs).toEqual(['the hub let go of the device']);
    await pass(world, 400);
    expect(device.connected).toBe(false);
    for (let rest = 2; rest < 8; rest++) {
      await until(world, 'up again', () => told.ups.length === rest, 1_500);
      await settled(world, link.hangUp());
    }
  });
});

describe('two links on one radio', () => {
  test('each gets its own device, though both are in the air', async () => {
    air.addPeripheral(oximeter()).advertise(true);
    air.addPeripheral(scale()).advertise(true);
    const one = open(oximeterLink);
    const two = open(scaleLink);
    await until(world, 'both up', () => one.told.ups.length === 1 && two.told.ups.length === 1);
    expect(one.told.ups[0]?.channels).toEqual(['2a5f']);
    expect(two.told.ups[0]?.channels).toContain('2a9d');
  });

  test('a taken device is not given to another link, and is free once its link is closed', async () => {
    const device = air.addPeripheral(oximeter());
    device.advertise(true);
    const one = open(oximeterLink);
    const two = open(oximeterLink);
    await until(world, 'one up', () => one.told.ups.length === 1);
    await pass(world, 2_000);
    expect(two.told.ups).toEqual([]);
    await settled(world, one.link.close());
    await until(world, 'two up', () => two.told.ups.length === 1);
    expect(one.told.order).toEqual(['up']);
  });

  test('a device that is named in the settings of one link is left alone by the others', async () => {
    const wanted = recorder();
    const named = radio.link({ ...oximeterLink, address: OXIMETER });
    const anyone = open(oximeterLink);
    named.open(wanted);
    air.addPeripheral(oximeter()).advertise(true);
    await until(world, 'named up', () => wanted.ups.length === 1);
    expect(anyone.told.order).toEqual([]);
  });

  test('a stuck device does not keep the other from its values', async () => {
    const quick = air.addPeripheral(oximeter());
    quick.advertise(true);
    const slow = air.addPeripheral(scale());
    const one = open(oximeterLink);
    const two = open(scaleLink, recorder({ keep: false }));
    await until(world, 'one up', () => one.told.ups.length === 1);
    slow.advertise(true);
    await until(world, 'two up', () => two.told.ups.length === 1);
    void slow.indicate('2a9d', Uint8Array.of(1)); // never kept
    for (let value = 0; value < 50; value++) {
      await settled(world, quick.notify('2a5f', Uint8Array.of(value)));
    }
    await until(world, 'all values', () => one.told.frames.length === 50);
    expect(one.told.frames.map(({ bytes }) => bytes[0])).toEqual(Array.from({ length: 50 }, (_, value) => value));
  });
});

describe('the radio', () => {
  test('goes away and comes back: links are told once, and are up again', async () => {
    air.addPeripheral(scale()).advertise(true);
    const { told } = open(scaleLink);
    await until(world, 'up', () => told.ups.length === 1);
    await settled(world, air.close());
    await until(world, 'down', () => told.downs.length === 1);
    expect(told.downs[0]).toContain('closed the connection');
    await pass(world, 30_000);
    expect(told.downs.length).toBe(2);
    expect(told.downs[1]).toMatch(/no Bluetooth controller answers at .*; start it or correct ble\.hci/);
    air = await startAir();
    air.addPeripheral(scale()).advertise(true);
    await until(world, 'up again', () => told.ups.length === 2, 120_000);
  });

  test('leaves the process signals to the agent, however often it starts', async () => {
    const { told } = open(scaleLink);
    for (let life = 1; life <= 3; life++) {
      air.addPeripheral(scale()).advertise(true);
      await until(world, 'up', () => told.ups.length === life);
      expect(processListeners()).toEqual(listenersAtFirst);
      await settled(world, air.close());
      air = await startAir();
    }
  });

  test('many connections leave no listeners behind', async () => {
    const device = air.addPeripheral(scale());
    device.advertise(true);
    const { told } = open(scaleLink);
    await until(world, 'up', () => told.ups.length === 1);
    const warnings: Error[] = [];
    const warn = (warning: Error): number => warnings.push(warning);
    process.on('warning', warn);
    for (let cycle = 1; cycle <= 30; cycle++) {
      await settled(world, device.indicate('2a9d', Uint8Array.of(cycle)));
      device.disconnect();
      await until(world, 'up again', () => told.ups.length === cycle + 1);
    }
    process.off('warning', warn);
    expect(processListeners()).toEqual(listenersAtFirst);
    expect(told.frames.map(({ bytes }) => bytes[0])).toEqual(Array.from({ length: 30 }, (_, at) => at + 1));
    expect(warnings).toEqual([]);
    expect(events).toEqual([{ name: 'radio-up' }]);
  });

  test('a survey tells of everyone in the air until it is stopped', async () => {
    air.addPeripheral(scale()).advertise(true);
    air.addPeripheral(oximeter()).advertise(true);
    const seen = new Map<string, string>();
    const stop = radio.survey(({ address, sighting }) => {
      seen.set(address, `${sighting.name} ${sighting.services.join(' ')}`);
    });
    await until(world, 'both', () => seen.size === 2);
    expect(Object.fromEntries(seen)).toEqual({ [SCALE]: 'NL-100 scale 181d', [OXIMETER]: 'NL oximeter 1822' });
    stop();
    seen.clear();
    await pass(world, 5_000);
    expect(seen.size).toBe(0);
  });

  test('closing leaves nobody connected and the socket free', async () => {
    const device = air.addPeripheral(scale());
    device.advertise(true);
    const { told } = open(scaleLink);
    await until(world, 'up', () => told.ups.length === 1);
    await settled(world, radio.close());
    expect(device.connected).toBe(false);
    expect(told.order).toEqual(['up']);
    expect(existsSync(join(folder, 'hci'))).toBe(true);
  });

  test.each(['bluetooth', 'h4:unix:relative', 'h4:tcp:host', 'h4:tcp:host:99999', ''])('"%s" is refused', (hci) => {
    expect(() => openRadio({ world, hci, onEvent: () => undefined })).toThrow(/write native, h4:unix:\/path or h4:tcp/);
  });
});
