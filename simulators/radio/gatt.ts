/** What a simulated peripheral offers over the air: a GATT database as data, and the calls its owner may make on it. */

/** Bluetooth Core 5.4, Vol 3, Part G, 3.3.1.1: characteristic properties. */
export type GattProperty = 'read' | 'write' | 'write-without-response' | 'notify' | 'indicate';

export interface GattCharacteristic {
  /** 16-bit as four lower-case hex digits ('2a5f'), or 128-bit as 32 lower-case hex digits. */
  readonly uuid: string;
  readonly properties: readonly GattProperty[];
  /** Refused with "insufficient authentication" (ATT 0x05) until the link is encrypted. */
  readonly encrypted?: boolean;
  /** Answers a read; omitted for characteristics that cannot be read. */
  readonly read?: () => Uint8Array;
  /** Takes a write; returns an ATT error code to refuse it, or undefined to accept. */
  readonly write?: (value: Uint8Array) => number | undefined;
}

export interface GattService {
  readonly uuid: string;
  readonly characteristics: readonly GattCharacteristic[];
}

export interface PeripheralOptions {
  /** Public address as aa:bb:cc:dd:ee:ff. */
  readonly address: string;
  readonly name: string;
  /** Service UUIDs put into the advertisement. */
  readonly advertises: readonly string[];
  readonly services: readonly GattService[];
  /** Received signal strength as the central will measure it, dBm (-127..20). */
  readonly rssi?: number;
}

/** A peripheral in the air. Its owner is the simulated device. */
export interface Peripheral {
  readonly address: string;
  /** Starts (true) or stops (false) connectable advertising; advertising stops by itself while connected. */
  advertise(on: boolean): void;
  readonly connected: boolean;
  /** Whether the central has enabled notifications or indications of this characteristic in this connection. */
  subscribed(characteristic: string): boolean;
  /** Queues a notification; resolves true when the central's controller has taken it, false when it could not be sent. */
  notify(characteristic: string, value: Uint8Array): Promise<boolean>;
  /** Sends an indication; resolves true when the central's host has confirmed it, false on link loss or 30 s without. */
  indicate(characteristic: string, value: Uint8Array): Promise<boolean>;
  /** Ends the connection from this side (reason 0x13, remote user terminated). */
  disconnect(): void;
  on(event: 'connected' | 'disconnected', listener: () => void): void;
  on(event: 'subscribed' | 'unsubscribed', listener: (characteristic: string) => void): void;
  /** Leaves the air for good. */
  close(): void;
}
