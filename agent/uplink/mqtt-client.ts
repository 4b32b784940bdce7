/** The only place that knows MQTT.js: one connection to one broker, told apart from the next. Nothing is queued in here. */
import { Socket } from 'node:net';
import {
  connect,
  type ErrorWithReasonCode,
  type IClientOptions,
  type IPublishPacket,
  type MqttClient,
  ReasonCodes,
} from 'mqtt';
import type { World } from '../world.ts';
import { openPublisher, PACKET_IDS_MOST } from './publisher.ts';

export type Protocol = 4 | 5;

export interface Pems {
  readonly ca: string | Uint8Array;
  readonly cert: string | Uint8Array;
  readonly key: string | Uint8Array;
}

export interface Message {
  readonly topic: string;
  readonly payload: string | Uint8Array;
  readonly retain?: boolean;
  /** 0 for counters that are of no use later; default 1. */
  readonly qos?: 0 | 1;
  /** Names and values in turn. MQTT 5 only; a 3.1.1 broker gets topic and payload. */
  readonly userProperties?: readonly string[];
  readonly correlationData?: Uint8Array;
}

export interface Incoming {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly responseTopic?: string;
  readonly correlationData?: Uint8Array;
}

export interface Dial {
  readonly world: World;
  /** mqtts://host:8883 or mqtt://host:1883. */
  readonly url: string;
  readonly clientId: string;
  readonly protocol: Protocol;
  readonly keepAliveSeconds: number;
  readonly will: Message & { readonly payload: string };
  readonly tls?: Pems;
  readonly onMessage: (incoming: Incoming) => void;
  /** Ends the attempt, or the connection, at once. */
  readonly signal: AbortSignal;
}

/** What the broker made of a publish. */
export type Outcome =
  /** It has it. `heard` is false when it said that nobody subscribes to it (MQTT 5, 0x10). */
  | { readonly outcome: 'acked'; readonly heard: boolean }
  /** It will not have it (MQTT 5, 0x80 and above). */
  | { readonly outcome: 'refused'; readonly code: number; readonly words: string }
  /** It was not sent, for the broker takes no packet of this size. */
  | { readonly outcome: 'too-large'; readonly words: string };

/** How a connection ended. */
export interface Ending {
  readonly words: string;
  /** The broker's reason code (MQTT 5.0, 3.14.2.1), where it gave one. */
  readonly code?: number;
}

/** One open connection. */
export interface Broker {
  readonly protocol: Protocol;
  /** The broker still had this hub's session: what it acknowledged before, it kept. */
  readonly sessionPresent: boolean;
  /** Publishes it takes unacknowledged; never more may be under way. */
  readonly receiveMaximum: number;
  /** `done` is not called when the connection ends first. */
  publish(message: Message, done?: (outcome: Outcome) => void): void;
  /** Rejects with a BrokerError naming the topics that the broker refused. */
  subscribe(topics: readonly string[]): Promise<void>;
  /** Resolves once the connection is gone, whoever ended it. */
  readonly closed: Promise<Ending>;
  /** Says goodbye, so that the will is not published. */
  close(): Promise<void>;
  /** Ends it without a goodbye, for this reason. */
  hangUp(words: string): void;
}

/** The broker's or the network's fault. */
export class BrokerError extends Error {
  override readonly name: string = 'BrokerError';
}

/** It answered as a broker may that has no MQTT 5. */
export class ProtocolRefused extends BrokerError {
  override readonly name = 'ProtocolRefused';
  /** It said so, rather than hanging up. */
  readonly isCertain: boolean;

  constructor(message: string, isCertain: boolean) {
    super(message);
    this.isCertain = isCertain;
  }
}

/** What some brokers do instead of saying that they have no MQTT 5. */
const UNANSWERED = 'it hung up without an answer';
const CONNECT_TIMEOUT_MS = 15_000;
/** How long the broker keeps commands and receipts for a hub that is away: a week. */
const SESSION_EXPIRY_SECONDS = 7 * 24 * 3600;
/** A plan is the largest thing that is sent to a hub. */
const LARGEST_INCOMING_BYTES = 2 << 20;
const GOODBYE_MS = 1_000;
const FIRST_REFUSAL = 0x80;

