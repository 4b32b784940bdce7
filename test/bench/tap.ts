/** A transparent wire between hub and broker that notes when each publish passed and when its acknowledgement came back. */
import { connect, createServer, type Socket } from 'node:net';
import { nowMs } from './clock.ts';
import { openPacketReader } from './mqtt-packets.ts';

export interface Published {
  readonly topic: string;
  readonly payload: Buffer;
  readonly sentMs: number;
  /** When the broker's PUBACK passed on its way to the hub; undefined before. */
  ackedMs: number | undefined;
}

export interface Tap {
  readonly url: string;
  /** Since the start or the last `clear`, in the order sent. */
  readonly published: readonly Published[];
  /** Forgets what was acknowledged. */
  clear(): void;
  close(): void;
}

/** Its own hop, some tens of microseconds each way, is part of what it measures. */
export async function openTap(brokerPort: number): Promise<Tap> {
  const sockets = new Set<Socket>();
  let published: Published[] = [];
  const server = createServer({ noDelay: true }, (hub) => {
    const broker = connect({ port: brokerPort, host: '127.0.0.1', noDelay: true });
    const version = { of: 4 };
    const [up, down] = [openPacketReader(version), openPacketReader(version)];
    const underWay = new Map<number, Published>();
    for (const socket of [hub, broker]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        hub.destroy();
        broker.destroy();
      });
    }
    hub.on('data', (bytes) => {
      broker.write(bytes);
      const sentMs = nowMs();
      for (const passed of up.push(bytes)) {
        if (passed.packet !== 'publish') continue;
        const { topic, payload } = passed;
        const note: Published = { topic, payload, sentMs, ackedMs: undefined };
        underWay.set(passed.id, note);
        published.push(note);
      }
    });
    broker.on('data', (bytes) => {
      hub.write(bytes);
      const ackedMs = nowMs();
      for (const passed of down.push(bytes)) {
        if (passed.packet !== 'puback') continue;
        const note = underWay.get(passed.id);
        underWay.delete(passed.id);
        if (note) note.ackedMs = ackedMs;
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return {
    url: `mqtt://127.0.0.1:${address.port}`,
    get published() {
      return published;
    },
    clear: () => {
      published = published.filter(({ ackedMs }) => ackedMs === undefined);
    },
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
