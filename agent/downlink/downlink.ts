/** What the hospital sends to this hub: receipts, commands and plans, told apart, checked, and noise counted. */

import type { Ranges } from '../journal/ranges.ts';
import type { HubEvent } from '../reading/entry.ts';
import type { Incoming, Message } from '../uplink/mqtt-client.ts';
import type { Topics } from '../uplink/topics.ts';
import type { World } from '../world.ts';
import { type CommandHandlers, openCommandDesk } from './commands.ts';
import { isMalformed, parseReceipt } from './messages.ts';

export interface DownlinkOptions {
  readonly world: World;
  readonly hub: string;
  readonly topics: Topics;
  readonly handlers: CommandHandlers;
  /** The newest sequence number there is: nothing above it can have been received. */
  readonly head: () => number;
  readonly onReceipt: (ranges: Ranges) => void;
  /** The hospital's application will never store this entry. */
  readonly onRejected: (seq: number, why: string) => void;
  readonly onPlan: (payload: Uint8Array) => void;
  readonly onReply: (message: Message) => void;
  readonly onEvent: (event: HubEvent) => void;
}

export interface Downlink {
  take(incoming: Incoming): void;
  /** Messages that could not be understood. */
  malformed(): number;
}

const PLAN_MOST_BYTES = 1 << 20;
/** Noise is reported at most this often; it is counted every time. */
const MALFORMED_EVENT_MS = 60_000;

export function openDownlink(options: DownlinkOptions): Downlink {
  const { world, hub, topics, handlers } = options;
  const desk = openCommandDesk({ world, hub, handlers, onMalformed: (reason) => note('command-malformed', reason) });
  let malformed = 0;
  let quietUntilMs = 0;

  function note(name: string, cause: string): void {
    malformed += 1;
    if (world.monotonicMs() < quietUntilMs) return;
    quietUntilMs = world.monotonicMs() + MALFORMED_EVENT_MS;
    options.onEvent({ name, cause, count: malformed });
  }

  function takeReceipt(payload: Uint8Array): void {
    const receipt = parseReceipt(payload);
    if (isMalformed(receipt)) {
      note('receipt-malformed', receipt.malformed);
      return;
    }
    const { ranges, rejected } = receipt;
    const newest = Math.max(ranges.at(-1)?.[1] ?? 0, ...rejected.map(({ seq }) => seq));
    if (newest > options.head()) {
      note('receipt-malformed', `${newest} was never sent, the newest is ${options.head()}`);
      return;
    }
    for (const { seq, why } of rejected) options.onRejected(seq, why);
    options.onReceipt(ranges);
  }

  function takeCommand({ payload, responseTopic, correlationData }: Incoming): void {
    // A reply goes nowhere but under this hub's own up/, whatever it is asked.
    const topic = responseTopic !== undefined && topics.isOwnUp(responseTopic) ? responseTopic : topics.reply;
    desk.take(payload).then((reply) => {
      if (reply)
        options.onReply({ topic, payload: JSON.stringify(reply), ...(correlationData ? { correlationData } : {}) });
    });
  }

  return {
    take: (incoming) => {
      const { topic, payload } = incoming;
      if (topic === topics.receipt) takeReceipt(payload);
      if (topic === topics.command) takeCommand(incoming);
      if (topic !== topics.plan) return;
      if (payload.length <= PLAN_MOST_BYTES) options.onPlan(payload);
      else note('plan-malformed', `${payload.length} bytes, more than ${PLAN_MOST_BYTES}`);
    },
    malformed: () => malformed,
  };
}
