/** The door of the virtual radio: each H4 connection that arrives is one more controller in the air. */
import type { Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { createController, removeController, takePacket } from './controller.ts';
import type { AclLimits, Air, Controller } from './controller-state.ts';
import { createH4Reader } from './h4.ts';
import { eventCode, eventPacket, packetType } from './hci.ts';
import { resume } from './link.ts';

/** Octets written and not yet read by the host, beyond which the controller holds data back and reads no commands. */
const congestedAt = 64 * 1024;
/** RFC 7042 2.1.2: 00:00:5e:00:53:xx is for documentation and never a real device's. */
const addressBlock = '00:00:5e:00:53:';
const hostLimit = 64;
/** How strongly an attached host's controller is received, dBm. */
const defaultRssi = -50;
/** Vol 4 Part E 7.7.16: the codes are the vendor's; this one says "lost step with the host". */
const outOfStep = 0x01;

export interface H4ServerOptions {
  readonly air: Air;
  /** unix:/path, or tcp:host:port where port 0 takes any free one. */
  readonly listen: string;
  readonly acl: AclLimits;
  /** Told why a host was turned away. */
  readonly fault: (reason: string) => void;
}

export interface H4Server {
  /** h4:unix:/path or h4:tcp:host:port, as settings name it. */
  readonly address: string;
  close(): Promise<void>;
}

export async function startH4Server(options: H4ServerOptions): Promise<H4Server> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    attach(options, socket);
  });
  const address = await listen(server, options.listen);
  return {
    address,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function attach(options: H4ServerOptions, socket: Socket): void {
  const { air, acl, fault } = options;
  const address = freeAddress(air);
  if (address === undefined) {
    fault(`more than ${hostLimit} hosts`);
    socket.destroy();
    return;
  }
  const congested = (): boolean => socket.writableLength > congestedAt;
  const send = (packet: Buffer): void => {
    if (socket.writable) socket.write(packet);
  };
  const controller = createController(air, address, { send, congested }, acl, defaultRssi);
  const accepts = [packetType.command, packetType.acl];
  const packet = (bytes: Buffer): void => takePacket(controller, bytes);
  const reader = createH4Reader({ accepts, aclLength: acl.length, packet });
  socket.on('data', (chunk) => {
    const reason = reader.push(chunk);
    if (reason !== undefined) turnAway(socket, reason, fault);
    else if (congested()) socket.pause();
  });
  keepInStep(socket, controller);
}

function keepInStep(socket: Socket, controller: Controller): void {
  socket.setNoDelay(true);
  socket.on('drain', () => {
    socket.resume();
    resume(controller);
  });
  // A reset connection is followed by 'close', which is where it counts.
  socket.on('error', () => undefined);
  socket.on('close', () => removeController(controller));
}

function turnAway(socket: Socket, reason: string, fault: (reason: string) => void): void {
  fault(reason);
  socket.removeAllListeners('data');
  socket.end(eventPacket(eventCode.hardwareError, [outOfStep]), () => socket.destroy());
}

function freeAddress(air: Air): string | undefined {
  const candidates = Array.from(
    { length: hostLimit },
    (_, at) => addressBlock + (at + 1).toString(16).padStart(2, '0'),
  );
  return candidates.find((candidate) => !air.controllers.has(candidate));
}

function listen(server: Server, where: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const path = /^unix:(.+)$/.exec(where)?.[1];
    const [, host, port] = /^tcp:(.+):(\d+)$/.exec(where) ?? [];
    if (path !== undefined) server.listen(path, () => resolve(`h4:unix:${path}`));
    else if (host !== undefined && port !== undefined) {
      server.listen(Number(port), host, () => resolve(`h4:tcp:${host}:${boundPort(server)}`));
    } else reject(new RangeError(`a radio listens on unix:/path or tcp:host:port, not "${where}"`));
  });
}

function boundPort(server: Server): number {
  const bound = server.address();
  return typeof bound === 'object' && bound !== null ? bound.port : 0;
}
