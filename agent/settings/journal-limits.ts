/** The journal's bounds as the settings give them, in the units that the journal counts in. */
import type { JournalSettings } from './settings.ts';

const MB = 1_000_000;
const DAY_MS = 86_400_000;

const DEFAULT_MAX_MB = 1_024;
const DEFAULT_KEEP_DAYS = 30;
const DEFAULT_RESERVE_MB = 16;

export function journalLimits(settings: JournalSettings): {
  readonly reserveBytes: number;
  readonly maxBytes: number;
  readonly keepMs: number;
  /** With less free on the disk, what was receipted goes: room for the reserve, and for the store to tidy up. */
  readonly lowFreeBytes: number;
} {
  const reserveBytes = (settings.reserveMegabytes ?? DEFAULT_RESERVE_MB) * MB;
  return {
    reserveBytes,
    maxBytes: (settings.maxMegabytes ?? DEFAULT_MAX_MB) * MB,
    keepMs: (settings.keepDays ?? DEFAULT_KEEP_DAYS) * DAY_MS,
    lowFreeBytes: 2 * reserveBytes,
  };
}
