/** One connection's work: keeps the window full, alerts first, until the connection ends. */
import type { Line } from '../journal/contract.ts';
import { unreachable } from '../reading/unreachable.ts';
import type { Timer, World } from '../world.ts';
import { backoff } from './backoff.ts';
import type { Due, Lanes } from './lanes.ts';
import type { Ledger } from './ledger.ts';
import type { Broker, Message, Outcome } from './mqtt-client.ts';
import type { Refusals } from './refusals.ts';
import type { Topics } from './topics.ts';
import type { Window } from './window.ts';

/** Before an entry that was refused alone is tried again. */
const REFUSED_PAUSE_MS = 1_000;
const READ_AGAIN_MS = 1_000;
/** Alerts, state and replies may go beyond the window by so many, for a window that is full of backlog is no reason to wait. */
const URGENT_BEYOND = 8;
/** A broker that answers pings and acknowledges nothing is as good as gone. */
const ACK_PATIENCE_MS = 30_000;
const WATCH_EVERY_MS = 5_000;

export interface PumpOptions {
  readonly world: World;
  readonly broker: Broker;
  readonly topics: Topics;
  readonly lanes: Lanes;
  readonly ledger: Ledger;
  readonly refusals: Refusals;
  /** Publishes that may be unacknowledged at a time, as far as the broker's receive maximum allows. */
  readonly window: Window;
  /** One entry at a time: one of them is under suspicion. */
  readonly isCautious: boolean;
  readonly counts: Counts;
  /** State, device and reply messages that wait; they go before entries. */
  readonly control: Message[];
  readonly onPassed: (seq: number) => void;
  /** The broker will not have this entry: it stays in the journal and is passed by. */
  readonly onGivenUp: (line: Line, words: string) => void;
}

export interface Counts {
  published: number;
  refused: number;
  /** Acknowledged by the broker although nobody subscribes. */
  unheard: number;
  /** Replies that found no place while the broker was away. */
  repliesDropped: number;
}

export interface Pump {
  /** Sends what there is. Call when something new may be there. */
  run(): void;
  inFlight(): number;
  /** Entries that are not acknowledged. */
  underWay(): readonly Line[];
  /** Whether anything was acknowledged on this connection. */
  hasWorked(): boolean;
  /** Resolves when everything was sent and acknowledged. */
  idle(): Promise<void>;
  /** No further entries; resolves when what was sent is acknowledged, and this after it. */
  finish(last: Message): Promise<void>;
  /** The connection is gone. */
  stop(): void;
}

interface Sent {
  readonly line: Line;
  readonly atMs: number;
  readonly wasFull: boolean;
}

