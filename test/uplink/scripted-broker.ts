/** An MQTT 5 broker that does what a test says and no more: for what real brokers do seldom, or only in some versions. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { generate, type IPublishPacket, type Packet, parser } from 'mqtt-packet';
import { afterwards } from './broker.ts';

export interface ScriptedBroker {
  readonly url: string;
  /** Connections so far. */
  readonly connections: number;
  readonly published: IPublishPacket[];
  /** Ends the open connection with this reason code (MQTT 5.0, 3.14.2.1). */
  disconnect(reasonCode: number): void;
}

export interface Script {
  /** The reason code of each PUBACK; undefined for none at all. Left out, everything is taken. */
  readonly answer?: (packet: IPublishPacket) => number | undefined;
  readonly receiveMaximum?: number;
}

const OPTIONS = { protocolVersion: 5 } as const;

export async function scriptedBroker({ answer = () => 0, receiveMaximum = 100 }: Script = {}): Promise<ScriptedBroker> {
  let connections = 0;
  let open: Socket | undefined;
  const published: IPublishPacket[] = [];

  function reply(packet: Packet): Packet | undefined {
    switch (packet.cmd) {
      case 'connect':
        return { cmd: 'connack', reasonCode: 0, sessionPresent: false, properties: { receiveMaximum } };
      case 'subscribe':
        return { cmd: 'suback', messageId: packet.messageId ?? 0, granted: packet.subscriptions.map(({ qos }) => qos) };
      case 'pingreq':
        return { cmd: 'pingresp' };
      case 'publish': {
        published.push(packet);
        const reasonCode = packet.qos === 1 ? answer(packet) : undefined;
        return reasonCode === undefined ? undefined : { cmd: 'puback', messageId: packet.messageId ?? 0, reasonCode };
      }
      default:
        return undefined;
    }
  }

  const server = createServer((socket) => {
    connections += 1;
    open = socket;
    const read = parser(OPTIONS);
    read.on('packet', (packet: Packet) => {
      const answered = reply(packet);
      if (answered && socket.writable) socket.write(generate(answered, OPTIONS));
    });
    socket.on('data', (bytes) => read.parse(bytes));
    socket.on('error', () => undefined);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterwards(() => {
    open?.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return {
    url: `mqtt://127.0.0.1:${address.port}`,
    get connections() {
      return connections;
    },
    published,
    disconnect: (reasonCode) => open?.end(generate({ cmd: 'disconnect', reasonCode }, OPTIONS)),
  };
}
