/** What is known of a device being there: for `up/device`, the care level and the live view. */
import type { Facts, Outcome } from '../../drivers/contract/driver.ts';
import { unreachable } from '../reading/unreachable.ts';
import { rfc3339, type World } from '../world.ts';

export interface PresenceState {
  readonly present: boolean;
  /** Why it is not there, in words for a technician. */
  readonly cause?: string;
  /** RFC 3339, hub wall clock. */
  readonly since: string;
  /** Wall clock of the last frame that could be decoded, milliseconds. */
  readonly lastHeardMs?: number;
  readonly facts: Facts;
  readonly measured: number;
  readonly ignored: number;
  readonly malformed: number;
  /** Bytes on a serial line that belonged to no frame. */
  readonly noiseBytes: number;
}

export interface Presence {
  state(): PresenceState;
  up(about: Facts): void;
  /** Whether this is news: it was there before, or the cause changed. */
  down(cause: string): boolean;
  heard(outcome: Outcome): void;
  noise(bytes: number): void;
}

export function openPresence(world: World): Presence {
  let present = false;
  let cause: string | undefined = 'not yet seen';
  let since = rfc3339(world.wallMs());
  let lastHeardMs: number | undefined;
  let facts: Facts = {};
  let measured = 0;
  let ignored = 0;
  let malformed = 0;
  let noiseBytes = 0;

  return {
    state: () => ({
      present,
      since,
      facts,
      measured,
      ignored,
      malformed,
      noiseBytes,
      ...(cause !== undefined && { cause }),
      ...(lastHeardMs !== undefined && { lastHeardMs }),
    }),
    up: (about) => {
      present = true;
      cause = undefined;
      since = rfc3339(world.wallMs());
      facts = { ...facts, ...about };
    },
    down: (why) => {
      const news = present || why !== cause;
      if (present) since = rfc3339(world.wallMs());
      present = false;
      cause = why;
      return news;
    },
    heard: (outcome) => {
      if (outcome.outcome !== 'malformed') lastHeardMs = world.wallMs();
      switch (outcome.outcome) {
        case 'measured':
          measured += outcome.measurements.length;
          if (outcome.facts) facts = { ...facts, ...outcome.facts };
          break;
        case 'clock':
        case 'ignored':
          ignored++;
          break;
        case 'malformed':
          malformed++;
          break;
        default:
          unreachable(outcome);
      }
    },
    noise: (bytes) => {
      noiseBytes += bytes;
    },
  };
}
