/** A simulated peripheral in the air: its host, its attributes, and what its owner may ask of it. */
import { EventEmitter } from 'node:events';
import { advertisingData, padded, scanResponseData } from './advertisement.ts';
import type { Bearer } from './att-bearer.ts';
import { configurationBit, createBearer } from './att-bearer.ts';
import type { Database } from './att-database.ts';
import { buildDatabase, valueAttribute } from './att-database.ts';
import { answerAttribute, attOpcode } from './att-server.ts';
import type { AclLimits, Air, Timer } from './controller-state.ts';
import { airtimeUs, longestDataPdu } from './data-length.ts';
import type { Peripheral, PeripheralOptions } from './gatt.ts';
import type { DeviceAddress } from './hci.ts';
import { opcode, u16 } from './hci.ts';
import type { Host, HostEvents } from './host.ts';
import { channel, createHost } from './host.ts';
import type { Bonds, Pairing } from './pairing.ts';
import { createPairing } from './pairing.ts';

/** Vol 3 Part F 3.3.3: a transaction not completed within 30 seconds has failed. */
const transactionMs = 30_000;
const indicationLimit = 64;
const defaultRssi = -60;
/** 100 ms, a common advertising interval of medical devices. */
const advertisingInterval = 160;

interface Indication {
  readonly pdu: Buffer;
  readonly done: (confirmed: boolean) => void;
  timer: Timer | undefined;
}

interface State {
  readonly air: Air;
  readonly database: Database;
  readonly bonds: Bonds;
  readonly events: EventEmitter;
  /** What the owner wants; the controller advertises only while there is no connection. */
  wantsAdvertising: boolean;
  closed: boolean;
  connection: Connection | undefined;
}

interface Connection {
  readonly bearer: Bearer;
  readonly pairing: Pairing;
  readonly indications: Indication[];
  /** Told to the owner after the write has been answered, so that nothing it sends overtakes the answer. */
  readonly subscriptions: { readonly event: 'subscribed' | 'unsubscribed'; readonly characteristic: string }[];
}

export function createPeripheral(air: Air, options: PeripheralOptions, acl: AclLimits): Peripheral {
  const address = options.address.toLowerCase();
  if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/.test(address)) throw new RangeError(`not an address: "${options.address}"`);
  const state: State = {
    air,
    database: buildDatabase(options.name, options.services),
    bonds: [],
    events: new EventEmitter(),
    wantsAdvertising: false,
    closed: false,
    connection: undefined,
  };
  const host: Host = createHost(
    air,
    address,
    acl,
    options.rssi ?? defaultRssi,
    hostEvents(state, address, () => host),
  );
  host.command(opcode.leWriteDefaultDataLength, [...u16(longestDataPdu), ...u16(airtimeUs(longestDataPdu))]);
  const interval = [...u16(advertisingInterval), ...u16(advertisingInterval)];
  host.command(opcode.leSetAdvertisingParameters, [...interval, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x07, 0]);
  host.command(opcode.leSetAdvertisingData, padded(advertisingData(options.advertises)));
  host.command(opcode.leSetScanResponseData, padded(scanResponseData(options.name)));
  return face(state, host, address);
}

function face(state: State, host: Host, address: string): Peripheral {
  return {
    address,
    get connected() {
      return host.connected;
    },
    advertise: (on) => {
      state.wantsAdvertising = on;
      updateAdvertising(state, host);
    },
    subscribed: (characteristic) => (state.connection?.bearer.configuration.get(characteristic) ?? 0) !== 0,
    notify: (characteristic, value) =>
      new Promise((resolve) => {
        const pdu = valuePdu(state, characteristic, value, 'notify');
        if (pdu === undefined) resolve(false);
        else host.send(channel.attribute, pdu, resolve);
      }),
    indicate: (characteristic, value) =>
      new Promise((resolve) => {
        const pdu = valuePdu(state, characteristic, value, 'indicate');
        if (pdu === undefined) resolve(false);
        else queueIndication(state, host, pdu, resolve);
      }),
    disconnect: () => host.disconnect(),
    on: (event: string, listener: (characteristic: string) => void) => {
      state.events.on(event, listener);
    },
    close: () => {
      if (state.closed) return;
      state.closed = true;
      host.close();
    },
  };
}

