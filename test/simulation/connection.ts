/** One connection between hub and broker, with a network between them that loses, delays and swallows. */
import {
  type Broker,
  BrokerError,
  type Dial,
  type Ending,
  type Incoming,
  type Message,
  type Outcome,
  ProtocolRefused,
} from '../../agent/uplink/mqtt-client.ts';
import type { SimulatedBroker } from './broker.ts';
import type { Chance } from './chance.ts';
import type { Life } from './life.ts';
import type { Scheduler } from './scheduler.ts';
import type { Trace } from './trace.ts';

/** The broker's view of it. */
export interface Connection {
  readonly client: string;
  readonly protocol: 4 | 5;
  readonly will: Message & { readonly payload: string };
  /** To the hub, QoS 1. */
  deliver(message: Incoming): void;
  /** The broker ends it. */
  end(words: string, code?: number): void;
  /** The network between breaks it, and both ends notice. */
  cut(): void;
  /** Nothing comes through any more in either direction. */
  stall(): void;
  /** It does again, if both ends are still there. */
  resume(): void;
  /** The hub's process is gone; its machine says so, unless that is without power too. */
  orphan(isMachineUp: boolean): void;
  readonly inFlight: number;
}

export interface NetworkWatcher {
  /** The hub hands a message to its socket. */
  sent(message: Message, inFlight: number, receiveMaximum: number): void;
  /** It was told what became of it. */
  settled(message: Message, outcome: Outcome): void;
}

export interface NetworkOptions {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly broker: SimulatedBroker;
  readonly watcher: NetworkWatcher;
  /** One way, milliseconds. */
  readonly latencyMs: number;
  readonly bytesPerMs: number;
  readonly onConnection: (connection: Connection, life: Life) => void;
}

/** As agent/uplink/mqtt-client.ts and MQTT.js do. */
const CONNECT_TIMEOUT_MS = 15_000;
const GOODBYE_MS = 1_000;
/** Topic, properties and fixed header around a payload. */
const OVERHEAD_BYTES = 120;

export function dialThrough(options: NetworkOptions, life: Life): (dial: Dial) => Promise<Broker> {
  const { broker, chance, latencyMs } = options;
  return (dial) =>
    new Promise((resolve, reject) => {
      life.mustLive('dials');
      const { trouble, protocol } = broker;
      const refusal = (): BrokerError | undefined => {
        if (dial.signal.aborted) return new BrokerError('it hung up without an answer');
        if (trouble.network === 'hole') return new BrokerError('connack timeout');
        if (trouble.network === 'refusing' || trouble.isDown)
          return new BrokerError('connect ECONNREFUSED 192.0.2.7:8883');
        return dial.protocol > protocol
          ? new ProtocolRefused('Connection refused: Unacceptable protocol version', true)
          : undefined;
      };
      const answer = (): void => {
        const error = refusal();
        if (error) reject(error);
        else resolve(connect(options, life, dial));
      };
      life.later(trouble.network === 'hole' ? CONNECT_TIMEOUT_MS : latencyMs * chance.between(4, 8), answer);
    });
}

