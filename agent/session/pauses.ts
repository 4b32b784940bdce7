/** Planned pauses: for so long a device may be absent with nobody wondering; they end by themselves, and mute nothing. */
import type { CommandHandler } from '../downlink/commands.ts';
import type { Journal } from '../journal/contract.ts';
import type { HubEvent } from '../reading/entry.ts';
import { rfc3339, type World } from '../world.ts';

export interface Pauses {
  isPaused(device: string): boolean;
  readonly command: CommandHandler;
}

const PAUSES = 'pauses';
const LONGEST_MINUTES = 24 * 60;
const REASON_MOST_CHARACTERS = 200;

/** Until when each device is paused, wall clock milliseconds: it holds over a restart. */
type Kept = Readonly<Record<string, number>>;

export function openPauses(
  world: World,
  journal: Journal,
  devices: readonly string[],
  onEvent: (event: HubEvent) => void,
): Pauses {
  let pauses = kept(journal.kept(PAUSES));

  return {
    isPaused: (device) => (pauses[device] ?? 0) > world.wallMs(),
    command: async ({ device, minutes, reason }) => {
      if (typeof device !== 'string' || !devices.includes(device))
        return { status: 'refused', detail: `"device" is none of ${devices.join(', ')}` };
      if (typeof minutes !== 'number' || !(minutes >= 1 && minutes <= LONGEST_MINUTES))
        return { status: 'refused', detail: `"minutes" is not a number from 1 to ${LONGEST_MINUTES}` };
      const untilMs = world.wallMs() + minutes * 60_000;
      pauses = { ...pauses, [device]: untilMs };
      journal.keepSoon({ [PAUSES]: JSON.stringify(pauses) });
      const why = typeof reason === 'string' && reason !== '' ? `: ${reason.slice(0, REASON_MOST_CHARACTERS)}` : '';
      const until = rfc3339(untilMs);
      onEvent({ name: 'pause-planned', device, cause: `until ${until}${why}` });
      return { status: 'done', detail: { device, until } };
    },
  };
}

function kept(text: string | undefined): Kept {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? (value as Kept) : {};
  } catch {
    return {}; // a pause that is forgotten is an absence with its own cause
  }
}
