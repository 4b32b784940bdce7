/** The MQTT broker: sessions, retained messages and wills, and everything a broker may do to a client that it should survive. */
import type { Incoming, Message, Outcome, Protocol } from '../../agent/uplink/mqtt-client.ts';
import type { Chance } from './chance.ts';
import type { Connection } from './connection.ts';
import type { Scheduler } from './scheduler.ts';
import type { Trace } from './trace.ts';

/** What is wrong with it or with the network now. */
export interface BrokerTrouble {
  isDown: boolean;
  /** 'refusing': connections are turned away; 'hole': nothing comes through, and nobody says so. */
  network: 'up' | 'refusing' | 'hole';
  /** Acknowledgements come so much later. */
  ackDelayMs: number;
  /** Publishes under topics that end so are refused. */
  refusing: { readonly kinds: readonly string[]; readonly code: number } | undefined;
  maximumPacketBytes: number;
}

interface Told {
  readonly topic: string;
  readonly text: string;
  /** To the subscriber of now. */
  isSent: boolean;
}

export interface Subscriber {
  /** Resolves once nothing is lost by acknowledging it; never, where it did not get that far. */
  take(topic: string, payload: string): Promise<void>;
  /** The broker is back. */
  up(): void;
}

export interface SimulatedBroker {
  readonly trouble: BrokerTrouble;
  readonly protocol: Protocol;
  readonly receiveMaximum: number;
  /** A client has connected; whoever held its name is thrown out. Returns whether its session was kept. */
  accept(connection: Connection): boolean;
  /** A publish of a hub has arrived. */
  take(connection: Connection, message: Message): Outcome;
  subscribed(connection: Connection, topics: readonly string[]): void;
  /** The client has a message that was sent to it. */
  acknowledged(client: string, message: Incoming): void;
  /** The broker's end of a connection is gone. */
  lost(connection: Connection, isGoodbye: boolean): void;
  /** The hospital publishes. False while it cannot reach the broker. */
  publishDown(topic: string, text: string): boolean;
  /** The hospital's application listens, or is gone. */
  listen(subscriber: Subscriber | undefined): void;
  goDown(keepsSessions: boolean): void;
  comeUp(): void;
  /** Another client takes the hub's name. */
  intrude(client: string): void;
  connectionOf(client: string): Connection | undefined;
  /** True time; in the future while it is down. */
  readonly upSinceMs: number;
  /** Messages that wait for the hospital. */
  readonly waiting: number;
}

export interface BrokerOptions {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly protocol: Protocol;
  readonly receiveMaximum: number;
}

interface Session {
  readonly topics: Set<string>;
  readonly queue: Incoming[];
}

/** MQTT 5.0 reason codes. */
const TAKEN_OVER = 0x8e;
const SHUTTING_DOWN = 0x8b;
const DELIVERY_MS = 20;
/** Messages on their way to the hospital at a time, as with mosquitto. */
const WINDOW = 20;
/** So long the hospital takes after a broker came up; what is published before, to one without sessions, is nobody's. */
const REJOIN_MS = 3_000;