export function startPump(options: PumpOptions): Pump {
  const { world, broker, topics, lanes, ledger, refusals, window, isCautious, counts, control } = options;
  const urgentMost = isCautious ? 1 : broker.receiveMaximum;
  /** Room that backlog may not take, as far as the broker gives any. */
  const bulkMost = Math.max(1, urgentMost - Math.min(URGENT_BEYOND, Math.ceil(urgentMost / 10)));
  const underWay = new Map<number, Sent>();
  const timers = new Set<Timer>();
  let isStopped = false;
  /** Refused while everything was; waits for the end of the pause. */
  const heldBack: Line[] = [];
  let pauses: Generator<number, never> | undefined;
  let controlUnderWay = 0;
  let isPaused = false;
  let isReading = false;
  let isRunDue = false;
  let isFinishing = false;
  let lastAckMs: number | undefined;
  const whenIdle: (() => void)[] = [];

  const isUnderWay = (seq: number): boolean => underWay.has(seq);
  const inFlight = (): number => underWay.size + controlUnderWay;
  const bulkRoom = (): boolean => inFlight() < Math.min(window.size, bulkMost);
  const urgentRoom = (): boolean => inFlight() < Math.min(window.size + URGENT_BEYOND, urgentMost);

  function run(): void {
    const nowMs = world.monotonicMs();
    while (!isStopped && urgentRoom() && sendNext(nowMs)) {
      // until there is no room, or nothing to send
    }
    if (isStopped) return;
    if (lanes.runLow() && !isReading) readAhead();
    if (inFlight() + control.length > 0 || !(isFinishing || lanes.isDry())) return;
    for (const tell of whenIdle.splice(0)) tell();
  }

  function sendNext(nowMs: number): boolean {
    const message = control.shift();
    if (message) {
      sendControl(message);
      return true;
    }
    if (isPaused || isFinishing) return false;
    const due = bulkRoom() ? lanes.next(isUnderWay) : lanes.nextAlert(isUnderWay);
    if (!due) return false;
    sendLine(due, nowMs);
    return true;
  }

  /** Acknowledgements come in bunches; answering a bunch at a time makes one write to the socket of many messages. */
  function runSoon(): void {
    if (isRunDue) return;
    isRunDue = true;
    world.soon(() => {
      isRunDue = false;
      run();
    });
  }

  function readAhead(): void {
    isReading = true;
    lanes.refill().then(
      () => {
        isReading = false;
        run();
      },
      () => {
        isReading = false;
        later(READ_AGAIN_MS, run); // the disk's own trouble is told by the journal
      },
    );
  }

  function later(ms: number, then: () => void): void {
    if (isStopped) return;
    const timer = world.after(ms, () => {
      timers.delete(timer);
      then();
    });
    timers.add(timer);
  }

  function sendControl(message: Message): void {
    if (message.qos === 0) {
      broker.publish(message); // nobody answers
      return;
    }
    controlUnderWay += 1;
    broker.publish(message, ({ outcome }) => {
      controlUnderWay -= 1;
      lastAckMs = world.monotonicMs();
      if (outcome !== 'acked') counts.refused += 1;
      runSoon();
    });
  }

  function sendLine({ line, isHistorical }: Due, atMs: number): void {
    const { seq, id, kind, bytes } = line;
    const userProperties = ['seq', String(seq), 'id', id, 'kind', kind];
    if (isHistorical) userProperties.push('historical', 'true');
    underWay.set(seq, { line, atMs, wasFull: inFlight() + 1 >= Math.min(window.size, bulkMost) });
    counts.published += 1;
    broker.publish({ topic: topics.entry[kind], payload: bytes, userProperties }, (outcome) => {
      const sent = underWay.get(seq);
      underWay.delete(seq);
      if (sent) settle(sent, outcome);
      runSoon();
    });
  }

  function settle({ line, atMs, wasFull }: Sent, result: Outcome): void {
    switch (result.outcome) {
      case 'acked':
        lastAckMs = world.monotonicMs();
        window.acked(lastAckMs - atMs, lastAckMs, wasFull);
        refusals.passed(line.seq);
        options.onPassed(line.seq);
        pauses = undefined;
        if (!result.heard) counts.unheard += 1;
        ledger.ack(line.seq);
        break;
      case 'refused':
        lastAckMs = world.monotonicMs();
        counts.refused += 1;
        refuse(line, result.code, result.words);
        break;
      case 'too-large':
        giveUp(line, result.words);
        break;
      default:
        unreachable(result);
    }
  }

  function refuse(line: Line, code: number, words: string): void {
    const verdict = refusals.refused(line.seq, code);
    switch (verdict) {
      case 'give-up':
        giveUp(line, words);
        break;
      case 'again':
        later(REFUSED_PAUSE_MS, () => retry(line));
        break;
      case 'all-refused':
        heldBack.push(line);
        pause();
        break;
      default:
        unreachable(verdict);
    }
  }

  function pause(): void {
    if (isPaused) return;
    isPaused = true;
    pauses ??= backoff(world.random);
    later(pauses.next().value, () => {
      isPaused = false;
      for (const line of heldBack.splice(0).reverse()) lanes.again(line);
      run();
    });
  }

  function retry(line: Line): void {
    lanes.again(line);
    run();
  }

  function giveUp(line: Line, words: string): void {
    ledger.ack(line.seq);
    options.onGivenUp(line, words);
  }

  function watch(): void {
    const [oldest] = underWay.values();
    const nowMs = world.monotonicMs();
    const quietMs = oldest ? nowMs - Math.max(oldest.atMs, lastAckMs ?? 0) : 0;
    if (quietMs > ACK_PATIENCE_MS) broker.hangUp(`the broker has acknowledged nothing for ${quietMs / 1000} s`);
    else later(WATCH_EVERY_MS, watch);
  }
  later(WATCH_EVERY_MS, watch);

  function idle(): Promise<void> {
    return new Promise((resolve) => {
      whenIdle.push(resolve);
      run();
    });
  }

  return {
    run,
    inFlight,
    underWay: () => [...underWay.values()].map(({ line }) => line),
    hasWorked: () => lastAckMs !== undefined,
    idle,
    finish: (last) => {
      isFinishing = true;
      control.push(last);
      return idle();
    },
    stop: () => {
      isStopped = true;
      for (const timer of timers) timer.cancel();
      // Settled and yet under way: it was asked for, and nobody will notice if it does not go again.
      for (const { line } of underWay.values()) if (ledger.isSettled(line.seq)) lanes.again(line);
    },
  };
}
