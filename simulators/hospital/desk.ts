/** What the hospital says to one hub: receipts for what came, and requests for what is missing. */
import { rfc3339, type Timer, type World } from '../../agent/world.ts';
import type { Account } from './account.ts';

export interface DeskOptions {
  readonly world: World;
  readonly account: Account;
  readonly receipts: boolean;
  readonly resendAfterMs: number;
  /** Publishes JSON under the hub's `down/`; rejects while the broker is away. */
  say(topic: 'receipt' | 'command', json: string): Promise<void>;
}

export interface Desk {
  /** An entry came. */
  heard(): void;
  /** The broker is back: a receipt it may have lost is said again. */
  up(): void;
  /** Returns the command's id. Rejects while the broker is away. */
  command(name: string, args: Readonly<Record<string, unknown>>): Promise<string>;
  sent(): { readonly receipts: number; readonly resends: number };
  close(): void;
}

/** A receipt is due after so long or so many entries, whichever comes first. */
const CONFIRM_AFTER_MS = 50;
const CONFIRM_AFTER_ENTRIES = 100;
const LONGEST_RESEND_WAIT_MS = 60_000;
const COMMAND_LIFE_MS = 60_000;

export function openDesk({ world, account, receipts, resendAfterMs, say }: DeskOptions): Desk {
  const sent = { receipts: 0, resends: 0 };
  let heard = 0;
  let confirming = false;
  let confirmTimer: Timer | undefined;
  let resendTimer: Timer | undefined;

  function scheduleConfirm(): void {
    if (!receipts || confirming || heard === 0) return;
    if (heard >= CONFIRM_AFTER_ENTRIES) void confirm();
    else confirmTimer ??= world.after(CONFIRM_AFTER_MS, () => void confirm());
  }

  /** One at a time: while the broker is slow, receipts merge instead of queueing. */
  async function confirm(): Promise<void> {
    confirmTimer?.cancel();
    confirmTimer = undefined;
    confirming = true;
    heard = 0;
    const said = await Promise.all(
      account.receiptsDue().map((receipt) =>
        say('receipt', JSON.stringify(receipt)).then(
          () => {
            sent.receipts += 1;
            return true;
          },
          () => {
            account.notSent(receipt);
            return false;
          },
        ),
      ),
    );
    confirming = false;
    // A receipt that did not get out waits for up(), which may have come while we were still finding out.
    if (said.every(Boolean) || heard > 0) scheduleConfirm();
  }

  /** Asks only for holes that were there when the wait began, and not while the hub is filling them by itself. */
  function scheduleResend(waitMs: number): void {
    if (resendTimer !== undefined) return;
    const then = account.missing();
    if (then.count === 0) return;
    resendTimer = world.after(waitMs, () => {
      resendTimer = undefined;
      const now = account.missing();
      const ranges = now.ranges.filter(([, to]) => to < then.highest);
      const filling = now.count < then.count;
      if (ranges.length > 0 && !filling) {
        sent.resends += 1;
        command('resend', { ranges }).catch(() => undefined); // the broker is away; asked again after the next wait
      }
      scheduleResend(filling ? resendAfterMs : Math.min(waitMs * 2, LONGEST_RESEND_WAIT_MS));
    });
  }

  async function command(name: string, args: Readonly<Record<string, unknown>>): Promise<string> {
    const id = word(world) + word(world);
    await say('command', JSON.stringify({ id, name, args, expires: rfc3339(world.wallMs() + COMMAND_LIFE_MS) }));
    return id;
  }

  return {
    heard: () => {
      heard += 1;
      scheduleConfirm();
      scheduleResend(resendAfterMs);
    },
    up: () => {
      account.confirmAgain();
      heard += 1;
      scheduleConfirm();
    },
    command,
    sent: () => ({ ...sent }),
    close: () => {
      confirmTimer?.cancel();
      resendTimer?.cancel();
    },
  };
}

function word(world: World): string {
  return Math.floor(world.random() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
}
