/** What a serial link needs of a line, be it a tty or a serial device server; and the line over TCP. */
import { connect } from 'node:net';
import type { World } from '../world.ts';
import { LinkError } from './link.ts';
import { causeOf, within } from './patience.ts';

export interface LineListener {
  bytes(piece: Uint8Array): void;
  /** Once: the line is of no more use. */
  gone(cause: string): void;
}

/** An open line. */
export interface Line {
  /** Resolves when the bytes have left the hub; rejects with a LinkError. */
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

export const OPEN_LIMIT_MS = 10_000;
export const WRITE_LIMIT_MS = 10_000;
const KEEP_ALIVE_MS = 10_000;

/** Reads 'tcp:host:port'; undefined for anything that does not begin so. Throws LinkError on a bad one. */
export function tcpPlace(port: string): { readonly host: string; readonly port: number } | undefined {
  if (!port.startsWith('tcp:')) return undefined;
  const parts = /^tcp:([^:]+|\[[0-9a-fA-F:]+\]):(\d{1,5})$/.exec(port);
  const number = Number(parts?.[2]);
  if (!parts?.[1] || number < 1 || number > 65_535) {
    throw new LinkError(`port "${port}" is not understood; write tcp:host:port or the path of a tty`);
  }
  return { host: parts[1].replace(/^\[|\]$/g, ''), port: number };
}

/** A serial device server. Keep-alive probes find out when it is gone without a word. */
export async function openTcp(
  world: World,
  place: { readonly host: string; readonly port: number },
  listener: LineListener,
  closing: AbortSignal,
): Promise<Line> {
  const name = `${place.host}:${place.port}`;
  const socket = connect({ ...place, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS });
  let cause: string | undefined;
  const lose = (why: string): void => {
    if (cause !== undefined) return;
    cause = why;
    socket.destroy();
    listener.gone(why);
  };
  try {
    const connected = new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    await within({ world, limitMs: OPEN_LIMIT_MS, what: 'connecting', gone: closing }, connected);
  } catch (error) {
    socket.destroy();
    throw new LinkError(
      `no serial device server answers at ${name} (${causeOf(error)}); check its power and network, or correct devices[..].port`,
    );
  }
  socket.on('error', (error) => lose(`the serial device server at ${name} failed: ${error.message}`));
  socket.on('close', () => lose(`the serial device server at ${name} closed the connection`));
  socket.on('data', (piece: Buffer) => listener.bytes(piece));
  return {
    async write(bytes) {
      if (cause !== undefined) throw new LinkError(cause);
      const sent = new Promise<void>((resolve, reject) => {
        socket.write(bytes, (error) => (error ? reject(new LinkError(error.message)) : resolve()));
      });
      await within({ world, limitMs: WRITE_LIMIT_MS, what: 'sending to the device' }, sent).catch((error: unknown) => {
        lose(causeOf(error));
        throw error;
      });
    },
    async close() {
      cause ??= 'the hub closed the line';
      socket.destroy();
    },
  };
}
