/** What the driver laws are held against: which frames carry a checksum, and which orders no driver may give. */
import type { Claim, Driver, Sighting } from '../../drivers/contract/driver.ts';
import { serialFrame } from '../../simulators/devices/alaris-gh-frames.ts';
import { ascii } from '../../simulators/devices/bytes.ts';

/** Frames over the air are guarded below GATT; these guard themselves. */
const CHECKSUMMED: Readonly<Record<Driver['link']['kind'], RegExp | undefined>> = {
  ble: undefined,
  serial: /^serial$/,
  card: /\.edf$/i,
};

export function checksummed(driver: Driver, channel: string): boolean {
  return CHECKSUMMED[driver.link.kind]?.test(channel) ?? false;
}

/** The least a device must show to be claimed so. */
export function sightingOf(claim: Claim): Sighting {
  if (claim.link === 'card') return { link: 'card', files: [claim.file] };
  return { link: 'ble', services: [claim.service], name: claim.namePrefix ?? 'no name in particular' };
}

/** At most so many, evenly taken, always the first. */
export function thinned<T>(all: readonly T[], most: number): readonly T[] {
  const step = Math.max(1, Math.ceil(all.length / most));
  return all.filter((_, at) => at % step === 0);
}

interface Order {
  readonly what: string;
  readonly channel: string;
  readonly bytes: Uint8Array;
}

/** RACP procedures that delete, in every operator; and what asks for nothing a reader needs. Source: Bluetooth SIG, RACP. */
const DELETIONS: readonly Order[] = [0, 1, 2, 3, 4, 5, 6].flatMap((operator) => [
  { what: `delete, operator ${operator}`, channel: '2a52', bytes: Uint8Array.of(2, operator) },
  { what: `delete with operand, operator ${operator}`, channel: '2a52', bytes: Uint8Array.of(2, operator, 1, 1, 0) },
  { what: `response, operator ${operator}`, channel: '2a52', bytes: Uint8Array.of(6, operator, 1, 1) },
]);

/** Consent, user deletion and factory reset of the user control point; a device name; service changed. */
const SETTINGS: readonly Order[] = [
  { what: 'user deletion', channel: '2a9f', bytes: Uint8Array.of(3) },
  { what: 'user registration', channel: '2a9f', bytes: Uint8Array.of(1, 0, 0) },
  { what: 'device name', channel: '2a00', bytes: ascii('x') },
  { what: 'half a date', channel: '2a08', bytes: Uint8Array.of(0xea, 7, 3) },
  { what: 'month 13', channel: '2a08', bytes: Uint8Array.of(0xea, 7, 13, 1, 0, 0, 0) },
  { what: 'nothing', channel: '2a52', bytes: Uint8Array.of() },
];

/** A pump is asked; it is never told. Each with its right CRC, so that only the meaning can be why it is refused. */
const PUMP_ORDERS: readonly Order[] = [
  'REMQUERY^DEACT^^^^',
  'REMOTE^ENABLED^1234',
  'INF_START',
  'INF_STOP',
  'INF_RATE^5.00^ml/h',
  'INF_VTBI^50.0^ml',
  'INF_BOLUS^2.0^ml',
  'ALARM^CLEAR',
  'INF^START',
  'inf',
  'INF ',
].map((body) => ({ what: body, channel: 'serial', bytes: serialFrame(body) }));

const BROKEN_QUESTIONS: readonly Order[] = [
  { what: 'a question with a wrong CRC', channel: 'serial', bytes: ascii('!INF|0000\r') },
  { what: 'a question and an order behind it', channel: 'serial', bytes: ascii('!INF|4961\r!INF_STOP|0000\r') },
  { what: 'a question without its end', channel: 'serial', bytes: ascii('!INF|4961') },
];

const CARD_WRITES: readonly Order[] = ['STR.edf', 'Identification.tgt', 'SETTINGS/X.tgt'].map((path) => ({
  what: 'a file on the card',
  channel: path,
  bytes: ascii('x'),
}));

export const ORDERS: readonly Order[] = [
  ...DELETIONS,
  ...SETTINGS,
  ...PUMP_ORDERS,
  ...BROKEN_QUESTIONS,
  ...CARD_WRITES,
];