export function openBroker({ scheduler, chance, trace, protocol, receiveMaximum }: BrokerOptions): SimulatedBroker {
  const trouble: BrokerTrouble = {
    isDown: false,
    network: 'up',
    ackDelayMs: 0,
    refusing: undefined,
    maximumPacketBytes: 1_000_000,
  };
  const sessions = new Map<string, Session>();
  const connections = new Map<string, Connection>();
  const retained = new Map<string, string>();
  let queue: Told[] = [];
  let isSubscribed = true;
  let upSinceMs = 0;
  let subscriber: Subscriber | undefined;
  let isPlanned = false;

  function route(topic: string, text: string, isRetained: boolean): boolean {
    if (isRetained) retained.set(topic, text);
    if (!isSubscribed) return false;
    queue.push({ topic, text, isSent: false });
    deliver();
    return true;
  }

  /** In order, so many at a time; what was not acknowledged goes to the next subscriber again. */
  function deliver(): void {
    if (isPlanned || !nextFor(subscriber)) return;
    isPlanned = true;
    scheduler.at(scheduler.nowMs + chance.scale(1, DELIVERY_MS), () => {
      isPlanned = false;
      const to = subscriber;
      const told = nextFor(to);
      if (to && told) hand(to, told);
      deliver();
    });
  }

  function nextFor(to: Subscriber | undefined): Told | undefined {
    if (!to || trouble.isDown) return undefined;
    const at = queue.findIndex(({ isSent }) => !isSent);
    return at < WINDOW ? queue[at] : undefined;
  }

  function hand(to: Subscriber, told: Told): void {
    told.isSent = true;
    void to.take(told.topic, told.text).then(() => {
      if (to !== subscriber || trouble.isDown) return;
      queue = queue.filter((one) => one !== told);
      deliver();
    });
  }

  /** The hospital is connected again: it gets what it did not acknowledge, and what is retained where it had to subscribe anew. */
  function rejoin(): void {
    if (!subscriber || trouble.isDown) return;
    if (!isSubscribed) for (const [topic, text] of retained) queue.push({ topic, text, isSent: false });
    isSubscribed = true;
    for (const told of queue) told.isSent = false;
    deliver();
    subscriber.up();
  }

  function send(client: string, message: Incoming): void {
    const connection = connections.get(client);
    if (connection) connection.deliver(message);
  }

  function publishWill(connection: Connection): void {
    const { topic, payload, retain = false } = connection.will;
    trace.note('broker', `publishes the will of ${connection.client}`);
    route(topic, payload, retain);
  }

  function lost(connection: Connection, isGoodbye: boolean): void {
    if (connections.get(connection.client) !== connection) return;
    connections.delete(connection.client);
    if (!isGoodbye && !trouble.isDown) publishWill(connection);
  }

  return {
    trouble,
    protocol,
    receiveMaximum,
    accept: (connection) => {
      const { client } = connection;
      const before = connections.get(client);
      before?.end('taken over', TAKEN_OVER);
      if (before) lost(before, false);
      connections.set(client, connection);
      const session = sessions.get(client);
      if (!session) sessions.set(client, { topics: new Set(), queue: [] });
      for (const message of session?.queue ?? []) send(client, message);
      return session !== undefined;
    },
    take: (connection, { topic, payload, retain = false }) => {
      const kind = topic.slice(topic.lastIndexOf('/') + 1);
      const { refusing } = trouble;
      if (refusing?.kinds.includes(kind)) {
        trace.note('broker', `refuses ${topic}`);
        // A broker of version 3.1.1 cannot say so: it acknowledges what it throws away.
        if (connection.protocol === 4) return { outcome: 'acked', heard: true };
        return { outcome: 'refused', code: refusing.code, words: 'refused' };
      }
      const heard = route(topic, typeof payload === 'string' ? payload : Buffer.from(payload).toString(), retain);
      return { outcome: 'acked', heard };
    },
    subscribed: ({ client }, wanted) => {
      for (const topic of wanted) sessions.get(client)?.topics.add(topic);
    },
    acknowledged: (client, message) => {
      const session = sessions.get(client);
      const at = session?.queue.indexOf(message) ?? -1;
      if (at >= 0) session?.queue.splice(at, 1);
    },
    lost,
    publishDown: (topic, text) => {
      if (trouble.isDown) return false;
      const message: Incoming = { topic, payload: Buffer.from(text) };
      for (const [client, session] of sessions) {
        if (!session.topics.has(topic)) continue;
        session.queue.push(message);
        send(client, message);
      }
      return true;
    },
    listen: (to) => {
      subscriber = to;
      rejoin();
    },
    goDown: (keepsSessions) => {
      trouble.isDown = true;
      trace.note('broker', keepsSessions ? 'goes down' : 'goes down and forgets its sessions');
      for (const connection of connections.values())
        connection.end('shutting down', chance.odds(0.5) ? SHUTTING_DOWN : undefined);
      connections.clear();
      if (keepsSessions) return;
      sessions.clear();
      retained.clear();
      queue = [];
      isSubscribed = false;
    },
    comeUp: () => {
      if (!trouble.isDown) return;
      trouble.isDown = false;
      upSinceMs = scheduler.nowMs;
      trace.note('broker', 'is up');
      scheduler.at(scheduler.nowMs + chance.scale(100, REJOIN_MS), rejoin);
    },
    intrude: (client) => {
      const connection = connections.get(client);
      trace.note('broker', `another client connects as ${client}`);
      connection?.end('taken over', TAKEN_OVER);
      if (connection) lost(connection, false);
    },
    connectionOf: (client) => connections.get(client),
    get upSinceMs() {
      return trouble.isDown ? Number.POSITIVE_INFINITY : upSinceMs;
    },
    get waiting() {
      return queue.length;
    },
  };
}
