/** Invariants 9 and 13: nothing grows without a bound, and nothing outside says whose or which device it is. */
import { ADDRESSES, HUB } from '../settings.ts';
import { first, type Invariant } from './invariant.ts';

/** agent/journal/queue.ts: drafts that may wait for the disk. */
const WAITING_MOST = 20_000;
const ADDRESS = /([0-9a-f]{2}[:-]){5}[0-9a-f]{2}/i;
/** A weight with its three decimals is found nowhere by chance. */
const WEIGHT = /\b\d{2,3}\.\d{3}\b/;

const windowIsHeld: Invariant = {
  design: 9,
  name: 'never more unacknowledged publishes than the broker takes',
  check: ({ fresh }) =>
    first(
      fresh.sent,
      ({ inFlight, receiveMaximum }) =>
        inFlight > receiveMaximum && `${inFlight} were under way, and the broker takes ${receiveMaximum}`,
    ),
};

interface Health {
  readonly journal: { readonly waiting: number };
}

const waitingIsBounded: Invariant = {
  design: 9,
  name: 'drafts that wait for the disk are bounded',
  check: ({ home }) => {
    const health = home.hospital.told.get('health') as Health | undefined;
    const waiting = health?.journal.waiting ?? 0;
    return waiting > WAITING_MOST ? `${waiting} drafts wait` : undefined;
  },
};

export function bounded(): readonly Invariant[] {
  let logRead = 0;

  const logSaysNothing: Invariant = {
    design: 13,
    name: 'no address and no clinical value in a line of the log',
    check: ({ home: { log } }) => {
      const lines = log.slice(logRead);
      logRead = log.length;
      return first(lines, (line) => (ADDRESS.test(line) || WEIGHT.test(line)) && `the log says: ${line}`);
    },
  };

  const ownTopics: Invariant = {
    design: 13,
    name: 'a hub publishes under its own up/, and no topic names a device by its address',
    check: ({ fresh }) =>
      first(
        fresh.sent,
        ({ topic }) =>
          (!topic.startsWith(`hjemmebro/v1/${HUB}/up/`) || ADDRESS.test(topic)) && `published under ${topic}`,
      ),
  };

  const noAddresses: Invariant = {
    design: 13,
    name: 'no address in what the hospital is told',
    check: ({ freshHeld, home }) =>
      first(freshHeld, ({ text, entry }) => hasAddress(text) && `entry ${entry.seq} holds an address`) ??
      first(home.hospital.told, ([what, value]) => hasAddress(JSON.stringify(value)) && `${what} holds an address`),
  };

  return [windowIsHeld, waitingIsBounded, logSaysNothing, ownTopics, noAddresses];
}

function hasAddress(text: string): boolean {
  return ADDRESSES.some((address) => text.toLowerCase().includes(address));
}
