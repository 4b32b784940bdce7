/** One device, one link, one driver: takes frames off the link, has them on disk, and only then lets the device know. */
import type { Driver, Frame, Heard, Outcome } from '../../drivers/contract/driver.ts';
import { localTimeIn } from '../device-time/local-time.ts';
import { createFramer, type Framer } from '../framing/framer.ts';
import type { Journal } from '../journal/contract.ts';
import { type Link, LinkError, type LinkFrame } from '../link/link.ts';
import type { Draft, HubEvent, Received } from '../reading/entry.ts';
import { ownId } from '../reading/identity.ts';
import { unreachable } from '../reading/unreachable.ts';
import type { DeviceSettings } from '../settings/settings.ts';
import type { World } from '../world.ts';
import { type Conversation, converse } from './dialogue.ts';
import { draftsOf, receivedNow, type Source } from './drafts.ts';
import { ontoDisk } from './onto-disk.ts';
import { openPresence, type Presence } from './presence.ts';

export interface SessionOptions {
  readonly world: World;
  readonly journal: Journal;
  readonly driver: Driver;
  readonly device: DeviceSettings;
  readonly link: Link;
  /** Zone of the patient's home, for devices whose settings name none. */
  readonly timeZone: string;
  /** Told when the device came or went, and why, in words for a technician. */
  onPresence(what: string): void;
}

export interface Session {
  readonly device: string;
  readonly driver: Driver;
  readonly presence: Presence;
  close(): Promise<void>;
}

/** Frames waiting for the journal; past it the newest is dropped and counted as an overrun gap (invariant 9). */
const WAITING_FRAMES_MAX = 512;
/** Malformed frames told of per contact, without their bytes, which may hold a serial number (invariant 13); more are only counted, so that a babbling device cannot fill the disk. */
const MALFORMED_TOLD_MAX = 8;
const DEFAULT_POLL_SECONDS = 5;
/** A contact whose newest reading is older than this was late, or the device's clock is wrong: either way nothing was alerted. */
const OLD_AFTER_MS = 10 * 60_000;

interface Waiting {
  readonly frame: Frame;
  readonly received: Received;
  readonly ordinal: string;
  /** Runs once the frame's measurements are on disk. */
  kept(): void;
}

