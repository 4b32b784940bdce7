/** The two peers as gateways of one kind: lines come in over TCP, publishes of QoS 1 go out to the broker. */
import { copyFileSync, createReadStream, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { packageRoot } from '../../../agent/settings/package-root.ts';
import { freePort } from '../../../simulators/hospital/free-port.ts';
import { type Child, launch } from '../child.ts';
import { TOPIC_ROOT } from '../hub.ts';
import type { PeerFolder } from './install.ts';

export interface Gateway {
  readonly name: string;
  /** Starts it on a folder of its own; it may be killed and started again on the same one. */
  start(peers: PeerFolder, folder: string, brokerPort: number): Promise<Started>;
}

export interface Started {
  readonly child: Child;
  /** Where lines go in. */
  readonly port: number;
}

const TOPIC = `${TOPIC_ROOT}/up/reading`;
const LEVEL_STORE = 'level-store-gateway.mjs';
const UP_WITHIN_MS = 60_000;

export const levelStore: Gateway = {
  name: 'mqtt.js + mqtt-level-store',
  start: async (peers, folder, brokerPort) => {
    const program = join(peers.path, LEVEL_STORE);
    copyFileSync(join(packageRoot(), 'test/bench/peers', LEVEL_STORE), program);
    mkdirSync(folder, { recursive: true });
    const port = await freePort();
    const words = [`mqtt://127.0.0.1:${brokerPort}`, TOPIC, join(folder, 'store'), String(port)];
    const child = launch([process.execPath, program, ...words]);
    await child.line(/^listening/, UP_WITHIN_MS);
    return { child, port };
  },
};

export const nodeRed: Gateway = {
  name: 'Node-RED',
  start: async (peers, folder, brokerPort) => {
    const [port, uiPort] = [await freePort(), await freePort()];
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'settings.cjs'), `module.exports = ${JSON.stringify(settings(folder, uiPort))};\n`);
    writeFileSync(join(folder, 'flow.json'), JSON.stringify(flow(port, brokerPort)));
    const program = join(peers.path, 'node_modules/node-red/red.js');
    const child = launch([process.execPath, program, '--settings', join(folder, 'settings.cjs'), '--userDir', folder]);
    await child.line(/Started flows/, UP_WITHIN_MS);
    return { child, port };
  },
};

function settings(folder: string, uiPort: number): object {
  return {
    uiHost: '127.0.0.1',
    uiPort,
    httpAdminRoot: false,
    userDir: folder,
    flowFile: 'flow.json',
    logging: { console: { level: 'info', metrics: false, audit: false } },
  };
}

/** A TCP server that cuts lines, and MQTT out with QoS 1: the shortest flow there is. */
function flow(port: number, brokerPort: number): readonly object[] {
  return [
    { id: 'flow', type: 'tab', label: 'bench' },
    {
      id: 'broker',
      type: 'mqtt-broker',
      broker: '127.0.0.1',
      port: String(brokerPort),
      clientid: 'peer-node-red',
      autoConnect: true,
      usetls: false,
      protocolVersion: '4',
      keepalive: '60',
      cleansession: false,
    },
    {
      id: 'in',
      type: 'tcp in',
      z: 'flow',
      server: 'server',
      host: '',
      port: String(port),
      datamode: 'stream',
      datatype: 'utf8',
      newline: '\\n',
      topic: '',
      trim: false,
      base64: false,
      tls: '',
      wires: [['out']],
    },
    { id: 'out', type: 'mqtt out', z: 'flow', topic: TOPIC, qos: '1', retain: 'false', broker: 'broker', wires: [] },
  ];
}

/** All lines of a file into a gateway; resolves when the last was handed to its socket. */
export async function feed(port: number, file: string): Promise<void> {
  await pipeline(createReadStream(file), connect({ port, host: '127.0.0.1' }));
}
