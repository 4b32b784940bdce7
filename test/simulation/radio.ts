/** The air between the hub and one Bluetooth device: contacts that come about, break and come about again. */
import type { DownWhere, Link, LinkListener } from '../../agent/link/link.ts';
import { LinkError } from '../../agent/link/link.ts';
import type { Chance } from './chance.ts';
import type { Life } from './life.ts';
import type { Scheduler } from './scheduler.ts';
import type { Trace } from './trace.ts';

/** What a device does when it is met; it knows nothing of lives. */
export interface Peripheral {
  readonly name: string;
  readonly channels: readonly string[];
  /** Switched on, in range and advertising. */
  isReachable(): boolean;
  met(contact: Contact): void;
  parted(): void;
  /** Bytes of a characteristic; undefined where the device refuses. */
  read(channel: string): Uint8Array | undefined;
  /** False where the device refuses. */
  write(channel: string, bytes: Uint8Array): boolean;
}

/** One contact as the device sees it. */
export interface Contact {
  readonly isOver: boolean;
  send(channel: string, bytes: Uint8Array, sending: Sending): void;
  /** The device hangs up. */
  hangUp(): void;
}

/** The moment at which the hub got something, by the clocks it has. */
export interface Moment {
  readonly boot: string;
  readonly monotonicMs: number;
}

export interface Sending {
  /** The hub has got it. */
  delivered(at: Moment): void;
  /** The hub, which got it then, says that it is kept. */
  kept(at: Moment): void;
  /** That has reached the device. */
  confirmed(): void;
}

export interface Air {
  /** The hub's side, for one life. */
  linkTo(peripheral: Peripheral, life: Life): Link;
  /** The process is gone, and its contacts with it. */
  ended(life: Life): void;
  /** A device may have become reachable, or is so no more. */
  changed(peripheral: Peripheral): void;
  /** Contacts break, of one device or of all. */
  breakContacts(cause: string, where: DownWhere, name?: string): void;
  /** The hub's own radio works, or not. */
  setRadio(works: boolean): void;
}

interface Meeting {
  readonly peripheral: Peripheral;
  readonly life: Life;
  end(cause: string, where: DownWhere): void;
  look(): void;
}

const TRANSACTION_MS = 60;

export function openAir(scheduler: Scheduler, chance: Chance, trace: Trace): Air {
  let radioWorks = true;
  let meetings: Meeting[] = [];

  function linkTo(peripheral: Peripheral, life: Life): Link {
    let listener: LinkListener | undefined;
    let current: (Contact & { over(): void }) | undefined;
    let isClosed = false;
    let isMeeting = false;
    let told: string | undefined;
    const airMs = (): number => TRANSACTION_MS * chance.scale(0.5, 3);

    function openContact(): Contact & { over(): void } {
      let isOver = false;
      const contact = {
        get isOver() {
          return isOver;
        },
        over: () => {
          isOver = true;
        },
        send: (channel: string, bytes: Uint8Array, { delivered, kept, confirmed }: Sending) => {
          life.later(airMs(), () => {
            if (isOver || isClosed) return;
            const at = { boot: life.world.boot, monotonicMs: life.world.monotonicMs() };
            delivered(at);
            listener?.frame({
              channel,
              bytes,
              kept: () => {
                life.mustLive('tells a device');
                kept(at);
                scheduler.at(scheduler.nowMs + airMs(), () => !isOver && confirmed());
              },
            });
          });
        },
        hangUp: () => end('the device ended the connection', 'device-off'),
      };
      return contact;
    }

    function end(cause: string, where: DownWhere): void {
      const ended = current;
      if (!ended) return;
      current = undefined;
      ended.over();
      trace.note('air', `${peripheral.name}: ${cause}`);
      peripheral.parted();
      if (isClosed || life.isOver) return;
      if (told !== cause) listener?.down(cause, where);
      told = cause;
      life.later(chance.scale(500, 8_000), look);
    }

    function look(): void {
      if (isClosed || current || isMeeting || !listener || !radioWorks || !peripheral.isReachable()) return;
      isMeeting = true;
      life.later(chance.scale(200, 3_000), () => {
        isMeeting = false;
        if (isClosed || current || !radioWorks || !peripheral.isReachable()) return;
        current = openContact();
        told = undefined;
        trace.note('air', `${peripheral.name}: met`);
        listener?.up(new Set(peripheral.channels), { model: 'Simulated 1' });
        peripheral.met(current);
      });
    }

    async function transact<T>(work: () => T | undefined, refusal: string): Promise<T> {
      const during = current;
      if (!during) throw new LinkError('the device is not connected');
      await life.world.sleep(airMs());
      if (during.isOver) throw new LinkError('the connection broke');
      const result = work();
      if (result === undefined) throw new LinkError(refusal);
      return result;
    }

    meetings.push({ peripheral, life, end, look });
    return {
      open: (to) => {
        listener = to;
        life.soon(look);
      },
      read: (channel) => transact(() => peripheral.read(channel), 'the device refuses to be read'),
      write: async (channel, bytes) => {
        await transact(() => (peripheral.write(channel, bytes) ? true : undefined), 'Write Not Permitted (0x03)');
      },
      hangUp: async () => end('the hub let go of the device', 'device-off'),
      close: async () => {
        isClosed = true;
        end('the hub closed the link', 'device-off');
        await life.world.sleep(chance.between(0, 100));
      },
    };
  }

  return {
    linkTo,
    ended: (life) => {
      for (const meeting of meetings) if (meeting.life === life) meeting.end('the hub is gone', 'link-fault');
      meetings = meetings.filter((meeting) => meeting.life !== life);
    },
    changed: (peripheral) => {
      for (const meeting of meetings) if (meeting.peripheral === peripheral && !meeting.life.isOver) meeting.look();
    },
    breakContacts: (cause, where, name) => {
      for (const meeting of meetings)
        if (name === undefined || meeting.peripheral.name === name) meeting.end(cause, where);
    },
    setRadio: (works) => {
      radioWorks = works;
      for (const meeting of meetings) {
        if (works) meeting.look();
        else meeting.end('the radio does not answer', 'link-fault');
      }
    },
  };
}
