/** Serial links against a real pseudo-terminal and a real TCP server: unplugged, plugged in again, taken, absent. */
import { mkdtempSync, readlinkSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Link } from '../../agent/link/link.ts';
import { serialLink } from '../../agent/link/serial-link.ts';
import { portName, portTrouble, type SerialSpec } from '../../agent/link/serial-port.ts';
import type { SerialEnd } from '../../simulators/devices/contract.ts';
import { openPty } from '../../simulators/serial/pty.ts';
import { type VirtualWorld, virtualWorld } from '../virtual-world.ts';
import { pass, type Recorder, recorder, settled, until } from './bench.ts';

const spec: SerialSpec = {
  kind: 'serial',
  baudRate: 19_200,
  dataBits: 8,
  parity: 'none',
  stopBits: 1,
  framing: { kind: 'delimited', start: 2, end: 3, maxBytes: 64 },
};
const everyByte = Uint8Array.from({ length: 256 }, (_, at) => at);

let world: VirtualWorld;
let folder: string;
let links: Link[];
let ends: SerialEnd[];

beforeEach(() => {
  world = virtualWorld();
  folder = mkdtempSync(join(tmpdir(), 'hjemmebro-serial-'));
  links = [];
  ends = [];
});

afterEach(async () => {
  for (const link of links) await settled(world, link.close());
  for (const end of ends) end.close();
  rmSync(folder, { recursive: true, force: true });
});

function open(port: string, told: Recorder = recorder()): { link: Link; told: Recorder } {
  const link = serialLink({ world, driverLink: spec, port });
  links.push(link);
  link.open(told);
  return { link, told };
}

const heardBy = ({ frames }: Recorder): number[] => frames.flatMap(({ bytes }) => [...bytes]);

describe('a tty', () => {
  const port = (): string => join(folder, 'ttyUSB0');

  /** As udev does: a name that leads to the device. */
  async function plugIn(): Promise<SerialEnd & { readonly heard: number[] }> {
    const end = await openPty();
    ends.push(end);
    symlinkSync(end.path, port());
    const heard: number[] = [];
    end.onBytes((bytes) => heard.push(...bytes));
    return { ...end, heard };
  }

  function unplug(end: SerialEnd): void {
    end.close();
    unlinkSync(port());
  }

  test('every byte passes both ways unchanged', async () => {
    const device = await plugIn();
    const { link, told } = open(port());
    await expect(link.write('serial', everyByte)).rejects.toThrow('not open');
    await until(world, 'up', () => told.ups.length === 1);
    expect(told.ups).toEqual([{ channels: ['serial'], about: {} }]);
    await settled(world, link.write('serial', everyByte));
    await until(world, 'device heard', () => device.heard.length === 256);
    expect(device.heard).toEqual([...everyByte]);
    device.write(everyByte);
    await until(world, 'hub heard', () => heardBy(told).length === 256);
    expect(heardBy(told)).toEqual([...everyByte]);
    expect(new Set(told.frames.map(({ channel }) => channel))).toEqual(new Set(['serial']));
    await expect(link.write('2a9d', everyByte)).rejects.toThrow('no channel 2a9d');
    await expect(link.read('serial')).rejects.toThrow('cannot be read');
  });

  test('unplugged and plugged in again: down with the cause, up, and the bytes flow', async () => {
    const { link, told } = open(port(), recorder());
    for (let round = 1; round <= 3; round++) {
      const device = await plugIn();
      await until(world, 'up', () => told.ups.length === round);
      device.write(Uint8Array.of(round));
      await until(world, 'heard', () => heardBy(told).length === round);
      unplug(device);
      await until(world, 'down', () => told.downs.filter((cause) => cause.includes('was unplugged')).length === round);
      await expect(link.write('serial', Uint8Array.of(1))).rejects.toThrow();
      await pass(world, 12_000);
    }
    expect(heardBy(told)).toEqual([1, 2, 3]);
  });

  test('a write to a line that just went fails with the cause, and ends the line', async () => {
    const device = await plugIn();
    const { link, told } = open(port());
    await until(world, 'up', () => told.ups.length === 1);
    unplug(device);
    await expect(settled(world, link.write('serial', everyByte))).rejects.toThrow(
      /port .*ttyUSB0 (failed|was unplugged)/,
    );
    await until(world, 'down', () => told.downs.length > 0);
  });

  test('another device under the same name is noticed, though the first never said goodbye', async () => {
    const first = await plugIn();
    const { told } = open(port());
    await until(world, 'up', () => told.ups.length === 1);
    unlinkSync(port());
    const second = await plugIn();
    expect(readlinkSync(port())).not.toBe(first.path);
    await until(world, 'down', () => told.downs.length === 1, 5_000);
    await until(world, 'up again', () => told.ups.length === 2);
    second.write(Uint8Array.of(9));
    await until(world, 'heard', () => heardBy(told).length === 1);
  });

  test('a port that is not there: told once with what to do, and found when it comes', async () => {
    const { told } = open(port());
    await until(world, 'down', () => told.downs.length === 1);
    await pass(world, 60_000);
    expect(told.downs.length).toBe(1);
    expect(told.downs[0]).toMatch(
      /^no such port .*ttyUSB0; plug the cable in or correct devices\[\.\.\]\.port; ports present: /,
    );
    await plugIn();
    await until(world, 'up', () => told.ups.length === 1);
  });

  test('is ours alone: a second link is told that it is in use', async () => {
    await plugIn();
    const one = open(port());
    await until(world, 'up', () => one.told.ups.length === 1);
    const two = open(port());
    await until(world, 'down', () => two.told.downs.length === 1);
    expect(two.told.downs[0]).toContain('in use by another program');
    await settled(world, one.link.close());
    await until(world, 'up', () => two.told.ups.length === 1);
    expect(one.told.order).toEqual(['up']);
  });

  test('the hub lets go and comes back', async () => {
    await plugIn();
    const { link, told } = open(port());
    await until(world, 'up', () => told.ups.length === 1);
    for (let rest = 2; rest < 8; rest++) {
      await link.hangUp();
      await until(world, 'up again', () => told.ups.length === rest, 1_500);
    }
    expect(new Set(told.downs)).toEqual(new Set(['the hub let go of the device']));
  });

  test('something that is no tty', async () => {
    const { told } = open('/dev/null');
    await until(world, 'down', () => told.downs.length === 1);
    expect(told.downs[0]).toContain('/dev/null cannot be opened');
  });
});

