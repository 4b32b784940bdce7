/** One connection between two controllers: what waits on it, what it promises, and how it ends. */
import type { ConnectionParameters, Controller, Timer } from './controller-state.ts';
import { hears, sendEvent, sendLeEvent } from './controller-state.ts';
import type { DeviceAddress, Octets } from './hci.ts';
import { aclPacket, addressOctets, addressTypeOctet, boundary, eventCode, leEvent, status, u16 } from './hci.ts';

interface Waiting {
  readonly start: boolean;
  readonly data: Buffer;
}

export interface LinkEnd {
  readonly link: Link;
  readonly controller: Controller;
  readonly handle: number;
  readonly role: 'central' | 'peripheral';
  /** Data from this end's host, each item occupying one of its controller's buffers. */
  readonly outgoing: Waiting[];
  /** Largest data PDU this end sends, Vol 6 Part B 4.5.10. */
  txOctets: number;
  /** False once the controller has left without a word: reset, or its host's socket died. */
  present: boolean;
}

export interface Link {
  readonly central: LinkEnd;
  readonly peripheral: LinkEnd;
  parameters: ConnectionParameters;
  encryption: 'off' | 'starting' | 'on';
  /** While encryption starts: whether it was on before, so that only the key is changed. */
  wasEncrypted: boolean;
  /** The key the central offered, while the peripheral's host is asked for its own. */
  offeredKey: Buffer | undefined;
  /** Control procedures in the order the hosts asked for them. */
  readonly procedures: (() => void)[];
  connectionEvent: Timer | undefined;
  supervision: Timer | undefined;
  /** Vol 6 Part B 5.2: a control procedure without an answer ends the link. */
  procedureResponse: Timer | undefined;
  ended: boolean;
}

const procedureLimit = 16;
const procedureResponseMs = 40_000;

/** Vol 6 Part B 4.5: both controllers report the new link to their hosts. */
export function connect(central: Controller, peripheral: Controller, parameters: ConnectionParameters): Link {
  const link: Link = {
    get central() {
      return ends.central;
    },
    get peripheral() {
      return ends.peripheral;
    },
    parameters,
    encryption: 'off',
    wasEncrypted: false,
    offeredKey: undefined,
    procedures: [],
    connectionEvent: undefined,
    supervision: undefined,
    procedureResponse: undefined,
    ended: false,
  };
  const ends = {
    central: createEnd(link, central, 'central'),
    peripheral: createEnd(link, peripheral, 'peripheral'),
  };
  for (const end of [ends.central, ends.peripheral]) end.controller.links.set(end.handle, end);
  return link;
}

function createEnd(link: Link, controller: Controller, role: LinkEnd['role']): LinkEnd {
  return { link, controller, handle: freeHandle(controller), role, outgoing: [], txOctets: 27, present: true };
}

/** Handles start above zero: some hosts take handle 0 for "no connection". */
function freeHandle(controller: Controller): number {
  let handle = 0x0040;
  while (controller.links.has(handle)) handle += 1;
  return handle;
}

export function peerOf(end: LinkEnd): LinkEnd {
  return end.role === 'central' ? end.link.peripheral : end.link.central;
}

export function announce(end: LinkEnd, peer: DeviceAddress): void {
  const { interval, latency, supervisionTimeout } = end.link.parameters;
  const role = end.role === 'central' ? 0x00 : 0x01;
  const head = [status.success, ...u16(end.handle), role, addressTypeOctet(peer), ...addressOctets(peer.text)];
  const tail = [...u16(interval), ...u16(latency), ...u16(supervisionTimeout), 0x00];
  sendConnectionComplete(end.controller, head, tail);
}

/** Vol 4 Part E 7.7.65.10: the enhanced event takes the place of the plain one for hosts that ask for it. */
export function sendConnectionComplete(controller: Controller, head: Octets, tail: Octets): void {
  if (hears(controller, leEvent.enhancedConnectionComplete)) {
    const noPrivateAddresses = new Array<number>(12).fill(0);
    sendLeEvent(controller, leEvent.enhancedConnectionComplete, [...head, ...noPrivateAddresses, ...tail]);
  } else sendLeEvent(controller, leEvent.connectionComplete, [...head, ...tail]);
}

/** Takes an ACL packet from the host of this end. */
export function enqueue(end: LinkEnd, flags: number, data: Buffer): void {
  end.controller.buffersInUse += 1;
  end.outgoing.push({ start: flags !== boundary.continuation, data });
  schedule(end.link);
}

/** Queues a control procedure; false when the link already has as many as it remembers. */
export function procedure(link: Link, run: () => void): boolean {
  if (link.procedures.length >= procedureLimit) return false;
  link.procedures.push(run);
  schedule(link);
  return true;
}