/** Rejects with a BrokerError in words for a technician; ProtocolRefused when 3.1.1 is worth a try. */
export function dial(options: Dial): Promise<Broker> {
  const client = connect(options.url, clientOptions(options));
  let ending: Ending = { words: UNANSWERED };
  let isOpen = false;
  const abort = (): void => void client.end(true);
  options.signal.addEventListener('abort', abort);
  client.on('message', (topic, payload, packet) => options.onMessage(incoming(topic, payload, packet)));
  client.on('disconnect', ({ reasonCode: code = 0 }) => {
    ending = { words: `the broker ended the connection: ${codeWords(code)}`, code };
  });
  const closed = new Promise<Ending>((resolve) => {
    client.on('close', () => {
      options.signal.removeEventListener('abort', abort);
      client.end(true);
      resolve(ending);
    });
  });
  return new Promise((resolve, reject) => {
    client.on('error', (error) => {
      ending = { ...ending, words: wordsOf(error) };
      if (!isOpen) client.end(true);
      const { words } = ending;
      reject(isProtocolRefusal(options.protocol, error) ? new ProtocolRefused(words, true) : new BrokerError(words));
    });
    closed.then(({ words }) =>
      reject(
        words === UNANSWERED && options.protocol === 5 ? new ProtocolRefused(words, false) : new BrokerError(words),
      ),
    );
    client.once('connect', ({ sessionPresent, properties }) => {
      isOpen = true;
      ending = { words: 'the connection broke' };
      // Or a small packet waits for the broker's delayed acknowledgement of the one before: 40 ms for each alert.
      if (client.stream instanceof Socket) client.stream.setNoDelay(true);
      const { protocol } = options;
      const publisher = openPublisher({
        protocol,
        maximumPacketBytes: properties?.maximumPacketSize ?? 268_435_455,
        write: (bytes) => {
          // What is written to a connection that is gone was not acknowledged, and is sent again on the next.
          if (client.connected && client.stream.writable) client.stream.write(bytes);
        },
      });
      // MQTT.js does not know our publishes: it takes the answers for answers to nothing, and says so to its own log only.
      client.on('packetreceive', (packet) => {
        if (packet.cmd !== 'puback') return;
        const { messageId = 0, reasonCode = 0 } = packet;
        publisher.acknowledged(messageId, reasonCode, codeWords(reasonCode));
      });
      resolve({
        protocol,
        sessionPresent,
        receiveMaximum: Math.min(properties?.receiveMaximum ?? PACKET_IDS_MOST, PACKET_IDS_MOST),
        publish: publisher.publish,
        subscribe: (topics) => subscribe(client, topics),
        closed,
        close: () => goodbye(options.world, client, closed),
        hangUp: (words) => {
          ending = { words };
          client.end(true);
        },
      });
    });
  });
}

function clientOptions({ clientId, protocol, keepAliveSeconds, will, tls }: Dial): IClientOptions {
  return {
    clientId,
    protocolVersion: protocol,
    clean: false,
    keepalive: keepAliveSeconds,
    connectTimeout: CONNECT_TIMEOUT_MS,
    reconnectPeriod: 0,
    queueQoSZero: false,
    resubscribe: false,
    messageIdProvider: subscriptionIds(),
    will: { topic: will.topic, payload: Buffer.from(will.payload), qos: 1, retain: will.retain ?? false },
    ...(protocol === 5
      ? { properties: { sessionExpiryInterval: SESSION_EXPIRY_SECONDS, maximumPacketSize: LARGEST_INCOMING_BYTES } }
      : {}),
    ...(tls ? { ca: pem(tls.ca), cert: pem(tls.cert), key: pem(tls.key), rejectUnauthorized: true } : {}),
  };
}

/** MQTT.js subscribes once in a connection, with identifiers that our publishes never have. */
function subscriptionIds(): NonNullable<IClientOptions['messageIdProvider']> {
  let last = PACKET_IDS_MOST;
  return {
    allocate: () => {
      last = last >= 65_535 ? PACKET_IDS_MOST + 1 : last + 1;
      return last;
    },
    getLastAllocated: () => last,
    register: () => true,
    deallocate: () => undefined,
    clear: () => undefined,
  };
}

function pem(text: string | Uint8Array): Buffer {
  return Buffer.from(text);
}

function subscribe(client: MqttClient, topics: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    client.subscribe([...topics], { qos: 1 }, (error, granted) => {
      const refused = (granted ?? []).filter(({ qos }) => qos >= FIRST_REFUSAL).map(({ topic }) => topic);
      if (error) reject(new BrokerError(`cannot subscribe to ${topics.join(', ')}: ${error.message}`));
      else if (refused.length > 0)
        reject(new BrokerError(`the broker refuses the subscription to ${refused.join(', ')}`));
      else resolve();
    });
  });
}

async function goodbye(world: World, client: MqttClient, closed: Promise<unknown>): Promise<void> {
  client.end(false);
  const force = world.after(GOODBYE_MS, () => client.end(true));
  await closed;
  force.cancel();
}

function incoming(topic: string, payload: Uint8Array, packet: IPublishPacket): Incoming {
  const { responseTopic, correlationData } = packet.properties ?? {};
  return {
    topic,
    payload,
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlationData === undefined ? {} : { correlationData }),
  };
}

/** 3.1.1 brokers say code 1; those of version 5 say 0x84; MQTT.js cannot read the shorter answer of the former and says so. */
function isProtocolRefusal(protocol: Protocol, error: Error): boolean {
  if (protocol === 4) return false;
  return reasonOf(error) === 1 || reasonOf(error) === 0x84 || /parse|Malformed/i.test(error.message);
}

function reasonOf(error: Error | ErrorWithReasonCode): number {
  return 'code' in error && typeof error.code === 'number' ? error.code : 0;
}

function codeWords(code: number): string {
  const words: Readonly<Record<number, string>> = ReasonCodes;
  return `${words[code]?.toLowerCase() || 'no reason given'} (0x${code.toString(16).padStart(2, '0')})`;
}

function wordsOf(error: Error | ErrorWithReasonCode): string {
  // Node gathers one error per address tried, under an empty message.
  const inner = error instanceof AggregateError ? error.errors[0] : error;
  return inner instanceof Error && inner.message !== '' ? inner.message : String(inner);
}
