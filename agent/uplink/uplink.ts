/** The reader that carries the journal to the hospital, and brings back receipts, commands and plans. */
import type { CommandHandlers } from '../downlink/commands.ts';
import { openDownlink } from '../downlink/downlink.ts';
import { resendCommand } from '../downlink/resend.ts';
import type { Journal } from '../journal/contract.ts';
import type { Ranges } from '../journal/ranges.ts';
import type { Alert, HubEvent } from '../reading/entry.ts';
import type { UplinkSettings } from '../settings/settings.ts';
import { rfc3339, type World } from '../world.ts';
import { backoff, STABLE_MS } from './backoff.ts';
import { deadLetters } from './dead-letters.ts';
import { openDialer } from './dialer.ts';
import { openEndings } from './endings.ts';
import { openLanes } from './lanes.ts';
import { openLedger } from './ledger.ts';
import { type Broker, type Dial, dial, type Ending, type Message, type Pems, type Protocol } from './mqtt-client.ts';
import { openOwedAlerts } from './owed-alerts.ts';
import { type Counts, type Pump, startPump } from './pump.ts';
import { openRefusals } from './refusals.ts';
import { openSuspects } from './suspects.ts';
import { topicsOf } from './topics.ts';
import { openWindow } from './window.ts';

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
  /** Whether an alert that nobody confirms is one that a person at home should act on. */
  readonly concernsPatient?: (alert: Alert) => boolean;
  readonly onEvent: (event: HubEvent) => void;
  /** MQTT over the network, unless a simulation brings another. */
  readonly dial?: (options: Dial) => Promise<Broker>;
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
  /** Publishes that may be unacknowledged, as the link allows at the moment. */
  readonly window: number;
  readonly lastReceiptAt?: string;
  /** Alert entries without a receipt, and the age of the oldest. */
  readonly alertsOwed: { readonly count: number; readonly oldestMs?: number };
  /** Age of the oldest alert without a receipt that is still on, where that concerns the patient. */
  readonly oldestStandingAlertMs?: number;
  /** Another client has lately connected under this hub's name. */
  readonly isNameTaken: boolean;
  /** Messages under down/ that could not be understood. */
  readonly malformed: number;
}

export interface Uplink {
  status(): UplinkStatus;
  /** What the hospital's application has, or will never get. */
  receipted(): Ranges;
  /** Call when the care level or its cause has changed. */
  publishState(): void;
  publishDevice(id: string): void;
  /** Counters, never clinical; of no use later and so not sent again. */
  publishHealth(counters: object): void;
  /** Sends what it can in two seconds, then a last state, then says goodbye. Call before the journal is closed. */
  close(): Promise<void>;
}

const DEFAULT_WINDOW_MOST = 1_000;
/** Messages about the hub that may wait for a place or for the broker; past it the oldest is dropped and counted. */
const CONTROL_MOST = 100;
const CLOSE_DRAIN_MS = 2_000;
const CLOSE_LAST_MS = 1_000;

