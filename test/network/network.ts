/** A network that misbehaves when told to: stands between a client and a server on this machine and carries their bytes. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { unreachable } from '../../agent/reading/unreachable.ts';
import type { World } from '../../agent/world.ts';

/** What the network does, from now on, to every connection. */
export type Weather =
  | { readonly is: 'clear' }
  /** Nobody listens; open connections are reset. */
  | { readonly is: 'refusing' }
  /** Connections stand, and what is sent disappears: half-open. Those that were swallowed never speak again. */
  | { readonly is: 'swallowing' }
  /** Each piece arrives so much later, and up to the jitter later still; order is kept. */
  | { readonly is: 'slow'; readonly delayMs: number; readonly jitterMs: number }
  | { readonly is: 'narrow'; readonly bytesPerSecond: number };

export interface Network {
  readonly port: number;
  /** How an MQTT client names it. */
  readonly url: string;
  set(weather: Weather): Promise<void>;
  /** Resets every connection, as a pulled cable does in the end: no goodbye from anybody. */
  cut(): void;
  /** Lets so many more bytes through from the client, then cuts: in the middle of a packet, mostly. */
  cutAfter(bytes: number): void;
  close(): Promise<void>;
}

export interface NetworkOptions {
  readonly world: World;
  /** Of the server on this machine. */
  readonly port: number;
}

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
  /** Half-open for good. */
  swallowed: boolean;
}

export async function openNetwork({ world, port: to }: NetworkOptions): Promise<Network> {
  const pairs = new Set<Pair>();
  let weather: Weather = { is: 'clear' };
  let bytesLeft = Number.POSITIVE_INFINITY;
  let server: Server | undefined = accept();
  const port = await listening(server, 0);

  function accept(): Server {
    return createServer({ noDelay: true }, (client) => {
      const outer = connect({ port: to, host: '127.0.0.1', noDelay: true });
      const pair: Pair = { client, server: outer, swallowed: weather.is === 'swallowing' };
      pairs.add(pair);
      carry(pair, client, outer);
      carry(pair, outer, client);
    });
  }

  /** Pieces wait in one queue, so that none overtakes another when the weather changes. */
  function carry(pair: Pair, from: Socket, into: Socket): void {
    const queue: { readonly dueMs: number; readonly bytes: Buffer }[] = [];
    let freeAtMs = 0;

    function deliver(): void {
      for (let head = queue[0]; head; head = queue[0]) {
        const waitMs = head.dueMs - world.monotonicMs();
        if (waitMs > 0) return void world.after(waitMs, deliver);
        queue.shift();
        give(pair, from, into, head.bytes);
      }
    }
    from.on('data', (bytes: Buffer) => {
      freeAtMs = Math.max(freeAtMs, world.monotonicMs() + latencyMs()) + transferMs(bytes.length);
      queue.push({ dueMs: freeAtMs, bytes });
      if (queue.length === 1) deliver();
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      pairs.delete(pair);
      into.destroy();
    });
  }

  function give(pair: Pair, from: Socket, into: Socket, bytes: Buffer): void {
    if (into.destroyed || pair.swallowed) return;
    if (from !== pair.client || bytes.length <= bytesLeft) {
      if (from === pair.client) bytesLeft -= bytes.length;
      into.write(bytes);
      return;
    }
    into.write(bytes.subarray(0, bytesLeft), cut);
    pair.swallowed = true;
    bytesLeft = Number.POSITIVE_INFINITY;
  }

  function latencyMs(): number {
    return weather.is === 'slow' ? weather.delayMs + world.random() * weather.jitterMs : 0;
  }

  function transferMs(bytes: number): number {
    return weather.is === 'narrow' ? (bytes * 1000) / weather.bytesPerSecond : 0;
  }

  function cut(): void {
    for (const { client, server: outer } of pairs) {
      client.resetAndDestroy();
      outer.resetAndDestroy();
    }
  }

  async function set(next: Weather): Promise<void> {
    weather = next;
    switch (next.is) {
      case 'refusing':
        server?.close();
        server = undefined;
        cut();
        return;
      case 'swallowing':
        for (const pair of pairs) pair.swallowed = true;
        break;
      case 'clear':
      case 'slow':
      case 'narrow':
        break;
      default:
        unreachable(next);
    }
    if (server) return;
    server = accept();
    await listening(server, port);
  }

  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    set,
    cut,
    cutAfter: (bytes) => {
      bytesLeft = bytes;
    },
    close: async () => {
      server?.close();
      cut();
    },
  };
}

async function listening(server: Server, port: number): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return address.port;
}
