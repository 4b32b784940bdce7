/** The simulators' one way onto MQTT: the hospital's subscriber, and the hubs that tests write by hand. */
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import type { Timer, World } from '../../agent/world.ts';

export type UserProperties = Readonly<Record<string, unknown>>;

export interface MqttOptions {
  readonly world: World;
  readonly url: string;
  /** Names the session that the broker keeps while this end is away. */
  readonly clientId: string;
  /** Subscribed again after each connection, QoS 1. */
  readonly topics: readonly string[];
  /** With the user properties of MQTT 5, where there are some. */
  onMessage(topic: string, payload: Uint8Array, properties: UserProperties): void;
  /** Called after each connection but the first. */
  onUp?(): void;
  /** Called when the connection is lost, not when it is closed. */
  onDown?(): void;
}

export interface MqttWire {
  /** QoS 1. Resolves when the broker has it; rejects while the broker is away. */
  publish(topic: string, payload: string, retain?: boolean): Promise<void>;
  close(): Promise<void>;
}

const RECONNECT_AFTER_MS = 200;
const SESSION_EXPIRY_S = 7 * 86_400;
/** CONNACK of a broker without MQTT 5: 3.1.1's "unacceptable protocol version", or 5's own code for it. */
const UNSUPPORTED_VERSION: readonly unknown[] = [1, 0x84];

/** MQTT 5, or 3.1.1 where the broker has no 5. Rejects when the broker cannot be reached; later losses are waited out. */
export async function openMqtt(options: MqttOptions): Promise<MqttWire> {
  const client = await dial(options);
  let retry: Timer | undefined;
  let closed = false;
  client.setMaxListeners(0); // one for each publish under way, and those are bounded by what a hub is told
  client.on('close', () => {
    if (closed) return;
    retry?.cancel();
    retry = options.world.after(RECONNECT_AFTER_MS, () => client.reconnect());
    options.onDown?.();
  });
  client.on('connect', () => {
    subscribe(client, options.topics).then(
      () => options.onUp?.(),
      () => undefined, // lost again: the next connection subscribes
    );
  });
  await subscribe(client, options.topics);
  return {
    publish: async (topic, payload, retain = false) => {
      if (!client.connected) throw new Error(`the broker at ${options.url} is away`);
      await publish(client, topic, payload, retain);
    },
    close: async () => {
      closed = true;
      retry?.cancel();
      await client.endAsync(!client.connected);
    },
  };
}

async function dial(options: MqttOptions): Promise<MqttClient> {
  try {
    const properties = { sessionExpiryInterval: SESSION_EXPIRY_S };
    return await dialOnce(options, { protocolVersion: 5, properties });
  } catch (error) {
    if (!isUnsupported(error)) throw unreachableBroker(options.url, error);
  }
  try {
    return await dialOnce(options, { protocolVersion: 4 });
  } catch (error) {
    throw unreachableBroker(options.url, error);
  }
}

/** The message listener is there before the first byte: a kept session speaks at once. */
function dialOnce({ url, clientId, onMessage }: MqttOptions, version: IClientOptions): Promise<MqttClient> {
  const client = connect(url, {
    clientId,
    clean: false,
    reconnectPeriod: 0, // the world decides when to try again
    resubscribe: false,
    connectTimeout: 10_000,
    ...version,
  });
  client.on('message', (topic, payload, packet) => onMessage(topic, payload, packet.properties?.userProperties ?? {}));
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      client.end(true);
      reject(error);
    };
    const closed = (): void => fail(new Error('connection closed'));
    client.on('error', fail);
    client.once('close', closed);
    client.once('connect', () => {
      client.off('error', fail);
      client.off('close', closed);
      client.on('error', () => undefined); // always followed by close
      resolve(client);
    });
  });
}

function isUnsupported(error: unknown): boolean {
  return error instanceof Error && 'code' in error && UNSUPPORTED_VERSION.includes(error.code);
}

function unreachableBroker(url: string, error: unknown): Error {
  const why = error instanceof Error ? error.message : String(error);
  return new Error(`cannot connect to the broker at ${url}: ${why}; is it running, and is the port right?`);
}

/** Rejects when the connection ends before the broker has it; MQTT.js alone would let it wait for a connection that may never come. */
function publish(client: MqttClient, topic: string, payload: string, retain: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const lost = (): void => reject(new Error('the connection was lost on the way'));
    client.once('close', lost);
    client.publish(topic, payload, { qos: 1, retain }, (error) => {
      client.off('close', lost);
      if (error) reject(error);
      else resolve();
    });
  });
}

async function subscribe(client: MqttClient, topics: readonly string[]): Promise<void> {
  if (topics.length > 0) await client.subscribeAsync([...topics], { qos: 1 });
}