function connect(options: NetworkOptions, life: Life, dial: Dial): Broker {
  const { scheduler, chance, trace, broker, watcher, latencyMs, bytesPerMs } = options;
  const { trouble, receiveMaximum } = broker;
  const maximumPacketBytes = trouble.maximumPacketBytes;
  const isOpen = { hub: true, broker: true };
  let isStalled = false;
  const held: (() => void)[] = [];
  let inFlight = 0;
  const lastMs = { up: 0, down: 0 };
  let tellClosed: (ending: Ending) => void = () => undefined;
  const closed = new Promise<Ending>((resolve) => {
    tellClosed = resolve;
  });

  /** In order, as TCP delivers; what is on its way when the line breaks does not arrive. */
  function travel(way: 'up' | 'down', bytes: number, arrive: () => void): void {
    const atMs = Math.max(lastMs[way], scheduler.nowMs + latencyMs * chance.between(0.8, 1.6)) + bytes / bytesPerMs;
    lastMs[way] = atMs;
    const end = (): void => {
      if (isStalled) return void held.push(end);
      if (way === 'up' ? isOpen.broker : isOpen.hub && !life.isOver) arrive();
    };
    scheduler.at(atMs, end);
  }

  function closeHub(ending: Ending): void {
    if (!isOpen.hub || life.isOver) return;
    isOpen.hub = false;
    dial.signal.removeEventListener('abort', abort);
    trace.note('hub', `connection over: ${ending.words}`);
    tellClosed(ending);
  }

  function closeBroker(isGoodbye: boolean): void {
    if (!isOpen.broker) return;
    isOpen.broker = false;
    broker.lost(connection, isGoodbye);
  }

  const keepAliveMs = dial.keepAliveSeconds * 1000;

  const connection: Connection = {
    client: dial.clientId,
    protocol: dial.protocol,
    will: dial.will,
    get inFlight() {
      return inFlight;
    },
    deliver: (message) =>
      travel('down', message.payload.length, () => {
        dial.onMessage(message);
        travel('up', 4, () => broker.acknowledged(dial.clientId, message));
      }),
    end: (words, code) => {
      isOpen.broker = false;
      const ending =
        code === undefined
          ? { words: 'the connection broke' }
          : { words: `the broker ended the connection: ${words}`, code };
      travel('down', 4, () => closeHub(ending));
    },
    cut: () => {
      trace.note('network', 'the connection breaks');
      closeBroker(false);
      life.later(chance.between(0, 200), () => closeHub({ words: 'the connection broke' }));
    },
    stall: () => {
      if (isStalled || !isOpen.hub) return;
      isStalled = true;
      trace.note('network', 'nothing comes through');
      scheduler.at(scheduler.nowMs + keepAliveMs * 1.5, () => {
        if (isStalled) closeBroker(false);
      });
      life.later(keepAliveMs * chance.between(1, 1.5), () => {
        if (isStalled) closeHub({ words: 'Keepalive timeout' });
      });
    },
    resume: () => {
      if (!isStalled) return;
      isStalled = false;
      trace.note('network', 'everything comes through again');
      // An end that is gone tells the other.
      if (!isOpen.hub) closeBroker(false);
      if (!isOpen.broker) closeHub({ words: 'read ECONNRESET' });
      for (const arrive of held.splice(0)) arrive();
    },
    orphan: (isMachineUp) => {
      if (isMachineUp) travel('up', 4, () => closeBroker(false));
      else scheduler.at(scheduler.nowMs + keepAliveMs * 1.5, () => closeBroker(false));
    },
  };

  function publish(message: Message, done?: (outcome: Outcome) => void): void {
    life.mustLive('publishes');
    if (!isOpen.hub) return;
    const bytes = sizeOf(message.payload) + OVERHEAD_BYTES;
    if (bytes > maximumPacketBytes) {
      done?.({ outcome: 'too-large', words: `${bytes} bytes, and the broker takes ${maximumPacketBytes}` });
      return;
    }
    const isAcknowledged = (message.qos ?? 1) === 1;
    if (isAcknowledged) inFlight += 1;
    watcher.sent(message, inFlight, receiveMaximum);
    travel('up', bytes, () => {
      const outcome = broker.take(connection, message);
      if (!isAcknowledged) return;
      const answer = (): void =>
        travel('down', 4, () => {
          inFlight -= 1;
          watcher.settled(message, outcome);
          done?.(outcome);
        });
      if (trouble.ackDelayMs === 0) answer();
      else scheduler.at(scheduler.nowMs + trouble.ackDelayMs, () => isOpen.broker && answer());
    });
  }

  function abort(): void {
    hangUp('it hung up without an answer', false);
  }

  function hangUp(words: string, isGoodbye: boolean): void {
    if (!isOpen.hub) return;
    if (isGoodbye) travel('up', 2, () => closeBroker(true));
    else travel('up', 0, () => closeBroker(false));
    if (!isGoodbye) closeHub({ words });
  }

  dial.signal.addEventListener('abort', abort);
  options.onConnection(connection, life);
  const sessionPresent = broker.accept(connection);
  trace.note('hub', `connected with MQTT ${dial.protocol}, ${sessionPresent ? 'session kept' : 'new session'}`);
  return {
    protocol: dial.protocol,
    sessionPresent,
    receiveMaximum,
    publish,
    subscribe: (topics) =>
      new Promise((resolve) => {
        travel('up', 100, () => {
          broker.subscribed(connection, topics);
          travel('down', 10, () => resolve());
        });
      }),
    closed,
    close: async () => {
      hangUp('closed', true);
      life.later(Math.min(GOODBYE_MS, isStalled ? GOODBYE_MS : 2 * latencyMs), () => closeHub({ words: 'closed' }));
      await closed;
    },
    hangUp: (words) => hangUp(words, false),
  };
}

function sizeOf(payload: string | Uint8Array): number {
  return typeof payload === 'string' ? Buffer.byteLength(payload) : payload.length;
}
