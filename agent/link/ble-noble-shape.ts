/** What is used of noble 1.9.2-26, which has types for its outside only; the leading underscores are its own. */
import type { EventEmitter } from 'node:events';

export interface NobleCharacteristic extends EventEmitter {
  /** noble drops leading zeros of 16-bit UUIDs; see `uuidOf`. */
  readonly uuid: string;
  readonly properties: readonly string[];
  read(): void;
  write(data: Buffer, withoutResponse: boolean): void;
  subscribe(): void;
}

export interface NobleService extends EventEmitter {
  readonly uuid: string;
  discoverCharacteristics(uuids: readonly string[]): void;
}

export interface NoblePeripheral extends EventEmitter {
  readonly id: string;
  readonly address: string;
  readonly connectable: boolean;
  readonly rssi: number;
  readonly state: 'error' | 'connecting' | 'connected' | 'disconnecting' | 'disconnected';
  readonly advertisement: { readonly localName?: string; readonly serviceUuids?: readonly string[] };
  connect(parameters: Readonly<Record<'minInterval' | 'maxInterval' | 'latency' | 'timeout', number>>): void;
  cancelConnect(): void;
  disconnect(): void;
  discoverServices(uuids: readonly string[]): void;
}

export type Table = Record<string, unknown>;

export interface Noble extends EventEmitter {
  initialized: boolean;
  startScanning(uuids: readonly string[], allowDuplicates: boolean): void;
  stopScanning(): void;
  readonly _peripherals: Record<string, NoblePeripheral>;
  readonly _services: Table;
  readonly _characteristics: Table;
  readonly _descriptors: Table;
}

export interface Hci extends EventEmitter {
  _socket: EventEmitter;
  _userChannel: boolean;
  _aclQueue: { readonly handle: number }[];
  readonly _aclConnections: ReadonlyMap<number, unknown>;
  readLeBufferSize(): void;
  getAclBuffers(): Promise<unknown>;
  writeAclDataPkt(handle: number, cid: number, data: Buffer): Promise<void>;
  flushAcl(): Promise<void>;
}

export interface Bindings extends EventEmitter {
  readonly _hci: Hci;
  readonly _gap: EventEmitter & { readonly _discoveries: Table };
  readonly _handles: Readonly<Record<string, string>>;
  readonly _addresses: Table;
  readonly _addresseTypes: Table;
  readonly _connectable: Table;
  readonly scannable: Table;
  init(): void;
}
