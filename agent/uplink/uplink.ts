/** The reader that carries the journal to the hospital, and brings back receipts, commands and plans. */
import type { CommandHandlers } from '../downlink/commands.ts';
import { openDownlink } from '../downlink/downlink.ts';
import { resendCommand } from '../downlink/resend.ts';
import type { Journal, Line } from '../journal/contract.ts';
import type { Ranges } from '../journal/ranges.ts';
import type { HubEvent } from '../reading/entry.ts';
import type { UplinkSettings } from '../settings/settings.ts';
import { rfc3339, type World } from '../world.ts';
import { backoff, STABLE_MS } from './backoff.ts';
import { openDialer } from './dialer.ts';
import { openLanes } from './lanes.ts';
import { openLedger } from './ledger.ts';
import type { Broker, Message, Pems, Protocol } from './mqtt-client.ts';
import { type Counts, type Pump, startPump } from './pump.ts';
import { openRefusals } from './refusals.ts';
import { topicsOf } from './topics.ts';

export interface UplinkOptions {
  readonly world: World;
  readonly journal: Journal;
  readonly settings: UplinkSettings;
  readonly hub: string;
  /** Certificate, key and CA, read for each connection; may throw in words for a technician. */
  readonly tls?: () => Pems | undefined;
  /** What up/state says now; `level` and `cause` are replaced in the will and at the end. */
  readonly state: () => object;
  /** What up/device/<id> says, for each device. */
  readonly devices: () => Readonly<Record<string, object>>;
  /** What the hospital may ask for; `resend` is the uplink's own. */
  readonly commands: CommandHandlers;
  /** Bytes of down/plan as they came, at most 1 MiB: the signature is over them. It comes again at each connection. */
  readonly onPlan: (payload: Uint8Array) => void;
  /** The hospital's application now has everything up to this number. */
  readonly onReceipt?: (upTo: number) => void;
  readonly onEvent: (event: HubEvent) => void;
}

export interface UplinkStatus extends Readonly<Counts> {
  readonly connected: boolean;
  /** When that last changed, RFC 3339; the start of the uplink at first. */
  readonly since: string;
  readonly protocol?: Protocol;
  /** The broker has everything up to here. */
  readonly acked: number;
  /** The hospital's application has everything up to here. */
  readonly receiptedUpTo: number;
  readonly inFlight: number;
  readonly lastReceiptAt?: string;
  /** Messages under down/ that could not be understood. */
  readonly malformed: number;
}

export interface Uplink {
  status(): UplinkStatus;
  /** Call when the care level or its cause has changed. */
  publishState(): void;
  publishDevice(id: string): void;
  /** Counters, never clinical; of no use later and so not sent again. */
  publishHealth(counters: object): void;
  /** Sends what it can in two seconds, then a last state, then says goodbye. Call before the journal is closed. */
  close(): Promise<void>;
}

const DEFAULT_WINDOW = 100;
/** Messages about the hub that may wait for a place or for the broker; past it the oldest is dropped and counted. */
const CONTROL_MOST = 100;
const CLOSE_DRAIN_MS = 2_000;
const CLOSE_LAST_MS = 1_000;

