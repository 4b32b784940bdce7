/** Bluetooth links on a bad wire: absent, mute, out of step, lying; the hub must stand it all and find its way back. */

import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { packetiser } from '../../agent/link/ble-h4.ts';
import { openNative } from '../../agent/link/ble-native.ts';
import { type BleLinkOptions, openRadio, type Radio } from '../../agent/link/ble-radio.ts';
import { type Link, LinkError } from '../../agent/link/link.ts';
import type { HubEvent } from '../../agent/reading/entry.ts';
import { startRadio, type Radio as VirtualRadio } from '../../simulators/radio/radio.ts';
import { type VirtualWorld, virtualWorld } from '../virtual-world.ts';
import { pass, type Recorder, recorder, settled, until } from './bench.ts';

const ADDRESS = 'c0:ff:ee:00:00:03';
const link: BleLinkOptions = {
  driverLink: { kind: 'ble', service: '1822', subscribe: [{ channel: '2a5e' }] },
  address: ADDRESS,
  recognises: () => false,
};

let world: VirtualWorld;
let folder: string;
let events: HubEvent[];
let radio: Radio | undefined;
let told: Recorder;
let opened: Link;
let tidy: (() => Promise<void>)[];

beforeEach(() => {
  world = virtualWorld();
  folder = mkdtempSync(join(tmpdir(), 'hjemmebro-wire-'));
  events = [];
  told = recorder();
  tidy = [];
});

afterEach(async () => {
  if (radio) await settled(world, radio.close());
  radio = undefined;
  for (const undo of tidy) await settled(world, undo());
  rmSync(folder, { recursive: true, force: true });
});

const at = (name: string): string => join(folder, name);

function openLink(path: string): void {
  radio = openRadio({ world, hci: `h4:unix:${path}`, onEvent: (event) => events.push(event) });
  opened = radio.link(link);
  opened.open(told);
}

async function serve(path: string, onSocket: (socket: Socket) => void): Promise<Server> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  tidy.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return server;
}

describe('the packetiser', () => {
  const packet = fc.oneof(
    fc.uint8Array({ maxLength: 255 }).map((body) => Buffer.from([4, 0x3e, body.length, ...body])),
    fc
      .uint8Array({ maxLength: 300 })
      .map((body) => Buffer.from([2, 64, 0x20, body.length & 255, body.length >> 8, ...body])),
    fc.uint8Array({ maxLength: 255 }).map((body) => Buffer.from([3, 1, 0, body.length, ...body])),
  );

  test('gives back every packet, however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(packet), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (packets, cuts) => {
        const { push } = packetiser();
        const stream = Buffer.concat(packets);
        const got: Buffer[] = [];
        for (let from = 0, cut = 0; from < stream.length; cut++) {
          const to = from + (cuts[cut % cuts.length] ?? 1);
          got.push(...push(stream.subarray(from, to)).packets);
          from = to;
        }
        expect(got.map((one) => one.toString('hex'))).toEqual(packets.map((one) => one.toString('hex')));
      }),
    );
  });

  test('stops at the first octet that begins no packet, and stays stopped', () => {
    const { push } = packetiser();
    const event = [4, 0x0e, 1, 0];
    const result = push(Uint8Array.from([...event, 0x7f, ...event]));
    expect(result.packets.length).toBe(1);
    expect(result.lost).toContain('octet 0x7f');
    expect(push(Uint8Array.from(event))).toEqual({ packets: [], lost: result.lost });
  });

  test('holds no more than one packet of the allowed size', () => {
    expect(packetiser().push(Uint8Array.of(2, 0, 0, 0xff, 0xff)).lost).toContain('65535 octets');
    expect(packetiser().push(Uint8Array.of(2, 0, 0, 0x00, 0x10)).lost).toBeUndefined();
  });
});