describe('a serial device server', () => {
  let server: Server;
  let sockets: Socket[];

  const serve = (port = 0): Promise<number> =>
    new Promise((resolve) => {
      sockets = [];
      server = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
      server.listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
    });
  const shut = (): Promise<void> =>
    new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    });

  afterEach(shut);

  test('passes bytes both ways, goes, and is found again', async () => {
    const port = await serve();
    const { link, told } = open(`tcp:127.0.0.1:${port}`);
    await until(world, 'up', () => told.ups.length === 1);
    const heard: number[] = [];
    await until(world, 'accepted', () => sockets.length === 1);
    sockets[0]?.on('data', (piece: Buffer) => heard.push(...piece));
    await settled(world, link.write('serial', everyByte));
    sockets[0]?.write(everyByte);
    await until(world, 'both heard', () => heard.length === 256 && heardBy(told).length === 256);
    await shut();
    await until(world, 'down', () => told.downs.length > 0);
    expect(told.downs[0]).toContain('closed the connection');
    await pass(world, 5_000);
    expect(told.downs[1]).toMatch(/no serial device server answers at 127\.0\.0\.1:\d+ .*check its power and network/);
    await serve(port);
    await until(world, 'up again', () => told.ups.length === 2, 15_000);
  });

  test.each(['tcp:', 'tcp:host', 'tcp:host:0', 'tcp:host:70000', 'tcp:a:b:1'])('"%s" is refused', async (port) => {
    await serve();
    expect(() => serialLink({ world, driverLink: spec, port })).toThrow(/write tcp:host:port or the path of a tty/);
  });
});

test.each([
  ['Error: No such file or directory, cannot open /dev/ttyUSB3', /no such port .*; ports present: \/dev\/ttyS0$/],
  ["EACCES: permission denied, access '/dev/ttyUSB3'", /add the hjemmebro user to the dialout group/],
  ['Error: Permission denied, cannot open /dev/ttyUSB3', /add the hjemmebro user to the dialout group/],
  ['Error Resource temporarily unavailable Cannot lock port', /in use by another program/],
  ['Error: Input/output error', /cannot be opened: Error: Input\/output error/],
])('"%s" is told in words that help', (words, told) => {
  expect(portTrouble('/dev/ttyUSB3', new Error(words), ['/dev/ttyS0'])).toMatch(told);
});

test("a cable's serial number is struck out of its port's name", () => {
  expect(portName('/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_A50285BI-if00-port0')).toBe(
    '/dev/serial/by-id/usb-FTDI_FT232R_USB_UART_*-if00-port0',
  );
  expect(portName('/dev/ttyUSB0')).toBe('/dev/ttyUSB0');
});
