/** The small host of a simulated peripheral: speaks HCI to its own virtual controller and carries L2CAP channels (Core 5.4 Vol 3 Part A). */
import { createController, removeController, takePacket } from './controller.ts';
import type { AclLimits, Air, Controller } from './controller-state.ts';
import type { DeviceAddress, Octets } from './hci.ts';
import {
  aclPacket,
  boundary,
  commandPacket,
  eventCode,
  leEvent,
  opcode,
  packetType,
  readAddress,
  status,
  u16,
} from './hci.ts';

/** Fixed channels, Vol 3 Part A 2.1. */
export const channel = { attribute: 0x0004, security: 0x0006 } as const;

export interface HostEvents {
  readonly connected: (peer: DeviceAddress) => void;
  readonly disconnected: () => void;
  readonly received: (channelId: number, payload: Buffer) => void;
  readonly encrypted: (on: boolean) => void;
  /** The key that Rand and EDIV name, if this device knows it. */
  readonly keyWanted: (random: Buffer, diversifier: number) => Uint8Array | undefined;
}

export interface Host {
  readonly controller: Controller;
  readonly connected: boolean;
  command(code: number, parameters?: Octets): void;
  /** Queues one PDU; `done` hears true once the controller has sent all of it, false when it will not be. */
  send(channelId: number, payload: Uint8Array, done?: (sent: boolean) => void): void;
  disconnect(): void;
  close(): void;
}

/** How many ACL packets wait for the controller; when there are so many, a further PDU is refused whole. */
const queueLimit = 256;
/** The largest PDU this host puts together: an attribute PDU is never longer than its MTU. */
const largestPdu = 512;

interface Fragment {
  readonly packet: Buffer;
  readonly done: ((sent: boolean) => void) | undefined;
}

interface State {
  handle: number | undefined;
  aclLength: number;
  /** Buffers of the controller that are free. */
  credits: number;
  readonly waiting: Fragment[];
  readonly inFlight: Fragment[];
  partial: Buffer | undefined;
}

export function createHost(air: Air, address: string, acl: AclLimits, rssi: number, events: HostEvents): Host {
  const state: State = { handle: undefined, aclLength: 0, credits: 0, waiting: [], inFlight: [], partial: undefined };
  const port = { send: (packet: Buffer) => takeFromController(host, state, events, packet), congested: () => false };
  const controller = createController(air, address, port, acl, rssi);
  const host: Host = {
    controller,
    get connected() {
      return state.handle !== undefined;
    },
    command: (code, parameters = []) => takePacket(controller, commandPacket(code, parameters)),
    send: (channelId, payload, done) => queue(controller, state, channelId, payload, done),
    disconnect: () => {
      if (state.handle !== undefined) host.command(opcode.disconnect, [...u16(state.handle), status.remoteUser]);
    },
    close: () => {
      removeController(controller);
      forgetLink(state, events);
    },
  };
  host.command(opcode.reset);
  host.command(opcode.setEventMask, new Array<number>(8).fill(0xff));
  host.command(opcode.leSetEventMask, [0x1f, 0, 0, 0, 0, 0, 0, 0]);
  host.command(opcode.leReadBufferSize);
  return host;
}

function takeFromController(host: Host, state: State, events: HostEvents, packet: Buffer): void {
  if (packet[0] === packetType.acl) takeData(state, events, packet);
  else takeEvent(host, state, events, packet.readUInt8(1), packet.subarray(3));
}

function takeEvent(host: Host, state: State, events: HostEvents, code: number, parameters: Buffer): void {
  if (code === eventCode.commandComplete) commandCompleted(state, parameters);
  else if (code === eventCode.completedPackets) packetsCompleted(host.controller, state, parameters.readUInt16LE(3));
  else if (code === eventCode.disconnectionComplete) forgetLink(state, events);
  else if (code === eventCode.encryptionChange) events.encrypted(parameters[3] === 1);
  else if (code === eventCode.leMeta) takeLeEvent(host, state, events, parameters.readUInt8(0), parameters.subarray(1));
}