describe('the controller', () => {
  test('is absent: said once, and closing does not wait', async () => {
    openLink(at('nobody'));
    await pass(world, 60_000);
    expect(told.order).toEqual(['down']);
    expect(told.downs[0]).toMatch(/no Bluetooth controller answers at .*nobody \(connect ENOENT/);
    expect(events).toEqual([{ name: 'radio-down', cause: told.downs[0] }]);
    await radio?.close();
  });

  test('hangs up at once: tried again for ever, and ever more rarely', async () => {
    let calls = 0;
    await serve(at('brief'), (socket) => {
      calls++;
      socket.destroy();
    });
    openLink(at('brief'));
    await pass(world, 300_000);
    expect(calls).toBeGreaterThanOrEqual(8);
    expect(calls).toBeLessThanOrEqual(16);
    await pass(world, 120_000);
    expect(calls).toBeGreaterThanOrEqual(10);
  });

  test('is mute: given up after its time limit, and closing does not wait', async () => {
    let calls = 0;
    await serve(at('mute'), () => calls++);
    openLink(at('mute'));
    await until(world, 'down', () => told.downs.length === 1);
    expect(told.downs[0]).toBe('the start of the Bluetooth controller took longer than 10 s');
    await until(world, 'another try', () => calls === 2);
    await radio?.close();
  });

  test('sends noise: the connection is given up, the process stands, and no listener stays', async () => {
    const listeners = (): number[] => ['exit', 'SIGINT', 'warning'].map((name) => process.listenerCount(name));
    const before = listeners();
    let calls = 0;
    await serve(at('noise'), (socket) => {
      calls++;
      const noise = Buffer.from(Array.from({ length: 2_000 }, () => Math.floor(world.random() * 256)));
      socket.write(noise);
    });
    openLink(at('noise'));
    await until(world, 'many tries', () => calls >= 8, 600_000);
    expect(told.downs.every((cause) => /out of step|took longer/.test(cause))).toBe(true);
    expect(listeners()).toEqual(before);
  });

  test('native without the native package says what to install', () => {
    let thrown: unknown;
    try {
      openNative().close();
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(LinkError);
    expect(String(thrown)).toMatch(/npm rebuild @abandonware\/bluetooth-hci-socket|cannot be taken/);
  });
});

describe('between the hub and a real controller', () => {
  interface Tap {
    /** What the hub gets of a packet of the controller. */
    passes: (packet: Buffer) => readonly Uint8Array[];
    /** Sees each packet of the hub before the controller does. */
    onSent: (packet: Buffer) => void;
    /** Towards the hub, as if the controller had sent it. */
    inject(packet: Uint8Array): void;
    /** What the hub sent, as hex, packet by packet as written. */
    readonly sent: string[];
    connection(): number;
  }

  /** Disconnection Complete, by the device. */
  const ended = (handle: number): Uint8Array => Uint8Array.of(4, 5, 4, 0, handle & 255, handle >> 8, 0x13);
  const isAcl = (packet: Buffer): boolean => packet[0] === 2;
  const isConnectionComplete = (packet: Buffer): boolean => packet[0] === 4 && packet[1] === 0x3e && packet[3] === 1;
  /** LE Create Connection, Core 5.4 Vol 4 Part E 7.8.12. */
  const isCreateConnection = (packet: Buffer): boolean => packet[0] === 1 && packet.readUInt16LE(1) === 0x200d;

  async function tapped(before: (tap: Tap, air: VirtualRadio) => void = () => undefined) {
    const air = await startRadio({ world, listen: `unix:${at('hci')}` });
    tidy.push(() => air.close());
    let toHub: Socket | undefined;
    let handle = -1;
    const sent: string[] = [];
    const tap: Tap = {
      passes: (packet) => [packet],
      onSent: () => undefined,
      inject: (packet) => toHub?.write(packet),
      sent,
      connection: () => handle,
    };
    await serve(at('tap'), (hub) => {
      toHub = hub;
      const controller = connect(at('hci'));
      const { push } = packetiser();
      hub.on('data', (piece: Buffer) => {
        sent.push(piece.toString('hex'));
        tap.onSent(piece);
        controller.write(piece);
      });
      controller.on('data', (piece: Buffer) => {
        for (const packet of push(piece).packets) {
          if (isConnectionComplete(packet)) handle = packet.readUInt16LE(5);
          hub.write(Buffer.concat(tap.passes(packet)));
        }
      });
      controller.on('error', () => undefined).on('close', () => hub.destroy());
      hub.on('close', () => controller.destroy());
    });
    const device = air.addPeripheral({
      address: ADDRESS,
      name: 'NL',
      advertises: ['1822'],
      services: [{ uuid: '1822', characteristics: [{ uuid: '2a5e', properties: ['indicate'] }] }],
    });
    device.advertise(true);
    before(tap, air);
    openLink(at('tap'));
    return { tap, device, air };
  }

  const isUp = (): boolean => told.order.lastIndexOf('up') > told.order.lastIndexOf('down');

  test('a device that answers nothing is let go after its time limit, and up once it answers', async () => {
    const { tap, device } = await tapped((one) => {
      one.passes = (packet) => (isAcl(packet) ? [] : [packet]);
    });
    await until(world, 'down', () => told.downs.length === 1, 30_000);
    expect(told.downs).toEqual(['the discovery of its services took too long']);
    await until(world, 'let go', () => !device.connected, 1_000);
    tap.passes = (packet) => [packet];
    await until(world, 'up', isUp);
  });

  test('a read that is never answered fails, and the device is let go', async () => {
    const { tap, device } = await tapped();
    await until(world, 'up', isUp);
    tap.passes = (packet) => (isAcl(packet) ? [] : [packet]);
    await expect(settled(world, opened.read('2a5e'))).rejects.toThrow('reading 2a5e took too long');
    await until(world, 'let go', () => !device.connected, 1_000);
    expect(told.downs).toEqual(['reading 2a5e took too long']);
  });

  test('the last answer on the way up and the end of the connection in one piece: not left up', async () => {
    const { tap } = await tapped((one) => {
      // Write Response: the subscription.
      one.passes = (packet) => (isAcl(packet) && packet[9] === 0x13 ? [packet, ended(one.connection())] : [packet]);
    });
    await until(world, 'down', () => told.downs.length === 1);
    await pass(world, 100);
    expect(isUp()).toBe(false);
    tap.passes = (packet) => [packet];
  });

  test('two links see one device many times at once: only one of them gets it', async () => {
    const isReport = (packet: Buffer): boolean => packet[0] === 4 && packet[1] === 0x3e && packet[3] === 2;
    await tapped((one) => {
      one.passes = (packet) => (isReport(packet) ? [packet, packet, packet] : [packet]);
    });
    await settled(world, opened.close());
    const both = [recorder(), recorder()];
    for (const one of both) radio?.link({ driverLink: link.driverLink, recognises: () => true }).open(one);
    await until(world, 'one up', () => both.some(({ ups }) => ups.length === 1));
    await pass(world, 5_000);
    expect(both.map(({ order }) => order).sort()).toEqual([[], ['up']]);
  });

  test('a device that is gone when we connect: given up after 20 s, up when it is back', async () => {
    let once = true;
    const { air } = await tapped((tap, inAir) => {
      tap.onSent = (packet) => {
        if (once && isCreateConnection(packet)) inAir.setInRange(ADDRESS, false);
      };
    });
    await until(world, 'down', () => told.downs.length === 1, 30_000);
    expect(told.downs).toEqual(['connecting to the device took longer than 20 s']);
    expect(events).toEqual([{ name: 'radio-up' }]);
    once = false;
    air.setInRange(ADDRESS, true);
    await until(world, 'up', isUp);
  });

  test('a controller that does not say how a connection went is started anew', async () => {
    const { tap } = await tapped((one) => {
      one.passes = (packet) => (isConnectionComplete(packet) ? [] : [packet]);
    });
    await until(world, 'radio down', () => events.some(({ name }) => name === 'radio-down'), 60_000);
    expect(events[1]?.cause).toBe('giving up a connection took longer than 5 s');
    tap.passes = (packet) => [packet];
    await until(world, 'up', isUp, 120_000);
  });

  test('an indication and the end of its connection in one piece: nothing escapes', async () => {
    const { tap } = await tapped();
    await until(world, 'up', isUp);
    const handle = tap.connection();
    tap.inject(Uint8Array.from([...pdu(handle, [0x1d, 0xee, 0x00, 1]), ...ended(handle)]));
    await until(world, 'down', () => told.downs.length === 1);
    expect(told.downs).toEqual(['device ended the connection']);
    expect(events).toEqual([{ name: 'radio-up' }]);
  });

  test('a device that indicates without end is followed up to a bound, and none is confirmed unkept', async () => {
    told = recorder({ keep: false });
    const { tap, device } = await tapped();
    await until(world, 'up', isUp);
    const done: boolean[] = [];
    device.indicate('2a5e', Uint8Array.of(1)).then((confirmed) => done.push(confirmed));
    await until(world, 'first', () => told.frames.length === 1);
    tap.sent.length = 0;
    for (let at = 0; at < 50; at++) tap.inject(pdu(tap.connection(), [0x1d, 0xee, 0x00, at]));
    await until(world, 'refused', () => events.some(({ cause }) => cause?.includes('without waiting') === true));
    await pass(world, 1_000);
    expect(tap.sent).toEqual([]);
    expect(done).toEqual([]);
  });

  const pdu = (handle: number, body: readonly number[]): Uint8Array =>
    Uint8Array.from([2, handle & 255, (handle >> 8) | 0x20, body.length + 4, 0, body.length, 0, 4, 0, ...body]);

  test('an indication that nobody takes is confirmed at once', async () => {
    const { tap } = await tapped();
    await until(world, 'up', isUp);
    tap.sent.length = 0;
    tap.inject(pdu(tap.connection(), [0x1d, 0xee, 0x00, 1]));
    await until(world, 'confirmed', () => tap.sent.some((packet) => packet.endsWith('010004001e')), 1_000);
    expect(told.frames).toEqual([]);
  });

  test('whatever it sends, nothing escapes: the hub goes on or says what is wrong', async () => {
    const { tap, device } = await tapped();
    await until(world, 'up', isUp);
    const random = (below: number): number => Math.floor(world.random() * below);
    for (let round = 0; round < 300; round++) {
      const body = Array.from({ length: random(12) }, () => random(256));
      const code = [0x05, 0x08, 0x0e, 0x0f, 0x13, 0x3e][random(6)] ?? 0;
      if (round % 2 === 0) tap.inject(Uint8Array.from([4, code, body.length, ...body]));
      else tap.inject(pdu(round % 3 === 0 ? tap.connection() : random(0x0fff), body));
      await world.advance(20);
    }
    expect(events.some(({ name }) => name === 'radio-packet-refused')).toBe(true);
    expect(events.length).toBeLessThan(100);
    device.disconnect();
    await until(world, 'up in the end', isUp, 1_200_000);
  });
});
