/** The other end of the uplink's wire: a real broker that can be stopped and started, and a hospital that listens and answers. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectSocket, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Aedes, type AedesOptions } from 'aedes';
import { connectAsync, type IPublishPacket, type MqttClient } from 'mqtt';
import { afterEach } from 'vitest';
import type { Pems } from '../../agent/uplink/mqtt-client.ts';
import { realWorld, type World } from '../../agent/world.ts';
import { freePort } from '../../simulators/hospital/free-port.ts';
import { type Network, openNetwork } from '../network/network.ts';

const endings: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

/** Called after the test, newest first. */
export function afterwards(end: () => Promise<void> | void): void {
  endings.push(end);
}

/** Debian puts it where users' PATH does not reach. */
const PATH = `${process.env['PATH']}:/usr/sbin`;
export const hasMosquitto = spawnSync('mosquitto', ['-h'], { env: { PATH } }).error === undefined;
if (!hasMosquitto && process.env['CI'] === 'true')
  throw new Error('mosquitto is missing: apt-get install -y mosquitto');
if (!hasMosquitto) process.stderr.write('mosquitto is not installed: what needs a broker is not tested\n');

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return address.port;
}

export interface TestBroker {
  readonly url: string;
  readonly port: number;
  start(): Promise<void>;
  /** SIGKILL, unless it is to say goodbye. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** SIGHUP: reads its lists again. */
  reload(): void;
}

/** mosquitto without persistence: a restart forgets every session and queue, as a broker in a container does. */
export async function mosquitto(lines: readonly string[] = [], acl?: string): Promise<TestBroker> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'hjemmebro-broker-'));
  const config = join(folder, 'mosquitto.conf');
  const aclLines = acl === undefined ? [] : [`acl_file ${join(folder, 'acl')}`];
  if (acl !== undefined) writeFileSync(join(folder, 'acl'), acl, { mode: 0o700 });
  const base = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence false',
    'max_queued_messages 1000000',
    'user root',
  ];
  writeFileSync(config, [...base, ...aclLines, ...lines, ''].join('\n'));
  let child: ChildProcess | undefined;
  const broker: TestBroker = {
    url: `mqtt://127.0.0.1:${port}`,
    port,
    start: async () => {
      child = spawn('mosquitto', ['-c', config], { env: { PATH }, stdio: 'ignore' });
      await listening(port, child);
    },
    stop: async (signal = 'SIGKILL') => {
      if (!child || child.exitCode !== null) return;
      child.kill(signal);
      await once(child, 'exit');
      child = undefined;
    },
    reload: () => void child?.kill('SIGHUP'),
  };
  afterwards(async () => {
    await broker.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  return broker;
}

async function listening(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error(`mosquitto ended with ${child.exitCode}`);
    const socket = connectSocket(port, '127.0.0.1');
    const isUp = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('mosquitto does not listen');
}

/** A broker that has 3.1.1 only. */
export async function aedes(options: AedesOptions = {}): Promise<{ readonly url: string; readonly port: number }> {
  const broker = await Aedes.createBroker(options);
  const server = createServer(broker.handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterwards(
    () =>
      new Promise<void>((resolve) => {
        broker.close(() => server.close(() => resolve()));
      }),
  );
  return { url: `mqtt://127.0.0.1:${portOf(server)}`, port: portOf(server) };
}

export const hasOpenssl = spawnSync('openssl', ['version']).status === 0;
if (!hasOpenssl) process.stderr.write('openssl is not installed: certificates are not tested\n');

export interface Certificates {
  /** What this hub needs. */
  readonly client: Pems;
  /** Another authority, which signed nothing. */
  readonly server: { readonly ca: string };
  /** What the broker needs, as lines of its settings. */
  readonly lines: readonly string[];
  /** Takes the hub's certificate back: from now on it is in the file that `crlfile` of the lines names. */
  revoke(): void;
}

/** A fresh authority with a certificate for a broker on 127.0.0.1 and one for a hub. */
export function certificates(hub: string): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'hjemmebro-tls-'));
  afterwards(() => rmSync(folder, { recursive: true, force: true }));
  const at = (name: string): string => join(folder, name);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const make = (name: string, subject: string, ...more: readonly string[]): void => {
    const out = ['-keyout', at(`${name}.key`), '-out', at(`${name}.pem`)];
    execFileSync('openssl', ['req', '-x509', ...key, ...out, '-subj', subject, ...more], { stdio: 'ignore' });
  };
  const signed = ['-CA', at('ca.pem'), '-CAkey', at('ca.key')];
  make('ca', '/CN=test authority');
  make('stranger', '/CN=another authority');
  make(
    'broker',
    '/CN=broker',
    ...signed,
    '-addext',
    'subjectAltName=IP:127.0.0.1',
    '-addext',
    'basicConstraints=critical,CA:FALSE',
  );
  make('hub', `/CN=${hub}`, ...signed, '-addext', 'basicConstraints=critical,CA:FALSE');
  const read = (name: string): string => readFileSync(at(name), 'utf8');
  const authority = (...args: readonly string[]): void => {
    const who = ['-config', at('authority'), '-cert', at('ca.pem'), '-keyfile', at('ca.key')];
    execFileSync('openssl', ['ca', ...who, ...args], { stdio: 'ignore' });
  };
  const list = (): void => authority('-gencrl', '-out', at('revoked.pem'));
  writeFileSync(at('index'), '');
  writeFileSync(at('number'), '01');
  const settings = [
    '[ca]',
    'default_ca = one',
    '[one]',
    `database = ${at('index')}`,
    `crlnumber = ${at('number')}`,
    'default_md = sha256',
    'default_crl_days = 2',
    '',
  ];
  writeFileSync(at('authority'), settings.join('\n'));
  list();
  return {
    revoke: () => {
      authority('-revoke', at('hub.pem'));
      list();
    },
    client: { ca: read('ca.pem'), cert: read('hub.pem'), key: read('hub.key') },
    server: { ca: read('stranger.pem') },
    lines: [
      `cafile ${at('ca.pem')}`,
      `certfile ${at('broker.pem')}`,
      `keyfile ${at('broker.key')}`,
      `crlfile ${at('revoked.pem')}`,
    ],
  };
}