function takeLeEvent(host: Host, state: State, events: HostEvents, code: number, parameters: Buffer): void {
  if (code === leEvent.connectionComplete && parameters[0] === status.success) {
    state.handle = parameters.readUInt16LE(1);
    events.connected(readAddress(parameters[4], parameters.subarray(5, 11)));
  } else if (code === leEvent.longTermKeyRequest) {
    const handle = parameters.subarray(0, 2);
    const key = events.keyWanted(parameters.subarray(2, 10), parameters.readUInt16LE(10));
    if (key) host.command(opcode.leLongTermKeyReply, [...handle, ...key]);
    else host.command(opcode.leLongTermKeyNegativeReply, [...handle]);
  }
}

function commandCompleted(state: State, parameters: Buffer): void {
  const [code, result] = [parameters.readUInt16LE(1), parameters.readUInt8(3)];
  if (result !== status.success) {
    throw new Error(`a simulated peripheral sent command 0x${code.toString(16)} and was answered status ${result}`);
  }
  if (code !== opcode.leReadBufferSize) return;
  state.aclLength = parameters.readUInt16LE(4);
  state.credits = parameters.readUInt8(6);
}

function queue(
  controller: Controller,
  state: State,
  channelId: number,
  payload: Uint8Array,
  done?: (sent: boolean) => void,
): void {
  const { handle } = state;
  if (handle === undefined || state.waiting.length >= queueLimit) {
    done?.(false);
    return;
  }
  const pdu = Buffer.from([...u16(payload.length), ...u16(channelId), ...payload]);
  for (let at = 0; at < pdu.length; at += state.aclLength) {
    const data = pdu.subarray(at, at + state.aclLength);
    const last = at + data.length === pdu.length;
    const packet = aclPacket(handle, at === 0 ? boundary.startNonFlushable : boundary.continuation, data);
    state.waiting.push({ packet, done: last ? done : undefined });
  }
  flush(controller, state);
}

/** Vol 4 Part E 4.1.1: never more packets than the controller has buffers. */
function flush(controller: Controller, state: State): void {
  while (state.credits > 0) {
    const fragment = state.waiting.shift();
    if (fragment === undefined) return;
    state.credits -= 1;
    state.inFlight.push(fragment);
    takePacket(controller, fragment.packet);
  }
}

function packetsCompleted(controller: Controller, state: State, count: number): void {
  const sent = state.inFlight.splice(0, count);
  state.credits += sent.length;
  for (const fragment of sent) fragment.done?.(true);
  flush(controller, state);
}

/** Data of a link that has ended counts as flushed, and its buffers are free again. */
function forgetLink(state: State, events: HostEvents): void {
  if (state.handle === undefined) return;
  state.handle = undefined;
  state.partial = undefined;
  state.credits += state.inFlight.length;
  const lost = [...state.inFlight.splice(0), ...state.waiting.splice(0)];
  for (const fragment of lost) fragment.done?.(false);
  events.disconnected();
}

/** L2CAP recombination, Vol 3 Part A 7.2.2; a PDU that cannot be put together is dropped. */
function takeData(state: State, events: HostEvents, packet: Buffer): void {
  const data = packet.subarray(5);
  if (packet.readUInt16LE(1) >> 12 === boundary.continuation) {
    state.partial = state.partial && Buffer.concat([state.partial, data]);
  } else state.partial = data;
  const pdu = state.partial;
  if (pdu === undefined || pdu.length < 4) return;
  const length = pdu.readUInt16LE(0);
  if (length > largestPdu || pdu.length > 4 + length) state.partial = undefined;
  else if (pdu.length === 4 + length) {
    state.partial = undefined;
    events.received(pdu.readUInt16LE(2), pdu.subarray(4));
  }
}