function updateAdvertising(state: State, host: Host): void {
  const on = state.wantsAdvertising && !host.connected;
  if (!state.closed) host.command(opcode.leSetAdvertisingEnable, [on ? 1 : 0]);
}

/** The host is made after its events; they only happen once it is. */
function hostEvents(state: State, address: string, hostOf: () => Host): HostEvents {
  return {
    connected: (central) => connected(state, address, central, hostOf()),
    disconnected: () => {
      const lost = state.connection;
      state.connection = undefined;
      for (const indication of lost?.indications.splice(0) ?? []) settle(indication, false);
      state.events.emit('disconnected');
      updateAdvertising(state, hostOf());
    },
    received: (channelId, payload) => {
      if (channelId === channel.attribute) attributeReceived(state, hostOf(), payload);
      else if (channelId === channel.security) state.connection?.pairing.received(payload);
    },
    encrypted: (on) => {
      if (state.connection === undefined) return;
      state.connection.bearer.encrypted = on;
      if (on) state.connection.pairing.encrypted();
    },
    keyWanted: (random, diversifier) => state.connection?.pairing.keyWanted(random, diversifier),
  };
}

function connected(state: State, address: string, central: DeviceAddress, host: Host): void {
  const subscriptions: Connection['subscriptions'] = [];
  state.connection = {
    subscriptions,
    bearer: createBearer(state.database, (characteristic, subscribed) =>
      subscriptions.push({ event: subscribed ? 'subscribed' : 'unsubscribed', characteristic }),
    ),
    pairing: createPairing({
      world: state.air.world,
      central,
      own: { type: 'public', text: address },
      bonds: state.bonds,
      send: (pdu) => host.send(channel.security, pdu),
    }),
    indications: [],
  };
  state.events.emit('connected');
}

function attributeReceived(state: State, host: Host, pdu: Buffer): void {
  const { connection } = state;
  if (connection === undefined) return;
  if (pdu[0] === attOpcode.confirmation) {
    const confirmed = connection.indications[0]?.timer === undefined ? undefined : connection.indications.shift();
    if (confirmed) settle(confirmed, true);
    sendIndication(state, host);
    return;
  }
  const response = answerAttribute(connection.bearer, pdu);
  if (response) host.send(channel.attribute, response);
  for (const { event, characteristic } of connection.subscriptions.splice(0)) state.events.emit(event, characteristic);
}

/** Undefined when the value cannot go: no such characteristic, not subscribed, not encrypted, or longer than the MTU takes. */
function valuePdu(state: State, uuid: string, value: Uint8Array, how: 'notify' | 'indicate'): Buffer | undefined {
  const bearer = state.connection?.bearer;
  const found = valueAttribute(state.database, uuid);
  if (found === undefined) throw new RangeError(`no characteristic ${uuid} here`);
  if (bearer === undefined || ((bearer.configuration.get(uuid) ?? 0) & configurationBit[how]) === 0) return undefined;
  if ((found.characteristic.encrypted && !bearer.encrypted) || value.length > bearer.mtu - 3) return undefined;
  const code = how === 'notify' ? attOpcode.notification : attOpcode.indication;
  return Buffer.from([code, ...u16(found.handle), ...value]);
}

/** Vol 3 Part F 3.3.2: one indication at a time; the next waits for the confirmation. */
function queueIndication(state: State, host: Host, pdu: Buffer, done: (confirmed: boolean) => void): void {
  const indications = state.connection?.indications;
  if (indications === undefined || indications.length >= indicationLimit) {
    done(false);
    return;
  }
  indications.push({ pdu, done, timer: undefined });
  sendIndication(state, host);
}

function sendIndication(state: State, host: Host): void {
  const indications = state.connection?.indications ?? [];
  const next = indications[0];
  if (next === undefined || next.timer !== undefined) return;
  // Vol 3 Part F 3.3.3: after a timeout the bearer is not used again, so the connection goes too.
  next.timer = state.air.world.after(transactionMs, () => {
    settle(next, false);
    host.disconnect();
  });
  host.send(channel.attribute, next.pdu, (sent) => {
    if (sent) return;
    const at = indications.indexOf(next);
    if (at >= 0) indications.splice(at, 1);
    settle(next, false);
  });
}

function settle(indication: Indication, confirmed: boolean): void {
  indication.timer?.cancel();
  indication.done(confirmed);
}
