/** HCI commands about connections: making, changing, asking about and ending them (Core 5.4 Vol 4 Part E 7.1, 7.8). */
import { linkedTo } from './air.ts';
import type { Command } from './commands.ts';
import { immediate, namedLink, overLink, started } from './commands.ts';
import { leFeatures, remoteVersion } from './commands-controller.ts';
import type { ConnectionParameters, Controller } from './controller-state.ts';
import { ownAddress, sendEvent, sendLeEvent } from './controller-state.ts';
import { airtimeUs, changeDataLength, longestDataPdu, shortestDataPdu } from './data-length.ts';
import { eventCode, leEvent, opcode, readAddress, status, u16 } from './hci.ts';
import { procedure, sendConnectionComplete, terminate } from './link.ts';

/** Vol 4 Part E 7.1.6: the reasons a host may give. */
const disconnectReasons: ReadonlySet<number> = new Set([0x05, 0x13, 0x14, 0x15, 0x1a, 0x29, 0x3b]);
const linkLimit = 32;
const maximumDataLength = [...u16(longestDataPdu), ...u16(airtimeUs(longestDataPdu))];

export const connectionCommands: readonly Command[] = [
  started({
    opcode: opcode.disconnect,
    length: 3,
    supported: [0, 5],
    start: (controller, parameters) => {
      const reason = parameters.readUInt8(2);
      if (!disconnectReasons.has(reason)) return status.invalidParameters;
      return overLink(controller, parameters, (end) => terminate(end, reason));
    },
  }),
  started({
    opcode: opcode.readRemoteVersion,
    length: 2,
    supported: [2, 7],
    start: (controller, parameters) =>
      overLink(controller, parameters, ({ handle }) =>
        sendEvent(controller, eventCode.remoteVersionComplete, [status.success, ...u16(handle), ...remoteVersion]),
      ),
  }),
  started({
    opcode: opcode.leReadRemoteFeatures,
    length: 2,
    supported: [27, 5],
    start: (controller, parameters) =>
      overLink(controller, parameters, ({ handle }) =>
        sendLeEvent(controller, leEvent.remoteFeaturesComplete, [status.success, ...u16(handle), ...leFeatures]),
      ),
  }),
  started({ opcode: opcode.leCreateConnection, length: 25, supported: [26, 4], start: createConnection }),
  immediate({ opcode: opcode.leCreateConnectionCancel, supported: [26, 5], answer: cancelConnection }),
  started({ opcode: opcode.leConnectionUpdate, length: 14, supported: [27, 2], start: updateConnection }),
  immediate({ opcode: opcode.leSetHostChannels, length: 5, supported: [27, 3], answer: () => [] }),
  immediate({
    opcode: opcode.leReadChannelMap,
    length: 2,
    returns: 7,
    supported: [27, 4],
    answer: (controller, parameters) => {
      const end = namedLink(controller, parameters);
      return end === undefined ? status.unknownConnection : [...u16(end.handle), 0xff, 0xff, 0xff, 0xff, 0x1f];
    },
  }),
  immediate({ opcode: opcode.leSetDataLength, length: 6, returns: 2, supported: [33, 6], answer: setDataLength }),
  immediate({
    opcode: opcode.leReadDefaultDataLength,
    returns: 4,
    supported: [33, 7],
    answer: ({ settings: { defaultDataLength } }) => [...u16(defaultDataLength), ...u16(airtimeUs(defaultDataLength))],
  }),
  immediate({
    opcode: opcode.leWriteDefaultDataLength,
    length: 4,
    supported: [34, 0],
    answer: ({ settings }, parameters) => {
      const octets = parameters.readUInt16LE(0);
      if (octets < shortestDataPdu || octets > longestDataPdu) return status.invalidParameters;
      settings.defaultDataLength = octets;
      return [];
    },
  }),
  immediate({
    opcode: opcode.leReadMaximumDataLength,
    returns: 8,
    supported: [35, 3],
    answer: () => [...maximumDataLength, ...maximumDataLength],
  }),
];

function createConnection(controller: Controller, parameters: Buffer): number {
  const { settings } = controller;
  const useAcceptList = parameters.readUInt8(4) === 0x01;
  const peer = readAddress(parameters[5], parameters.subarray(6, 12));
  const ownType = parameters.readUInt8(12) === 0x01 ? 'random' : 'public';
  const wanted = readParameters(parameters, 13);
  const [scanInterval, scanWindow] = [parameters.readUInt16LE(0), parameters.readUInt16LE(2)];
  if (settings.initiating) return status.disallowed;
  if (scanWindow < 0x0004 || scanInterval > 0x4000 || scanWindow > scanInterval) return status.invalidParameters;
  if (wanted === undefined || ownAddress(controller, ownType) === undefined) return status.invalidParameters;
  if (controller.links.size >= linkLimit) return status.connectionLimit;
  if (!useAcceptList && linkedTo(controller, peer)) return status.alreadyConnected;
  settings.initiating = { ...wanted, peer: useAcceptList ? undefined : peer, ownType };
  return status.success;
}

/** Vol 4 Part E 7.8.12: interval range, latency, timeout; the timeout must outlast the skipped events twice. */
function readParameters(parameters: Buffer, at: number): ConnectionParameters | undefined {
  const [minimum, interval] = [parameters.readUInt16LE(at), parameters.readUInt16LE(at + 2)];
  const [latency, supervisionTimeout] = [parameters.readUInt16LE(at + 4), parameters.readUInt16LE(at + 6)];
  const ranged =
    minimum >= 0x0006 && interval <= 0x0c80 && minimum <= interval && latency <= 0x01f3 && supervisionTimeout <= 0x0c80;
  const outlasts = supervisionTimeout >= 0x000a && supervisionTimeout * 10 > (1 + latency) * interval * 1.25 * 2;
  return ranged && outlasts ? { interval, latency, supervisionTimeout } : undefined;
}

/** Vol 4 Part E 7.8.13: the cancelled attempt still ends in its own event. */
function cancelConnection(controller: Controller): number | [] {
  if (controller.settings.initiating === undefined) return status.disallowed;
  controller.settings.initiating = undefined;
  controller.air.world.after(0, () =>
    sendConnectionComplete(
      controller,
      [status.unknownConnection, ...u16(0), 0, 0, 0, 0, 0, 0, 0, 0],
      [0, 0, 0, 0, 0, 0, 0],
    ),
  );
  return [];
}

function updateConnection(controller: Controller, parameters: Buffer): number {
  const wanted = readParameters(parameters, 2);
  if (wanted === undefined) return status.invalidParameters;
  return overLink(controller, parameters, ({ link }) => {
    link.parameters = wanted;
    const values = [...u16(wanted.interval), ...u16(wanted.latency), ...u16(wanted.supervisionTimeout)];
    for (const side of [link.central, link.peripheral]) {
      sendLeEvent(side.controller, leEvent.connectionUpdateComplete, [status.success, ...u16(side.handle), ...values]);
    }
  });
}

function setDataLength(controller: Controller, parameters: Buffer): number | number[] {
  const end = namedLink(controller, parameters);
  const octets = parameters.readUInt16LE(2);
  if (end === undefined) return status.unknownConnection;
  if (octets < shortestDataPdu || octets > longestDataPdu) return status.invalidParameters;
  if (!procedure(end.link, () => changeDataLength(end, octets))) return status.disallowed;
  return u16(end.handle);
}
