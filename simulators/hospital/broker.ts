/** An MQTT broker inside this process, for demonstrations and tests on a machine that has no other. */
import type { AddressInfo, Server, Socket } from 'node:net';
import { createServer } from 'node:net';
import { Aedes } from 'aedes';

export interface Broker {
  /** What a client connects to, such as mqtt://127.0.0.1:41883. */
  readonly url: string;
  /** The highest version it speaks. */
  readonly mqtt: '3.1.1' | '5.0';
  /** Cuts every connection and takes no new one. */
  goAway(): Promise<void>;
  /** Listens again on the same port. */
  comeBack(): Promise<void>;
  stop(): Promise<void>;
}

/** Listens on loopback; port 0 takes a free one. Sessions and retained messages outlive goAway, not stop. */
export async function startBroker({ port = 0 }: { readonly port?: number } = {}): Promise<Broker> {
  const aedes = await Aedes.createBroker();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    aedes.handle(socket);
  });
  const taken = await listen(server, port);

  async function goAway(): Promise<void> {
    if (!server.listening) return;
    const gone = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.destroy();
    await gone;
  }

  return {
    url: `mqtt://127.0.0.1:${taken}`,
    mqtt: '3.1.1',
    goAway,
    comeBack: async () => {
      if (!server.listening) await listen(server, taken);
    },
    stop: async () => {
      await goAway();
      await new Promise<void>((resolve) => aedes.close(resolve));
    },
  };
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve(portOf(server.address()));
    });
  });
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return address.port;
}