export function startSession(options: SessionOptions): Session {
  const { world, journal, driver, device, link } = options;
  const source: Source = { device: device.id, driver, zone: device.clockZone ?? options.timeZone };
  const presence = openPresence(world);
  const waiting: Waiting[] = [];
  let framer: Framer | undefined;
  let conversation: Conversation | undefined;
  let ordinals = 0;
  let overrun = 0;
  let malformedTold = 0;
  /** When the newest reading of this contact was true of the patient. */
  let newestMs = Number.NEGATIVE_INFINITY;
  let working = Promise.resolve();

  function event(name: string, details: Omit<HubEvent, 'name' | 'device'> = {}): Draft {
    const at = receivedNow(world);
    const body = { name, device: device.id, ...details };
    return { id: ownId(`${device.id} ${name}`, at, String(ordinals++)), kind: 'event', at: at.wall, body };
  }

  function enqueue(frame: Frame, kept: () => void): void {
    if (waiting.length >= WAITING_FRAMES_MAX) {
      overrun++; // not acknowledged: a device that waits for it will send the frame again
      return;
    }
    waiting.push({ frame, received: receivedNow(world), ordinal: String(ordinals++), kept });
    if (waiting.length === 1) working = working.then(drain);
  }

  /** Everything that waits goes to the journal in one append; each frame is let go after that. */
  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice();
      const drafts = batch.flatMap((item) => draftsFor(item));
      if (overrun > 0) drafts.push(overrunGap(overrun));
      overrun = 0;
      if (!(await ontoDisk(world, journal, drafts))) return; // nothing was acknowledged, so nothing is lost
      waiting.splice(0, batch.length);
      for (const item of batch) item.kept();
    }
  }

  function draftsFor(item: Waiting): readonly Draft[] {
    const outcome: Outcome = driver.decode(item.frame);
    presence.heard(outcome);
    switch (outcome.outcome) {
      case 'measured':
        return dated(draftsOf(source, outcome.measurements, item.received, item.ordinal));
      case 'ignored':
        return [];
      case 'malformed':
        if (++malformedTold > MALFORMED_TOLD_MAX) return [];
        return [
          event('malformed-frame', {
            cause: `${outcome.how} (${item.frame.channel}, ${item.frame.bytes.length} bytes)`,
          }),
        ];
      default:
        return unreachable(outcome);
    }
  }

  function dated(drafts: readonly Draft[]): readonly Draft[] {
    for (const { body } of drafts)
      if ('effective' in body) newestMs = Math.max(newestMs, Date.parse(body.effective.at));
    return drafts;
  }

  /** Old readings raise no alert, so a contact that brought nothing else is told of: rules must not go blind unseen. */
  async function tellIfOld(): Promise<void> {
    const ageMinutes = Math.round((world.wallMs() - newestMs) / 60_000);
    newestMs = Number.NEGATIVE_INFINITY; // a contact ends once, however often a link says that it is down
    if (driver.link.kind === 'card' || !Number.isFinite(ageMinutes) || ageMinutes * 60_000 < OLD_AFTER_MS) return;
    const cause = `the newest reading of this contact is ${ageMinutes} min old: handed over late, or the device's clock is behind; it raised no alert`;
    await ontoDisk(world, journal, [event('device-time-behind', { cause })]);
  }

  function overrunGap(count: number): Draft {
    const at = receivedNow(world);
    const body = {
      cause: 'overrun',
      device: device.id,
      count,
      detail: 'the device sent faster than the disk takes',
    } as const;
    return { id: ownId(`${device.id} overrun`, at, String(ordinals++)), kind: 'gap', at: at.wall, body };
  }

  function note(draft: Draft): void {
    working = working.then(async () => void (await ontoDisk(world, journal, [draft])));
  }

  function heard(frame: LinkFrame): void {
    const during = conversation;
    if (!framer) {
      enqueue(frame, () => {
        frame.kept();
        during?.tell(frame);
      });
      return;
    }
    const { frames, noiseBytes } = framer.push(frame.bytes);
    presence.noise(noiseBytes);
    for (const bytes of frames) {
      const whole = { channel: frame.channel, bytes };
      enqueue(whole, () => during?.tell(whole));
    }
    frame.kept(); // a serial line has no acknowledgement of its own; the next poll is the acknowledgement
  }

  async function refusable(action: () => Promise<Heard>): Promise<Heard> {
    try {
      return await action();
    } catch (error) {
      if (error instanceof LinkError) return { heard: 'refused', why: error.message };
      throw error;
    }
  }

  const voice = {
    write: (channel: string, bytes: Uint8Array) =>
      refusable(async () => {
        await link.write(channel, bytes);
        return { heard: 'written' };
      }),
    read: (channel: string) =>
      refusable(async () => {
        const frame = { channel, bytes: await link.read(channel) };
        await new Promise<void>((resolve) => enqueue(frame, resolve));
        return { heard: 'frame', frame };
      }),
  };

  link.open({
    up: (channels, about) => {
      framer = driver.link.kind === 'serial' ? createFramer(driver.link.framing) : undefined;
      malformedTold = 0;
      newestMs = Number.NEGATIVE_INFINITY;
      presence.up(about);
      note(event('device-connected'));
      const setsClock = device.setClock === true && world.clock().state !== 'unsynced';
      const dialogue = driver.dialogue?.({
        channels,
        pollMs: (device.pollSeconds ?? DEFAULT_POLL_SECONDS) * 1000,
        ...(setsClock && { localTime: localTimeIn(source.zone, world.wallMs()) }),
      });
      if (dialogue) conversation = converse(world, driver, dialogue, voice);
      options.onPresence('connected');
    },
    frame: heard,
    down: (cause) => {
      conversation?.end();
      conversation = undefined;
      working = working.then(tellIfOld);
      if (!presence.down(cause)) return;
      note(event('device-disconnected', { cause }));
      options.onPresence(cause);
    },
  });

  return {
    device: device.id,
    driver,
    presence,
    close: async () => {
      conversation?.end();
      await link.close();
      await working;
    },
  };
}
