/** HCI commands about secrets: AES, random numbers, and starting encryption on a link (Core 5.4 Vol 4 Part E 7.8.22 to 7.8.26). */
import type { Command } from './commands.ts';
import { immediate, namedLink, overLink, started } from './commands.ts';
import type { Controller } from './controller-state.ts';
import { hears, sendEvent, sendLeEvent } from './controller-state.ts';
import { eventCode, leEvent, opcode, status, u16 } from './hci.ts';
import type { Link, LinkEnd } from './link.ts';
import { awaitResponse, endLink, procedure, responded, schedule } from './link.ts';
import { encryptBlock, randomOctets } from './security-functions.ts';

export const securityCommands: readonly Command[] = [
  immediate({
    opcode: opcode.leEncrypt,
    length: 32,
    returns: 16,
    supported: [27, 6],
    answer: (_, parameters) => encryptBlock(parameters.subarray(0, 16), parameters.subarray(16, 32)),
  }),
  immediate({
    opcode: opcode.leRand,
    returns: 8,
    supported: [27, 7],
    answer: ({ air }) => randomOctets(air.world, 8),
  }),
  started({
    opcode: opcode.leEnableEncryption,
    length: 28,
    supported: [28, 0],
    start: (controller, parameters) => {
      const end = namedLink(controller, parameters);
      // Vol 4 Part E 7.8.24: the central's command only, and one at a time.
      if (end?.role === 'peripheral' || end?.link.offeredKey !== undefined) return status.disallowed;
      const asked = overLink(controller, parameters, ({ link }) => requestKey(link, parameters.subarray(2, 12)));
      if (end !== undefined && asked === status.success) end.link.offeredKey = Buffer.from(parameters.subarray(12, 28));
      return asked;
    },
  }),
  immediate({
    opcode: opcode.leLongTermKeyReply,
    length: 18,
    returns: 2,
    supported: [28, 1],
    answer: (controller, parameters) => answerKey(controller, parameters, parameters.subarray(2, 18)),
  }),
  immediate({
    opcode: opcode.leLongTermKeyNegativeReply,
    length: 2,
    returns: 2,
    supported: [28, 2],
    answer: (controller, parameters) => answerKey(controller, parameters, undefined),
  }),
];

/** Vol 6 Part B 5.1.3: the peripheral's host is asked for the key that Rand and EDIV name. */
function requestKey(link: Link, identification: Uint8Array): void {
  const { peripheral } = link;
  awaitResponse(link);
  link.wasEncrypted = link.encryption === 'on';
  link.encryption = 'starting';
  if (!hears(peripheral.controller, leEvent.longTermKeyRequest)) {
    keyMissing(link);
    return;
  }
  sendLeEvent(peripheral.controller, leEvent.longTermKeyRequest, [...u16(peripheral.handle), ...identification]);
}

function answerKey(controller: Controller, parameters: Buffer, key: Uint8Array | undefined): number | number[] {
  const end = namedLink(controller, parameters);
  if (end === undefined) return status.unknownConnection;
  const { link } = end;
  if (end.role !== 'peripheral' || link.encryption !== 'starting') return status.disallowed;
  const queued = procedure(link, () => {
    if (key === undefined) keyMissing(link);
    else if (link.offeredKey?.equals(key)) encrypted(link);
    // Vol 6 Part B 5.1.3.1: with different keys the first encrypted packet fails its integrity check.
    else endLink(link, () => status.micFailure);
  });
  return queued ? u16(end.handle) : status.disallowed;
}

/** Vol 6 Part B 5.1.3.1: LL_REJECT_IND with Pin or Key Missing; only the central's host hears of it. */
function keyMissing(link: Link): void {
  settle(link, link.wasEncrypted ? 'on' : 'off');
  sendEncryptionChange(link.central, status.keyMissing, link.wasEncrypted);
}

function encrypted(link: Link): void {
  const refreshed = link.wasEncrypted;
  settle(link, 'on');
  for (const end of [link.central, link.peripheral]) {
    if (refreshed) sendEvent(end.controller, eventCode.keyRefreshComplete, [status.success, ...u16(end.handle)]);
    else sendEncryptionChange(end, status.success, true);
  }
}

function settle(link: Link, encryption: Link['encryption']): void {
  responded(link);
  link.encryption = encryption;
  link.offeredKey = undefined;
  schedule(link);
}

function sendEncryptionChange(end: LinkEnd, result: number, on: boolean): void {
  sendEvent(end.controller, eventCode.encryptionChange, [result, ...u16(end.handle), on ? 1 : 0]);
}