export function startUplink(options: UplinkOptions): Uplink {
  const { world, journal, settings, hub, onEvent } = options;
  const topics = topicsOf(hub);
  const ledger = openLedger(world, journal);
  const lanes = openLanes(journal, ledger);
  const refusals = openRefusals();
  const counts: Counts = { published: 0, refused: 0, unheard: 0, repliesDropped: 0 };
  const control: Message[] = [];
  const closing = new AbortController();
  const hangUp = new AbortController();
  let pump: Pump | undefined;
  let broker: Broker | undefined;
  let isFirst = true;
  let since = rfc3339(world.wallMs());
  let lastReceiptAt: string | undefined;

  const downlink = openDownlink({
    world,
    hub,
    topics,
    handlers: { ...options.commands, resend: resendCommand(journal, askAgain) },
    head: () => journal.head,
    onReceipt: takeReceipts,
    onPlan: options.onPlan,
    onReply: tell,
    onEvent,
  });
  const dialer = openDialer({
    world,
    settings,
    hub,
    ...(options.tls ? { tls: options.tls } : {}),
    will: () => lastState('connection-lost'),
    onMessage: downlink.take,
    onEvent,
    signal: hangUp.signal,
  });
  const stopListening = journal.onLines((lines) => {
    lanes.offer(lines);
    pump?.run();
  });
  const running = run();

  async function run(): Promise<void> {
    let waits = backoff(world.random);
    while (!closing.signal.aborted) {
      const found = await dialer.next();
      if (found && !closing.signal.aborted) {
        const connectedMs = world.monotonicMs();
        await serve(found);
        if (world.monotonicMs() - connectedMs >= STABLE_MS) waits = backoff(world.random);
      }
      await world.sleep(waits.next().value, closing.signal);
    }
  }

  async function serve(found: Broker): Promise<void> {
    // The subscriptions stand before anything is sent, so that no receipt passes us by.
    const subscribed = found.subscribe([topics.receipt, topics.command, topics.plan]).catch((error: Error) => {
      onEvent({ name: 'subscription-refused', cause: error.message });
    });
    await Promise.race([subscribed, found.closed]);
    // Only a broker that kept our session still has what it acknowledged; at our own start the hospital's receipts decide.
    if (isFirst || !found.sessionPresent) ledger.restart();
    isFirst = false;
    lanes.rewind();
    const window = Math.max(1, Math.min(settings.inflight ?? DEFAULT_WINDOW, found.receiveMaximum));
    // What was said of state and devices on the last connection is stale; a reply is not.
    const replies = control.splice(0).filter(({ topic }) => topic.startsWith(topics.reply));
    control.push(stateMessage(), ...Object.keys(options.devices()).map(deviceMessage), ...replies);
    broker = found;
    pump = startPump({ world, broker, topics, lanes, ledger, refusals, window, counts, control, onGivenUp });
    since = rfc3339(world.wallMs());
    pump.run();
    const reason = await found.closed;
    pump.stop();
    pump = undefined;
    broker = undefined;
    since = rfc3339(world.wallMs());
    if (!closing.signal.aborted) onEvent({ name: 'broker-lost', cause: `${reason}; the hub keeps buffering` });
  }

  function takeReceipts(ranges: Ranges): void {
    lastReceiptAt = rfc3339(world.wallMs());
    const before = ledger.receiptedUpTo();
    ledger.receipt(ranges);
    if (ledger.receiptedUpTo() > before) options.onReceipt?.(ledger.receiptedUpTo());
  }

  function askAgain(ranges: Ranges): boolean {
    const isTaken = lanes.resend(ranges);
    pump?.run();
    return isTaken;
  }

  function onGivenUp(line: Line, words: string): void {
    const event: HubEvent = { name: 'publish-refused', cause: `entry ${line.seq} (${line.kind}): ${words}` };
    onEvent(event);
    // The report of a refusal may itself be refused; that one is not reported.
    if (line.id.startsWith('publish-refused-')) return;
    const draft = {
      id: `publish-refused-${line.id}`,
      kind: 'event',
      at: rfc3339(world.wallMs()),
      body: event,
    } as const;
    journal.append([draft]).catch(() => undefined); // full or closing: it was told, and will be refused again
  }

  function tell(message: Message): void {
    control.push(message);
    if (control.length > CONTROL_MOST) {
      control.shift();
      counts.repliesDropped += 1;
    }
    pump?.run();
  }

  function stateMessage(): Message {
    return { topic: topics.state, payload: JSON.stringify(options.state()), retain: true };
  }

  function lastState(cause: string): Message {
    const payload = { ...options.state(), level: 'not-monitored', cause, since: undefined };
    return { topic: topics.state, payload: JSON.stringify(payload), retain: true };
  }

  function deviceMessage(id: string): Message {
    return { topic: topics.device(id), payload: JSON.stringify(options.devices()[id] ?? {}), retain: true };
  }

  return {
    status: () => ({
      ...counts,
      connected: pump !== undefined,
      since,
      ...(broker ? { protocol: broker.protocol } : {}),
      acked: ledger.ackedUpTo(),
      receiptedUpTo: ledger.receiptedUpTo(),
      inFlight: pump?.inFlight() ?? 0,
      ...(lastReceiptAt === undefined ? {} : { lastReceiptAt }),
      malformed: downlink.malformed(),
    }),
    publishState: () => {
      if (pump) tell(stateMessage()); // without a connection, birth will say it
    },
    publishDevice: (id) => {
      if (pump) tell(deviceMessage(id));
    },
    publishHealth: (counters) => {
      if (pump) tell({ topic: topics.health, payload: JSON.stringify(counters), qos: 0 });
    },
    close: async () => {
      closing.abort();
      if (pump && broker) {
        await Promise.race([pump.idle(), broker.closed, world.sleep(CLOSE_DRAIN_MS)]);
        await Promise.race([pump.finish(lastState('stopped')), broker.closed, world.sleep(CLOSE_LAST_MS)]);
        await broker.close();
      }
      hangUp.abort();
      await running;
      stopListening();
      ledger.close();
      // A disk that does not answer costs the receipts of a few seconds, which come again.
      await Promise.race([ledger.save().catch(() => undefined), world.sleep(CLOSE_LAST_MS)]);
    },
  };
}