export function startUplink(options: UplinkOptions): Uplink {
  const { world, journal, settings, hub, onEvent } = options;
  const topics = topicsOf(hub);
  const ledger = openLedger(journal);
  const lanes = openLanes(world, journal, ledger);
  const refusals = openRefusals();
  const suspects = openSuspects();
  const endings = openEndings(world, hub, onEvent);
  const giveUp = deadLetters(world, journal, ledger, onEvent);
  const owed = openOwedAlerts(world, journal, ledger.receiptedUpTo(), options.concernsPatient ?? (() => true));
  const counts: Counts = { published: 0, refused: 0, unheard: 0, repliesDropped: 0 };
  const control: Message[] = [];
  const closing = new AbortController();
  const hangUp = new AbortController();
  let pump: Pump | undefined;
  let broker: Broker | undefined;
  let isFirst = true;
  let since = rfc3339(world.wallMs());
  let lastReceiptAt: string | undefined;
  let window = openWindow(1);

  const downlink = openDownlink({
    world,
    hub,
    topics,
    handlers: { ...options.commands, resend: resendCommand(world, journal, askAgain) },
    head: () => journal.head,
    onReceipt: takeReceipts,
    onRejected: (seq, why) => giveUp(seq, `the hospital rejects it: ${why}`),
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
    dial: options.dial ?? dial,
  });
  const stopListening = journal.onLines((lines) => {
    owed.offer(lines);
    lanes.offer(lines, pump !== undefined);
    pump?.run();
  });
  const running = run();

  async function run(): Promise<void> {
    let waits = backoff(world.random);
    while (!closing.signal.aborted) {
      const found = await dialer.next();
      if (found && !closing.signal.aborted) {
        const connectedMs = world.monotonicMs();
        const { isTakeover } = await serve(found);
        // Two hubs of one name throw each other out: whoever is thrown out waits longer each time.
        if (world.monotonicMs() - connectedMs >= STABLE_MS && !isTakeover) waits = backoff(world.random);
      }
      await world.sleep(waits.next().value, closing.signal);
    }
  }

  async function serve(found: Broker): Promise<{ readonly isTakeover: boolean }> {
    // The subscriptions stand before anything is sent, so that no receipt passes us by.
    const subscribed = found.subscribe([topics.receipt, topics.command, topics.plan]).catch((error: Error) => {
      onEvent({ name: 'subscription-refused', cause: error.message });
    });
    await Promise.race([subscribed, found.closed]);
    // Only a broker that kept our session still has what it acknowledged; at our own start the hospital's receipts decide.
    if (isFirst || !found.sessionPresent) ledger.restart();
    isFirst = false;
    lanes.rewind();
    // What was said of state and devices on the last connection is stale; a reply is not.
    const replies = control.splice(0).filter(({ topic }) => topic.startsWith(topics.reply));
    control.push(stateMessage(), ...Object.keys(options.devices()).map(deviceMessage), ...replies);
    broker = found;
    const isCautious = suspects.isCautious();
    window = openWindow(isCautious ? 1 : Math.min(settings.inflight ?? DEFAULT_WINDOW_MOST, found.receiveMaximum));
    const parts = { world, broker, topics, lanes, ledger, refusals, window, isCautious, counts, control };
    pump = startPump({
      ...parts,
      onPassed: suspects.passed,
      onGivenUp: (line, words) => giveUp(line.seq, words, line),
    });
    since = rfc3339(world.wallMs());
    pump.run();
    return lose(pump, await found.closed);
  }

  function lose(lost: Pump, ending: Ending): { readonly isTakeover: boolean } {
    lost.stop();
    pump = undefined;
    broker = undefined;
    since = rfc3339(world.wallMs());
    if (closing.signal.aborted) return { isTakeover: false };
    const { triesElsewhere, isTakeover } = endings.heard(ending);
    if (triesElsewhere) dialer.leave();
    const culprit = suspects.ended(lost.underWay(), lost.hasWorked());
    if (culprit) giveUp(culprit.seq, `the connection ended each time it was sent: ${ending.words}`, culprit);
    return { isTakeover };
  }

  function takeReceipts(ranges: Ranges): void {
    lastReceiptAt = rfc3339(world.wallMs());
    if (ledger.receipt(ranges)) owed.settle(ledger.isReceipted);
  }

  function askAgain(ranges: Ranges): boolean {
    const isTaken = lanes.resend(ranges);
    pump?.run();
    return isTaken;
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

  function lastState(cause: string): Message & { readonly payload: string } {
    const payload = { ...options.state(), level: 'not-monitored', cause, since: undefined };
    return { topic: topics.state, payload: JSON.stringify(payload), retain: true };
  }

  function deviceMessage(id: string): Message {
    return { topic: topics.device(id), payload: JSON.stringify(options.devices()[id] ?? {}), retain: true };
  }

  function standing(): Pick<UplinkStatus, 'oldestStandingAlertMs'> {
    const ms = owed.oldestStandingMs();
    return ms === undefined ? {} : { oldestStandingAlertMs: ms };
  }

  return {
    receipted: ledger.receipted,
    status: () => ({
      ...counts,
      connected: pump !== undefined,
      since,
      ...(broker ? { protocol: broker.protocol } : {}),
      acked: ledger.ackedUpTo(),
      receiptedUpTo: ledger.receiptedUpTo(),
      inFlight: pump?.inFlight() ?? 0,
      window: window.size,
      alertsOwed: owed.status(),
      ...standing(),
      isNameTaken: endings.isNameTaken(),
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
      // The connection may end in the middle of it: these are then of one that is gone, and have nothing more to do.
      const [last, to] = [pump, broker];
      if (last && to) {
        await Promise.race([last.idle(), to.closed, world.sleep(CLOSE_DRAIN_MS)]);
        await Promise.race([last.finish(lastState('stopped')), to.closed, world.sleep(CLOSE_LAST_MS)]);
        await to.close();
      }
      hangUp.abort();
      await running;
      stopListening();
    },
  };
}