export function schedule(link: Link): void {
  if (link.ended || link.connectionEvent !== undefined) return;
  const { air } = link.central.controller;
  link.connectionEvent = air.world.after(air.airtimeMs, () => runConnectionEvent(link));
}

function runConnectionEvent(link: Link): void {
  link.connectionEvent = undefined;
  if (!reachable(link)) return;
  // Vol 6 Part B 5.1.3.1: data waits while encryption starts.
  if (link.encryption !== 'starting') {
    transfer(link.central);
    transfer(link.peripheral);
  }
  for (const run of link.procedures.splice(0)) if (!link.ended) run();
  if (link.procedures.length > 0 || waiting(link)) schedule(link);
}

/** Data that can move: a congested host calls resume() when it reads again. */
function waiting(link: Link): boolean {
  if (link.encryption === 'starting') return false;
  return [link.central, link.peripheral].some(
    (side) => side.outgoing.length > 0 && !peerOf(side).controller.host.congested(),
  );
}

/** The controller's host reads again. */
export function resume(controller: Controller): void {
  for (const side of controller.links.values()) schedule(side.link);
}

/** Moves what waits at this end to the other host, and frees the buffers it held. */
function transfer(end: LinkEnd): void {
  const peer = peerOf(end);
  const queued = end.outgoing.length;
  let moved = 0;
  while (moved < queued && !end.link.ended && !peer.controller.host.congested()) {
    const waiting = end.outgoing.shift();
    if (waiting === undefined) break;
    moved += 1;
    deliver(peer, waiting, end.txOctets);
  }
  if (moved === 0 || end.link.ended) return;
  end.controller.buffersInUse -= moved;
  sendEvent(end.controller, eventCode.completedPackets, [1, ...u16(end.handle), ...u16(moved)]);
}

/** Each data PDU reaches the host as one ACL packet; putting them together is the host's work (L2CAP). */
function deliver(to: LinkEnd, waiting: Waiting, octets: number): void {
  for (let at = 0; at < waiting.data.length; at += octets) {
    const flags = at === 0 && waiting.start ? boundary.start : boundary.continuation;
    to.controller.host.send(aclPacket(to.handle, flags, waiting.data.subarray(at, at + octets)));
  }
}

function reachable(link: Link): boolean {
  return [link.central, link.peripheral].every((end) => end.present && end.controller.inRange);
}

/** Called when either end has come or gone: silence may last as long as the supervision timeout. */
export function supervise(link: Link): void {
  if (link.ended) return;
  if (reachable(link)) {
    link.supervision?.cancel();
    link.supervision = undefined;
    schedule(link);
  } else {
    link.supervision ??= link.central.controller.air.world.after(link.parameters.supervisionTimeout * 10, () =>
      endLink(link, () => status.connectionTimeout),
    );
  }
}

export function awaitResponse(link: Link): void {
  const { world } = link.central.controller.air;
  link.procedureResponse = world.after(procedureResponseMs, () => endLink(link, () => status.responseTimeout));
}

export function responded(link: Link): void {
  link.procedureResponse?.cancel();
  link.procedureResponse = undefined;
}

/** Vol 4 Part E 7.1.6: the other side is told the reason given, this side that it was its own host. */
export function terminate(by: LinkEnd, reason: number): void {
  endLink(by.link, (side) => (side === by ? status.localHost : reason));
}

export function endLink(link: Link, reasonFor: (side: LinkEnd) => number): void {
  if (link.ended) return;
  link.ended = true;
  for (const timer of [link.connectionEvent, link.supervision, link.procedureResponse]) timer?.cancel();
  for (const side of [link.central, link.peripheral]) {
    if (!side.present) continue;
    // Vol 4 Part E 4.1.1: packets of an ended link leave their buffers without being reported.
    side.controller.buffersInUse -= side.outgoing.length;
    side.outgoing.length = 0;
    side.controller.links.delete(side.handle);
  }
  for (const side of [link.central, link.peripheral]) {
    if (!side.present) continue;
    sendEvent(side.controller, eventCode.disconnectionComplete, [
      status.success,
      ...u16(side.handle),
      reasonFor(side) & 0xff,
    ]);
  }
}

/** The controller forgets its links and says nothing; the peers find out by silence. */
export function abandonLinks(controller: Controller): void {
  for (const side of controller.links.values()) {
    side.present = false;
    if (peerOf(side).present) supervise(side.link);
    else endLink(side.link, () => status.connectionTimeout);
  }
  controller.links.clear();
  controller.buffersInUse = 0;
}
