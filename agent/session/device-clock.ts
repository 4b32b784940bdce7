/** What is known of a device's clock: looked at in each contact, set only where that is allowed, and then looked at again. */
import type { ClockLook } from '../device-time/effective-time.ts';
import { offsetOf } from '../device-time/effective-time.ts';
import type { Journal } from '../journal/contract.ts';
import type { DeviceClock, HubEvent, Received } from '../reading/entry.ts';

export interface DeviceClockKeeper {
  /** A contact begins: what was seen in the one before is history. */
  contact(): void;
  /** The device told what its clock shows; undefined when it says that it was never set. */
  shown(shows: string | undefined, received: Received): HubEvent;
  /** The hub tried to set it. A refusal is told at once, success only after the next look. */
  set(refusal?: string): HubEvent | undefined;
  /** The looks of this contact, the earliest first (what it brings was stamped by that clock), then the last of those before. */
  looks(): readonly ClockLook[];
}

/** A clock that was set and is off by more than this was not set. */
const SET_WITHIN_MS = 5_000;

export function openDeviceClock(journal: Journal, device: string, zone: string): DeviceClockKeeper {
  const name = `device-clock.${device}`;
  let before = keptLook(journal.kept(name));
  let now: ClockLook[] = [];
  let isSetTried = false;

  function event(deviceClock: DeviceClock): HubEvent {
    return { name: 'device-clock', device, deviceClock };
  }

  return {
    contact: () => {
      before = now.at(-1) ?? before;
      now = [];
      isSetTried = false;
    },
    shown: (shows, received) => {
      const look = shows === undefined ? undefined : offsetOf(shows, zone, received);
      const isGood = look !== undefined && Math.abs(look.offsetMs) <= SET_WITHIN_MS;
      const action = !isSetTried ? 'none' : isGood ? 'set' : 'set-without-effect';
      isSetTried = false;
      if (look) {
        now.push(look);
        journal.keepSoon({ [name]: JSON.stringify(look) });
      }
      return event({
        ...(shows !== undefined && { shows }),
        ...(look && { offsetMs: look.offsetMs, uncertaintyMs: look.uncertaintyMs }),
        action,
      });
    },
    set: (refusal) => {
      isSetTried = refusal === undefined;
      return refusal === undefined ? undefined : { ...event({ action: 'set-refused' }), cause: refusal };
    },
    looks: () => (before ? [...now, before] : now),
  };
}

function keptLook(text: string | undefined): ClockLook | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as ClockLook;
  } catch {
    return undefined; // the next contact looks again
  }
}
