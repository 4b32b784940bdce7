/** The responder's side of LE legacy Just Works pairing, and the bonds it leaves (Core 5.4 Vol 3 Part H 2.3, 3.5). */
import type { RadioWorld } from './controller-state.ts';
import type { DeviceAddress } from './hci.ts';
import { addressOctets, addressTypeOctet, u16 } from './hci.ts';
import { confirmValue, randomOctets, shortTermKey } from './security-functions.ts';

/** Vol 3 Part H 3.3. */
const code = {
  pairingRequest: 0x01,
  pairingResponse: 0x02,
  pairingConfirm: 0x03,
  pairingRandom: 0x04,
  pairingFailed: 0x05,
  encryptionInformation: 0x06,
  centralIdentification: 0x07,
} as const;

/** Vol 3 Part H 3.5.5. */
const failure = {
  confirmValueFailed: 0x04,
  commandNotSupported: 0x07,
  invalidParameters: 0x0a,
} as const;

/** NoInputNoOutput, no OOB, bonding without MITM, 16 octets of key, responder distributes EncKey: what a cuff does. */
const response = Buffer.from([code.pairingResponse, 0x03, 0x00, 0x01, 0x10, 0x00, 0x01]);
/** Just Works: the temporary key is zero, Vol 3 Part H 2.3.5.2. */
const temporaryKey = Buffer.alloc(16);
const bondLimit = 8;

interface Bond {
  readonly random: Buffer;
  readonly diversifier: number;
  readonly key: Buffer;
}

/** What a device keeps when a connection ends. */
export type Bonds = Bond[];

interface Exchange {
  request: Buffer | undefined;
  confirm: Buffer | undefined;
  readonly ownRandom: Buffer;
  shortTermKey: Buffer | undefined;
}

export interface Pairing {
  received(pdu: Buffer): void;
  keyWanted(random: Buffer, diversifier: number): Uint8Array | undefined;
  /** Encryption has come on; after a pairing the long term key is distributed, Vol 3 Part H 2.4.3. */
  encrypted(): void;
}

export interface PairingOptions {
  readonly world: RadioWorld;
  readonly central: DeviceAddress;
  readonly own: DeviceAddress;
  readonly bonds: Bonds;
  readonly send: (pdu: Uint8Array) => void;
}

interface Session extends PairingOptions {
  exchange: Exchange;
}

export function createPairing(options: PairingOptions): Pairing {
  const session: Session = { ...options, exchange: begin(options.world) };
  return {
    received: (pdu) => received(session, pdu),
    keyWanted: (random, diversifier) => {
      // Vol 3 Part H 2.4.4.1: the short term key goes by Rand and EDIV of zero.
      if (diversifier === 0 && random.every((octet) => octet === 0)) return session.exchange.shortTermKey;
      return session.bonds.find((bond) => bond.diversifier === diversifier && bond.random.equals(random))?.key;
    },
    encrypted: () => distributeKey(session),
  };
}

function received(session: Session, pdu: Buffer): void {
  const { request } = session.exchange;
  if (pdu[0] === code.pairingRequest && pdu.length === 7) {
    session.exchange = { ...begin(session.world), request: Buffer.from(pdu) };
    session.send(response);
  } else if (pdu[0] === code.pairingConfirm && pdu.length === 17 && request) {
    session.exchange.confirm = Buffer.from(pdu.subarray(1));
    const own = confirm(session, session.exchange.ownRandom, request);
    session.send(Buffer.concat([Buffer.from([code.pairingConfirm]), own]));
  } else if (pdu[0] === code.pairingRandom && pdu.length === 17 && request) {
    checkRandom(session, pdu.subarray(1), request);
  } else if (pdu[0] === code.pairingFailed) session.exchange = begin(session.world);
  else fail(session, isKnown(pdu[0]) ? failure.invalidParameters : failure.commandNotSupported);
}

function checkRandom(session: Session, random: Buffer, request: Buffer): void {
  const { exchange } = session;
  if (exchange.confirm?.equals(confirm(session, random, request))) {
    exchange.shortTermKey = shortTermKey(temporaryKey, exchange.ownRandom, random);
    session.send(Buffer.concat([Buffer.from([code.pairingRandom]), exchange.ownRandom]));
  } else fail(session, failure.confirmValueFailed);
}

function confirm({ central, own }: Session, random: Uint8Array, request: Buffer): Buffer {
  return confirmValue(temporaryKey, random, { request, response, initiator: octets(central), responder: octets(own) });
}

function fail(session: Session, reason: number): void {
  session.exchange = begin(session.world);
  session.send(Buffer.from([code.pairingFailed, reason]));
}

function distributeKey(session: Session): void {
  const { world, bonds, exchange } = session;
  if (exchange.shortTermKey === undefined) return;
  session.exchange = begin(world);
  // Octet 6 of the request: what the initiator wants from the responder; bit 0 is the long term key.
  if (((exchange.request?.[6] ?? 0) & 0x01) === 0) return;
  const diversifier = 1 + Math.floor(world.random() * 0xffff);
  const bond = { random: randomOctets(world, 8), diversifier, key: randomOctets(world, 16) };
  bonds.push(bond);
  if (bonds.length > bondLimit) bonds.shift();
  session.send(Buffer.from([code.encryptionInformation, ...bond.key]));
  session.send(Buffer.from([code.centralIdentification, ...u16(bond.diversifier), ...bond.random]));
}

function begin(world: RadioWorld): Exchange {
  return { request: undefined, confirm: undefined, ownRandom: randomOctets(world, 16), shortTermKey: undefined };
}

function isKnown(octet: number | undefined): boolean {
  return Object.values(code).some((each) => each === octet);
}

function octets(address: DeviceAddress): Buffer {
  return Buffer.from([addressTypeOctet(address), ...addressOctets(address.text)]);
}
