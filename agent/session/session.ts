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
import { openAbsence } from './absence.ts';
import { openDeviceClock } from './device-clock.ts';
import { type Conversation, converse } from './dialogue.ts';
import { draftsOf, receivedNow, type Source } from './drafts.ts';
import { openIntake } from './intake.ts';
import { openPresence, type Presence } from './presence.ts';

export interface SessionOptions {
  readonly world: World;
  readonly journal: Journal;
  readonly driver: Driver;
  readonly device: DeviceSettings;
  readonly link: Link;
  /** Zone of the patient's home, for devices whose settings name none. */
  readonly timeZone: string;
  /** Whether a planned pause covers this device now. */
  isPaused?(): boolean;
  /** Told when the device came or went, and why, in words for a technician. */
  onPresence(what: string): void;
}

export interface Session {
  readonly device: string;
  readonly driver: Driver;
  readonly presence: Presence;
  /** Waits for what was taken to be on disk, but not for a disk that takes nothing. */
  close(): Promise<void>;
}

/** Malformed frames told of per contact, without their bytes, which may hold a serial number (invariant 13); more are only counted, so that a babbling device cannot fill the disk. */
const MALFORMED_TOLD_MAX = 8;
const DEFAULT_POLL_SECONDS = 5;
/** A contact whose newest reading is older than this was late, or the device's clock is wrong: either way nothing was alerted. */
const OLD_AFTER_MS = 10 * 60_000;
/** A stream that pauses shorter than this, or than three polls, is not absent. */
const ABSENT_AFTER_MS = 30_000;
const CLOSE_PATIENCE_MS = 2_000;

export function startSession(options: SessionOptions): Session {
  const { world, journal, driver, device, link } = options;
  const source: Source = { device: device.id, driver, zone: device.clockZone ?? options.timeZone };
  const pollMs = (device.pollSeconds ?? DEFAULT_POLL_SECONDS) * 1000;
  const presence = openPresence(world);
  const intake = openIntake(world, journal, device.id);
  const deviceClock = openDeviceClock(journal, device.id, source.zone);
  const { absence, told } = openAbsence({
    world,
    journal,
    device: device.id,
    shortestMs: Math.max(ABSENT_AFTER_MS, 3 * pollMs),
    isPaused: options.isPaused ?? (() => false),
  });
  let framer: Framer | undefined;
  let conversation: Conversation | undefined;
  let ordinals = 0;
  let malformedTold = 0;
  /** When the newest reading of this contact was true of the patient. */
  let newestMs = Number.NEGATIVE_INFINITY;
  intake.take(told);

  function event(body: HubEvent): Draft {
    const at = receivedNow(world);
    const id = ownId(`${device.id} ${body.name}`, at, String(ordinals++));
    return { id, kind: 'event', at: at.wall, body: { ...body, device: device.id }, fresh: true };
  }

  function take(frame: Frame, kept: () => void): void {
    const outcome = driver.decode(frame);
    presence.heard(outcome);
    intake.take(draftsFor(frame, outcome, receivedNow(world)), kept);
  }

  function draftsFor(frame: Frame, outcome: Outcome, received: Received): readonly Draft[] {
    switch (outcome.outcome) {
      case 'measured': {
        const { measurements, series } = outcome;
        const saying = { measurements, received, frameOrdinal: String(ordinals++), looks: deviceClock.looks() };
        return dated(draftsOf(source, series ? { ...saying, series } : saying));
      }
      case 'clock':
        return [event(deviceClock.shown(outcome.shows, received))];
      case 'ignored':
        return [];
      case 'malformed':
        if (++malformedTold > MALFORMED_TOLD_MAX) return [];
        return [
          event({
            name: 'malformed-frame',
            cause: `${outcome.how} (${frame.channel}, ${frame.bytes.length} bytes)`,
          }),
        ];
      default:
        return unreachable(outcome);
    }
  }

  /** What the drafts say of the present: how new they are, and that the stream flows. */
  function dated(drafts: readonly Draft[]): readonly Draft[] {
    const series = drafts.filter((draft) => draft.series);
    const ended = series.length > 0 ? absence.heard(series.some(({ body }) => !('absent' in body))) : [];
    for (const { body } of drafts)
      if ('effective' in body) newestMs = Math.max(newestMs, Date.parse(body.effective.at));
    return [...ended, ...drafts];
  }

  /** Old readings raise no alert, so a contact that brought nothing else is told of: rules must not go blind unseen. */
  function tellIfOld(): void {
    const ageMinutes = Math.round((world.wallMs() - newestMs) / 60_000);
    newestMs = Number.NEGATIVE_INFINITY; // a contact ends once, however often a link says that it is down
    if (driver.link.kind === 'card' || !Number.isFinite(ageMinutes) || ageMinutes * 60_000 < OLD_AFTER_MS) return;
    const cause = `the newest reading of this contact is ${ageMinutes} min old: handed over late, or the device's clock is behind; it raised no alert`;
    intake.take([event({ name: 'device-time-behind', cause })]);
  }

  function heard(frame: LinkFrame): void {
    const during = conversation;
    if (!framer) {
      take(frame, () => {
        frame.kept();
        during?.tell(frame);
      });
      return;
    }
    const { frames, noiseBytes } = framer.push(frame.bytes);
    presence.noise(noiseBytes);
    for (const bytes of frames) {
      const whole = { channel: frame.channel, bytes };
      take(whole, () => during?.tell(whole));
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
    write: async (channel: string, bytes: Uint8Array, sets?: 'clock') => {
      const said = await refusable(async () => {
        await link.write(channel, bytes);
        return { heard: 'written' };
      });
      const refusal = sets && deviceClock.set(said.heard === 'refused' ? said.why : undefined);
      if (refusal) intake.take([event(refusal)]);
      return said;
    },
    read: (channel: string) =>
      refusable(async () => {
        const frame = { channel, bytes: await link.read(channel) };
        await new Promise<void>((resolve) => take(frame, resolve));
        return { heard: 'frame', frame };
      }),
  };

  link.open({
    up: (channels, about) => {
      framer = driver.link.kind === 'serial' ? createFramer(driver.link.framing) : undefined;
      malformedTold = 0;
      newestMs = Number.NEGATIVE_INFINITY;
      presence.up(about);
      deviceClock.contact();
      intake.take([event({ name: 'device-connected' })]);
      const setsClock = device.setClock === true && world.clock().state !== 'unsynced';
      const dialogue = driver.dialogue?.({
        channels,
        pollMs,
        ...(setsClock && { localTime: localTimeIn(source.zone, world.wallMs()) }),
      });
      if (dialogue) conversation = converse(world, driver, dialogue, voice);
      options.onPresence('connected');
    },
    frame: heard,
    down: (cause, where = 'device-off') => {
      conversation?.end();
      conversation = undefined;
      tellIfOld();
      intake.take(absence.away(where, cause));
      if (!presence.down(cause)) return;
      intake.take([event({ name: 'device-disconnected', cause })]);
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
      await Promise.race([intake.settled(), world.sleep(CLOSE_PATIENCE_MS)]);
    },
  };
}
