/** What one virtual controller remembers between packets, and how it speaks to its host. */
import type { World } from '../../agent/world.ts';
import type { DeviceAddress, Octets } from './hci.ts';
import { eventCode, eventPacket, u16 } from './hci.ts';
import type { LinkEnd } from './link.ts';

/** What the radio needs of the world: time to wait and randomness. */
export type RadioWorld = Pick<World, 'after' | 'random'>;
export type Timer = ReturnType<RadioWorld['after']>;

/** The medium that every controller shares. */
export interface Air {
  readonly world: RadioWorld;
  /** By public address. */
  readonly controllers: Map<string, Controller>;
  /** From data being queued on a link to its connection event. */
  readonly airtimeMs: number;
  /** What was lost at a bound. */
  readonly counts: { reportsDropped: number; aclOverflows: number };
}

export interface AclLimits {
  /** Largest ACL payload the controller takes from its host. */
  readonly length: number;
  /** How many such packets it holds, over all links. */
  readonly count: number;
}

export interface HostPort {
  /** Takes one whole HCI packet, type byte first. */
  send(packet: Buffer): void;
  /** The host has stopped reading: data waits on the link, advertising reports are dropped. */
  congested(): boolean;
}

/** Vol 4 Part E 7.8.5: ADV_IND, ADV_SCAN_IND, ADV_NONCONN_IND. */
export type AdvertisingType = 0x00 | 0x02 | 0x03;

export interface AdvertisingParameters {
  readonly intervalMs: number;
  readonly type: AdvertisingType;
  readonly ownType: DeviceAddress['type'];
  /** Vol 4 Part E 7.8.5: bit 0 filters scan requests by the accept list, bit 1 connection requests. */
  readonly filterPolicy: number;
}

export interface ScanParameters {
  readonly active: boolean;
  readonly ownType: DeviceAddress['type'];
  readonly acceptListOnly: boolean;
}

export interface ConnectionParameters {
  /** Units of 1.25 ms. */
  readonly interval: number;
  readonly latency: number;
  /** Units of 10 ms. */
  readonly supervisionTimeout: number;
}

export interface Initiation extends ConnectionParameters {
  /** Undefined: anyone on the accept list. */
  readonly peer: DeviceAddress | undefined;
  readonly ownType: DeviceAddress['type'];
}

/** Everything HCI Reset puts back. */
export interface Settings {
  eventMask: bigint;
  leEventMask: bigint;
  leHost: boolean;
  randomAddress: string | undefined;
  advertising: AdvertisingParameters;
  advertisingData: Buffer;
  scanResponseData: Buffer;
  advertisingTimer: Timer | undefined;
  scan: ScanParameters;
  /** Present while scanning: who has been reported, for the duplicate filter. */
  scanning: { readonly filterDuplicates: boolean; readonly seen: Set<string> } | undefined;
  initiating: Initiation | undefined;
  /** Octets this controller suggests for the data PDUs of new links, Vol 4 Part E 7.8.35. */
  defaultDataLength: number;
  readonly acceptList: Map<string, DeviceAddress>;
}

export interface Controller {
  readonly air: Air;
  /** The public address. */
  readonly address: string;
  readonly host: HostPort;
  readonly acl: AclLimits;
  /** How strongly others receive it, dBm. */
  rssi: number;
  inRange: boolean;
  buffersInUse: number;
  readonly links: Map<number, LinkEnd>;
  settings: Settings;
}

export function initialSettings(): Settings {
  return {
    // Vol 4 Part E 7.3.1 and 7.8.1: LE events are off until the host asks for them.
    eventMask: 0x00001fffffffffffn,
    leEventMask: 0x1fn,
    leHost: false,
    randomAddress: undefined,
    advertising: { intervalMs: 1280, type: 0x00, ownType: 'public', filterPolicy: 0 },
    advertisingData: Buffer.alloc(0),
    scanResponseData: Buffer.alloc(0),
    advertisingTimer: undefined,
    scan: { active: false, ownType: 'public', acceptListOnly: false },
    scanning: undefined,
    initiating: undefined,
    defaultDataLength: 27,
    acceptList: new Map(),
  };
}

/** The address a role goes by; undefined when the host chose a random address and never set one. */
export function ownAddress(controller: Controller, type: DeviceAddress['type']): DeviceAddress | undefined {
  if (type === 'public') return { type, text: controller.address };
  const text = controller.settings.randomAddress;
  return text === undefined ? undefined : { type, text };
}

export function acceptKey(address: DeviceAddress): string {
  return `${address.type} ${address.text}`;
}

/** Event mask bits that do not follow the rule "event code minus one", Vol 4 Part E 7.3.1. */
const maskBits: ReadonlyMap<number, bigint> = new Map([
  [eventCode.keyRefreshComplete, 47n],
  [eventCode.leMeta, 61n],
]);
/** Events no mask can hold back. */
const unmasked: ReadonlySet<number> = new Set([
  eventCode.commandComplete,
  eventCode.commandStatus,
  eventCode.completedPackets,
]);

export function sendEvent(controller: Controller, code: number, parameters: Octets): void {
  const bit = maskBits.get(code) ?? BigInt(code - 1);
  if (!unmasked.has(code) && ((controller.settings.eventMask >> bit) & 1n) === 0n) return;
  controller.host.send(eventPacket(code, parameters));
}

export function hears(controller: Controller, subevent: number): boolean {
  const { eventMask, leEventMask } = controller.settings;
  return ((eventMask >> 61n) & 1n) === 1n && ((leEventMask >> BigInt(subevent - 1)) & 1n) === 1n;
}

export function sendLeEvent(controller: Controller, subevent: number, parameters: Octets): void {
  if (hears(controller, subevent)) controller.host.send(eventPacket(eventCode.leMeta, [subevent, ...parameters]));
}

/** Vol 4 Part E 7.7.14. One command at a time is promised; more are taken as they come. */
export function complete(controller: Controller, code: number, result: Octets): void {
  sendEvent(controller, eventCode.commandComplete, [1, ...u16(code), ...result]);
}

/** Vol 4 Part E 7.7.15. */
export function pending(controller: Controller, code: number, result: number): void {
  sendEvent(controller, eventCode.commandStatus, [result, 1, ...u16(code)]);
}
