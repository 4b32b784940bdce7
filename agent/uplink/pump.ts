/** One connection's work: keeps the window full, alerts first, until the connection ends. */
import type { Line } from '../journal/contract.ts';
import { unreachable } from '../reading/unreachable.ts';
import type { Timer, World } from '../world.ts';
import { backoff } from './backoff.ts';
import type { Lanes } from './lanes.ts';
import type { Ledger } from './ledger.ts';
import type { Broker, Message, Outcome } from './mqtt-client.ts';
import type { Refusals } from './refusals.ts';
import type { Topics } from './topics.ts';

/** Room in a packet for everything but topic and payload: headers, properties, seq, id, kind. */
const PACKET_OVERHEAD_BYTES = 128;
/** Before an entry that was refused alone is tried again. */
const REFUSED_PAUSE_MS = 1_000;
const READ_AGAIN_MS = 1_000;

export interface PumpOptions {
  readonly world: World;
  readonly broker: Broker;
  readonly topics: Topics;
  readonly lanes: Lanes;
  readonly ledger: Ledger;
  readonly refusals: Refusals;
  /** Publishes that may be unacknowledged at a time. */
  readonly window: number;
  readonly counts: Counts;
  /** State, device and reply messages that wait; they go before entries. */
  readonly control: Message[];
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
  /** Resolves when everything was sent and acknowledged. */
  idle(): Promise<void>;
  /** No further entries; resolves when what was sent is acknowledged, and this after it. */
  finish(last: Message): Promise<void>;
  /** The connection is gone. */
  stop(): void;
}

export function startPump(options: PumpOptions): Pump {
  const { world, broker, topics, lanes, ledger, refusals, window, counts, control, onGivenUp } = options;
  const underWay = new Map<number, Line>();
  /** As many as there are refused entries, and one for reading. */
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
  const whenIdle: (() => void)[] = [];

  const isUnderWay = (seq: number): boolean => underWay.has(seq);
  const inFlight = (): number => underWay.size + controlUnderWay;

  function run(): void {
    while (!isStopped && inFlight() < window) {
      const message = control.shift();
      const line = message || isPaused || isFinishing ? undefined : lanes.next(isUnderWay);
      if (message) sendControl(message);
      else if (line) sendLine(line);
      else break;
    }
    if (isStopped) return;
    if (lanes.runLow() && !isReading) readAhead();
    if (inFlight() + control.length > 0 || !(isFinishing || lanes.isDry())) return;
    for (const tell of whenIdle.splice(0)) tell();
  }

  /** Acknowledgements come in bunches; answering a bunch at a time makes one write to the socket of many messages. */
  function runSoon(): void {
    if (isRunDue) return;
    isRunDue = true;
    setImmediate(() => {
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
    const timer = world.after(ms, () => {
      timers.delete(timer);
      then();
    });
    timers.add(timer);
  }

  function sendControl(message: Message): void {
    controlUnderWay += 1;
    broker.publish(message, ({ outcome }) => {
      controlUnderWay -= 1;
      if (outcome === 'refused') counts.refused += 1;
      runSoon();
    });
  }

  function sendLine(line: Line): void {
    const { seq, id, kind, json } = line;
    const topic = topics.entry[kind];
    const bytes = Buffer.byteLength(json) + topic.length + 3 * id.length + PACKET_OVERHEAD_BYTES;
    if (bytes > broker.maximumPacketBytes) {
      giveUp(line, `larger than the ${broker.maximumPacketBytes} bytes that the broker takes`);
      return;
    }
    underWay.set(seq, line);
    counts.published += 1;
    broker.publish({ topic, payload: json, userProperties: { seq: String(seq), id, kind } }, (outcome) => {
      underWay.delete(seq);
      settle(line, outcome);
      runSoon();
    });
  }

  function settle(line: Line, result: Outcome): void {
    if (result.outcome === 'refused') {
      refuse(line, result.words);
      return;
    }
    refusals.passed(line.seq);
    pauses = undefined;
    if (!result.heard) counts.unheard += 1;
    ledger.ack(line.seq);
  }

  function refuse(line: Line, words: string): void {
    counts.refused += 1;
    const verdict = refusals.refused(line.seq);
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
    onGivenUp(line, words);
  }

  function idle(): Promise<void> {
    return new Promise((resolve) => {
      whenIdle.push(resolve);
      run();
    });
  }

  return {
    run,
    inFlight,
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
      for (const line of underWay.values()) if (ledger.isSettled(line.seq)) lanes.again(line);
    },
  };
}
