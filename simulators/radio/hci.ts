/** The words of the Host Controller Interface that the virtual radio knows, and the packets they make (Core 5.4 Vol 4 Part E). */

/** H4 packet indicators, Vol 4 Part A 2. */
export const packetType = { command: 0x01, acl: 0x02, event: 0x04 } as const;

/** Vol 1 Part F 1.3. */
export const status = {
  success: 0x00,
  unknownCommand: 0x01,
  unknownConnection: 0x02,
  keyMissing: 0x06,
  connectionTimeout: 0x08,
  connectionLimit: 0x09,
  alreadyConnected: 0x0b,
  disallowed: 0x0c,
  unsupported: 0x11,
  invalidParameters: 0x12,
  remoteUser: 0x13,
  localHost: 0x16,
  responseTimeout: 0x22,
  micFailure: 0x3d,
} as const;

/** Vol 4 Part E 7.1 to 7.8: group << 10 | command. */
export const opcode = {
  disconnect: 0x0406,
  readRemoteVersion: 0x041d,
  setEventMask: 0x0c01,
  reset: 0x0c03,
  hostNumberOfCompletedPackets: 0x0c35,
  setEventMaskPage2: 0x0c63,
  readLeHostSupport: 0x0c6c,
  writeLeHostSupport: 0x0c6d,
  readLocalVersion: 0x1001,
  readLocalCommands: 0x1002,
  readLocalFeatures: 0x1003,
  readBufferSize: 0x1005,
  readAddress: 0x1009,
  readRssi: 0x1405,
  leSetEventMask: 0x2001,
  leReadBufferSize: 0x2002,
  leReadLocalFeatures: 0x2003,
  leSetRandomAddress: 0x2005,
  leSetAdvertisingParameters: 0x2006,
  leReadAdvertisingPower: 0x2007,
  leSetAdvertisingData: 0x2008,
  leSetScanResponseData: 0x2009,
  leSetAdvertisingEnable: 0x200a,
  leSetScanParameters: 0x200b,
  leSetScanEnable: 0x200c,
  leCreateConnection: 0x200d,
  leCreateConnectionCancel: 0x200e,
  leReadAcceptListSize: 0x200f,
  leClearAcceptList: 0x2010,
  leAddToAcceptList: 0x2011,
  leRemoveFromAcceptList: 0x2012,
  leConnectionUpdate: 0x2013,
  leSetHostChannels: 0x2014,
  leReadChannelMap: 0x2015,
  leReadRemoteFeatures: 0x2016,
  leEncrypt: 0x2017,
  leRand: 0x2018,
  leEnableEncryption: 0x2019,
  leLongTermKeyReply: 0x201a,
  leLongTermKeyNegativeReply: 0x201b,
  leReadSupportedStates: 0x201c,
  leSetDataLength: 0x2022,
  leReadDefaultDataLength: 0x2023,
  leWriteDefaultDataLength: 0x2024,
  leReadMaximumDataLength: 0x202f,
} as const;

/** Vol 4 Part E 7.7. */
export const eventCode = {
  disconnectionComplete: 0x05,
  encryptionChange: 0x08,
  remoteVersionComplete: 0x0c,
  commandComplete: 0x0e,
  commandStatus: 0x0f,
  hardwareError: 0x10,
  completedPackets: 0x13,
  bufferOverflow: 0x1a,
  keyRefreshComplete: 0x30,
  leMeta: 0x3e,
} as const;

/** Vol 4 Part E 7.7.65. */
export const leEvent = {
  connectionComplete: 0x01,
  advertisingReport: 0x02,
  connectionUpdateComplete: 0x03,
  remoteFeaturesComplete: 0x04,
  longTermKeyRequest: 0x05,
  dataLengthChange: 0x07,
  enhancedConnectionComplete: 0x0a,
} as const;

/** Packet boundary flags, Vol 4 Part E 5.4.2. */
export const boundary = { startNonFlushable: 0b00, continuation: 0b01, start: 0b10 } as const;

export type Octets = readonly number[] | Uint8Array;

export function u16(value: number): [number, number] {
  return [value & 0xff, (value >> 8) & 0xff];
}

export function commandPacket(code: number, parameters: Octets = []): Buffer {
  return Buffer.from([packetType.command, ...u16(code), parameters.length, ...parameters]);
}

export function eventPacket(code: number, parameters: Octets): Buffer {
  return Buffer.from([packetType.event, code, parameters.length, ...parameters]);
}

export function aclPacket(handle: number, flags: number, data: Uint8Array): Buffer {
  const packet = Buffer.allocUnsafe(5 + data.length);
  packet[0] = packetType.acl;
  packet.writeUInt16LE(handle | (flags << 12), 1);
  packet.writeUInt16LE(data.length, 3);
  packet.set(data, 5);
  return packet;
}

/** A device address as it is compared; on the wire it is six octets, least significant first. */
export interface DeviceAddress {
  readonly type: 'public' | 'random';
  /** aa:bb:cc:dd:ee:ff, lower case. */
  readonly text: string;
}

export function addressOctets(text: string): number[] {
  return text
    .split(':')
    .map((octet) => Number.parseInt(octet, 16))
    .reverse();
}

export function addressText(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, '0'))
    .reverse()
    .join(':');
}

export function readAddress(type: number | undefined, octets: Uint8Array): DeviceAddress {
  return { type: type === 0x01 ? 'random' : 'public', text: addressText(octets) };
}

export function addressTypeOctet(address: DeviceAddress): number {
  return address.type === 'random' ? 0x01 : 0x00;
}

export function sameAddress(a: DeviceAddress, b: DeviceAddress): boolean {
  return a.type === b.type && a.text === b.text;
}
