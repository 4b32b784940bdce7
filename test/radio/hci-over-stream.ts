/** Gives noble and bleno, unmodified, an HCI socket that is an H4 stream instead of the kernel's. */
import { EventEmitter } from 'node:events';
import { createRequire, Module } from 'node:module';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { createH4Reader } from '../../simulators/radio/h4.ts';
import { packetType } from '../../simulators/radio/hci.ts';

export const require = createRequire(import.meta.url);

/** Every noble and every bleno adds its own SIGINT and exit listeners to the process; tests make many. */
process.setMaxListeners(64);

/** What noble and bleno use of @abandonware/bluetooth-hci-socket. Each makes its own; the stream is attached afterwards. */
export class HciOverStream extends EventEmitter {
  /** Every socket made, in order: bleno makes one for the kernel's management channel and one for HCI. */
  static readonly made: HciOverStream[] = [];
  #stream: Socket | undefined;
  #management: ((packet: Buffer) => void) | undefined;
  readonly #arrived: Buffer[] = [];

  constructor() {
    super();
    HciOverStream.made.push(this);
  }

  attach(stream: Socket): void {
    this.#stream = stream;
    const accepts = [packetType.acl, packetType.event];
    const reader = createH4Reader({ accepts, aclLength: 0xffff, packet: (bytes) => this.#arrive(bytes) });
    stream.on('data', (chunk: Buffer) => {
      if (reader.push(chunk) !== undefined) stream.destroy();
    });
    stream.on('error', () => undefined);
  }

  /**
   * One packet per turn, as the kernel gives them: noble writes in promise callbacks, and one that is still waiting when
   * the disconnection is handled throws where nobody catches.
   */
  #arrive(packet: Buffer): void {
    if (this.#arrived.push(packet) === 1) setImmediate(() => this.#pass());
  }

  #pass(): void {
    const packet = this.#arrived[0];
    if (packet === undefined) return;
    this.emit('data', packet);
    this.#arrived.shift();
    if (this.#arrived.length > 0) setImmediate(() => this.#pass());
  }

  /** Takes what the host writes to the kernel's management channel. */
  manage(take: (packet: Buffer) => void): void {
    this.#management = take;
  }

  bindRaw(): number {
    return 0;
  }
  bindUser(): number {
    return 0;
  }
  bindControl(): number {
    return 0;
  }
  isDevUp(): boolean {
    return this.#stream !== undefined && !this.#stream.destroyed;
  }
  setFilter(): void {}
  start(): void {}
  stop(): void {}
  write(packet: Buffer): void {
    if (this.#management) this.#management(packet);
    else if (this.#stream?.writable) this.#stream.write(packet);
  }
}

/** Makes `require('@abandonware/bluetooth-hci-socket')` yield HciOverStream, so that its native part is never loaded. */
export function replaceNativeSocket(): void {
  const id = require.resolve('@abandonware/bluetooth-hci-socket');
  const replacement = new Module(id);
  Object.assign(replacement, { filename: id, loaded: true, exports: HciOverStream });
  require.cache[id] = replacement;
}

/** Opens what Radio.address names. */
export function openH4(address: string): Promise<Socket> {
  const path = /^h4:unix:(.+)$/.exec(address)?.[1];
  const [, host, port] = /^h4:tcp:(.+):(\d+)$/.exec(address) ?? [];
  const socket = path === undefined ? connect(Number(port), host ?? '') : connect(path);
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(socket));
    socket.once('error', reject);
  });
}