/** A network that can be cut, in front of a broker. */
export async function proxy(port: number): Promise<Network> {
  const opened = await openNetwork({ world: realWorld(), port });
  afterwards(opened.close);
  return opened;
}

export interface Heard {
  readonly topic: string;
  readonly text: string;
  readonly retained: boolean;
  readonly packet: IPublishPacket;
}

export interface Hospital {
  readonly client: MqttClient;
  readonly heard: Heard[];
  /** Sequence numbers of the entries that came, in the order they came. */
  seqs(): number[];
  on(topic: string): Heard[];
  say(topic: string, message: unknown, properties?: IPublishPacket['properties']): Promise<void>;
}

/** Listens to everything of one hub with a session of its own, as a hospital's application does. */
export async function hospital(url: string, hub: string, version: 4 | 5 = 5, name = 'hospital'): Promise<Hospital> {
  const heard: Heard[] = [];
  const client = await connectAsync(url, {
    protocolVersion: version,
    clientId: `${name}-${hub}`,
    clean: false,
    reconnectPeriod: 20,
    ...(version === 5 ? { properties: { sessionExpiryInterval: 3600 } } : {}),
  });
  client.on('error', () => undefined);
  client.on('message', (topic, payload, packet) => {
    heard.push({ topic, text: payload.toString(), retained: packet.retain, packet });
  });
  await client.subscribeAsync(`hjemmebro/v1/${hub}/up/#`, { qos: 1 });
  afterwards(async () => {
    await client.endAsync(true);
  });
  return {
    client,
    heard,
    seqs: () => heard.filter(({ topic }) => isEntry(topic)).map(({ text }) => JSON.parse(text).seq),
    on: (topic) => heard.filter((message) => message.topic === `hjemmebro/v1/${hub}/up/${topic}`),
    say: async (topic, message, properties) => {
      const payload =
        typeof message === 'string' || message instanceof Uint8Array ? Buffer.from(message) : JSON.stringify(message);
      await client.publishAsync(`hjemmebro/v1/${hub}/down/${topic}`, payload, {
        qos: 1,
        ...(properties ? { properties } : {}),
      });
    },
  };
}

function isEntry(topic: string): boolean {
  return /\/up\/(reading|waveform|alert|gap|event)$/.test(topic);
}

/** Waits are twenty times shorter; nothing else differs from the machine's own clocks. */
export function hurriedWorld(): World {
  const world = realWorld();
  return { ...world, sleep: (ms, signal) => world.sleep(ms / 20, signal), after: (ms, fn) => world.after(ms / 20, fn) };
}
