/** Bluetooth's numbers in words for a technician. */
import type { DownWhere } from './link.ts';

/** ATT error codes, Core 5.4 Vol 3 Part F 3.4.1.1, in words for a technician. */
const ATT_ERRORS: Readonly<Record<number, string>> = {
  2: 'reading is not permitted',
  3: 'writing is not permitted',
  5: 'it wants to be paired first',
  6: 'it does not support the request',
  8: 'it wants authorisation',
  10: 'it has no such attribute',
  13: 'wrong value length',
  15: 'it wants to be paired first',
};
/** HCI reasons for a lost connection, Core 5.4 Vol 1 Part F, in words for a technician. */
const REASONS: Readonly<Record<number, string>> = {
  5: 'pairing failed; remove the pairing on the device and pair again',
  6: 'the device no longer knows the pairing; pair again',
  8: 'connection lost: out of range or switched off',
  19: 'device ended the connection',
  20: 'device ended the connection: low on resources',
  21: 'device ended the connection: it is switching off',
  22: 'hub ended the connection',
  34: 'connection lost: the device stopped answering',
  59: 'connection lost: connection parameters not accepted',
  61: 'connection lost: encryption failed; pair again',
  62: 'connection could not be established: too far away or busy with another hub or phone',
};

export function attErrorText(code: number): string {
  return ATT_ERRORS[code] ?? `ATT error ${hex(code)}`;
}

export function reasonText(code: number): string {
  return REASONS[code] ?? `connection lost: HCI reason ${hex(code)}`;
}

/** Reasons that say the device was too far away, or stopped answering. */
const OUT_OF_RANGE: ReadonlySet<number> = new Set([0x08, 0x22, 0x3e]);
/** The device hung up. */
export const DEVICE_ENDED: ReadonlySet<number> = new Set([0x13, 0x14, 0x15]);

export function whereOf(code: number): DownWhere {
  if (OUT_OF_RANGE.has(code)) return 'out-of-range';
  return DEVICE_ENDED.has(code) ? 'device-off' : 'link-fault';
}

function hex(code: number): string {
  return `0x${code.toString(16).padStart(2, '0')}`;
}
