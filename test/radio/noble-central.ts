/** A central no one here wrote: noble on an H4 stream, and what these tests use of it. */
import type { EventEmitter } from 'node:events';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type HciOverStream, openH4, replaceNativeSocket, require } from './hci-over-stream.ts';

export interface NobleCharacteristic extends EventEmitter {
  readonly uuid: string;
  readonly properties: readonly string[];
  readAsync(): Promise<Buffer>;
  writeAsync(data: Buffer, withoutResponse: boolean): Promise<void>;
  subscribeAsync(): Promise<void>;
  unsubscribeAsync(): Promise<void>;
}

export interface NoblePeripheral extends EventEmitter {
  readonly address: string;
  readonly rssi: number;
  readonly mtu: number | null;
  readonly state: string;
  readonly advertisement: { readonly localName?: string; readonly serviceUuids: readonly string[] };
  connectAsync(): Promise<void>;
  cancelConnect(): void;
  disconnectAsync(): Promise<void>;
  updateRssiAsync(): Promise<number>;
  discoverAllServicesAndCharacteristicsAsync(): Promise<{ readonly characteristics: readonly NobleCharacteristic[] }>;
}

interface Noble extends EventEmitter {
  readonly state: string;
  startScanningAsync(services: readonly string[], allowDuplicates: boolean): Promise<void>;
  stopScanningAsync(): Promise<void>;
}

/** noble's pairing, found on its connection; it tells what must be kept. */
export interface NobleSmp extends EventEmitter {
  on(event: 'ltk', listener: (key: Buffer) => void): this;
  on(event: 'masterIdent', listener: (diversifier: Buffer, random: Buffer) => void): this;
}

interface NobleBindings {
  readonly _handles: Readonly<Record<string, number>>;
  readonly _aclStreams: Readonly<Record<number, { readonly _smp: NobleSmp; encrypt: () => void }>>;
  readonly _hci: EventEmitter & {
    readonly _socket: HciOverStream;
    startLeEncryption(handle: number, random: Buffer, diversifier: Buffer, key: Buffer): void;
  };
}

export interface Opened {
  readonly peripheral: NoblePeripheral;
  readonly characteristic: (uuid: string) => NobleCharacteristic;
}

export interface Central {
  readonly noble: Noble;
  readonly bindings: NobleBindings;
  readonly stream: Socket;
  /** Scans until each of these addresses has been discovered. */
  findAll(addresses: readonly string[]): Promise<readonly NoblePeripheral[]>;
  find(address: string): Promise<NoblePeripheral>;
  /** Connects and discovers; characteristics by UUID. */
  enter(peripheral: NoblePeripheral): Promise<Opened>;
  /** Finds and enters. */
  open(address: string): Promise<Opened>;
  handleOf(peripheral: NoblePeripheral): number;
}

export async function nobleCentral(address: string): Promise<Central> {
  replaceNativeSocket();
  const Bindings = require('@abandonware/noble/lib/hci-socket/bindings') as new (options: object) => NobleBindings;
  const withBindings = require('@abandonware/noble/with-bindings') as (bindings: NobleBindings) => Noble;
  const stream = await openH4(address);
  const bindings = new Bindings({});
  bindings._hci._socket.attach(stream);
  const noble = withBindings(bindings);
  const poweredOn = once(noble, 'stateChange');
  await poweredOn;
  const find = async (wanted: string): Promise<NoblePeripheral> => {
    const [found] = await findPeripherals(noble, [wanted]);
    if (found === undefined) throw new Error(`noble did not discover ${wanted}`);
    return found;
  };
  return {
    noble,
    bindings,
    stream,
    findAll: (wanted) => findPeripherals(noble, wanted),
    find,
    enter,
    open: async (wanted) => enter(await find(wanted)),
    handleOf: (peripheral) => bindings._handles[peripheral.address.replaceAll(':', '')] ?? 0,
  };
}

async function enter(peripheral: NoblePeripheral): Promise<Opened> {
  await peripheral.connectAsync();
  const { characteristics } = await peripheral.discoverAllServicesAndCharacteristicsAsync();
  return { peripheral, characteristic: (uuid) => byUuid(characteristics, uuid) };
}

async function findPeripherals(noble: Noble, addresses: readonly string[]): Promise<readonly NoblePeripheral[]> {
  const found = new Map<string, NoblePeripheral>();
  const all = new Promise<void>((resolve) => {
    const seen = (peripheral: NoblePeripheral): void => {
      if (addresses.includes(peripheral.address)) found.set(peripheral.address, peripheral);
      if (found.size < addresses.length) return;
      noble.off('discover', seen);
      resolve();
    };
    noble.on('discover', seen);
  });
  await noble.startScanningAsync([], true);
  await all;
  await noble.stopScanningAsync();
  return addresses.flatMap((address) => found.get(address) ?? []);
}

function byUuid(characteristics: readonly NobleCharacteristic[], uuid: string): NobleCharacteristic {
  const found = characteristics.find((each) => each.uuid === uuid);
  if (found === undefined) throw new Error(`noble did not discover ${uuid}`);
  return found;
}

/** The next values a characteristic pushes, in order. */
export function pushed(characteristic: NobleCharacteristic, count: number): Promise<readonly Buffer[]> {
  const values: Buffer[] = [];
  return new Promise((resolve) => {
    const take = (data: Buffer, isNotification: boolean): void => {
      if (!isNotification || values.push(data) < count) return;
      characteristic.off('data', take);
      resolve(values);
    };
    characteristic.on('data', take);
  });
}
