/** HCI commands that make a controller heard or let it hear: advertising, scanning, accept list (Core 5.4 Vol 4 Part E 7.8). */
import { startAdvertising, stopAdvertising } from './air.ts';
import type { Command } from './commands.ts';
import { immediate } from './commands.ts';
import type { AdvertisingType, Controller } from './controller-state.ts';
import { acceptKey, ownAddress } from './controller-state.ts';
import type { DeviceAddress } from './hci.ts';
import { opcode, readAddress, status } from './hci.ts';

const acceptListSize = 16;
/** Vol 3 Part C 11: the legacy advertising PDU carries 31 octets. */
const dataSize = 31;

export const advertisingCommands: readonly Command[] = [
  immediate({
    opcode: opcode.leSetAdvertisingParameters,
    length: 15,
    supported: [25, 5],
    answer: setAdvertisingParameters,
  }),
  immediate({ opcode: opcode.leReadAdvertisingPower, returns: 1, supported: [25, 6], answer: () => [0] }),
  immediate({
    opcode: opcode.leSetAdvertisingData,
    length: 1 + dataSize,
    supported: [25, 7],
    answer: ({ settings }, parameters) => {
      const data = significantPart(parameters);
      if (data === undefined) return status.invalidParameters;
      settings.advertisingData = data;
      return [];
    },
  }),
  immediate({
    opcode: opcode.leSetScanResponseData,
    length: 1 + dataSize,
    supported: [26, 0],
    answer: ({ settings }, parameters) => {
      const data = significantPart(parameters);
      if (data === undefined) return status.invalidParameters;
      settings.scanResponseData = data;
      return [];
    },
  }),
  immediate({ opcode: opcode.leSetAdvertisingEnable, length: 1, supported: [26, 1], answer: enableAdvertising }),
  immediate({ opcode: opcode.leSetScanParameters, length: 7, supported: [26, 2], answer: setScanParameters }),
  immediate({ opcode: opcode.leSetScanEnable, length: 2, supported: [26, 3], answer: enableScanning }),
  immediate({
    opcode: opcode.leReadAcceptListSize,
    returns: 1,
    supported: [26, 6],
    answer: () => [acceptListSize],
  }),
  immediate({
    opcode: opcode.leClearAcceptList,
    supported: [26, 7],
    answer: changeAcceptList((list) => list.clear()),
  }),
  immediate({
    opcode: opcode.leAddToAcceptList,
    length: 7,
    supported: [27, 0],
    answer: changeAcceptList((list, peer) => list.set(acceptKey(peer), peer)),
  }),
  immediate({
    opcode: opcode.leRemoveFromAcceptList,
    length: 7,
    supported: [27, 1],
    answer: changeAcceptList((list, peer) => list.delete(acceptKey(peer))),
  }),
];

function ownType(octet: number | undefined): DeviceAddress['type'] | undefined {
  if (octet === 0x00) return 'public';
  return octet === 0x01 ? 'random' : undefined;
}

function significantPart(parameters: Buffer): Buffer | undefined {
  const length = parameters.readUInt8(0);
  return length > dataSize ? undefined : Buffer.from(parameters.subarray(1, 1 + length));
}

function setAdvertisingParameters({ settings }: Controller, parameters: Buffer): number | [] {
  const [minimum, maximum] = [parameters.readUInt16LE(0), parameters.readUInt16LE(2)];
  const type = advertisingType(parameters[4]);
  const own = ownType(parameters[5]);
  const filterPolicy = parameters.readUInt8(14);
  if (settings.advertisingTimer) return status.disallowed;
  // Directed advertising is for bonded peers with a wish to hurry; no simulated device has it.
  if (type === undefined) return parameters.readUInt8(4) <= 0x04 ? status.unsupported : status.invalidParameters;
  const inRange = minimum >= 0x0020 && maximum <= 0x4000 && minimum <= maximum;
  if (!inRange || own === undefined || filterPolicy > 0x03) return status.invalidParameters;
  settings.advertising = { intervalMs: minimum * 0.625, type, ownType: own, filterPolicy };
  return [];
}

function advertisingType(octet: number | undefined): AdvertisingType | undefined {
  return octet === 0x00 || octet === 0x02 || octet === 0x03 ? octet : undefined;
}

function enableAdvertising(controller: Controller, parameters: Buffer): number | [] {
  const enable = parameters.readUInt8(0);
  if (enable > 0x01) return status.invalidParameters;
  if (enable === 0x00) stopAdvertising(controller);
  // Vol 4 Part E 7.8.9: a random address must have been set.
  else if (ownAddress(controller, controller.settings.advertising.ownType) === undefined) {
    return status.invalidParameters;
  } else startAdvertising(controller);
  return [];
}

function setScanParameters({ settings }: Controller, parameters: Buffer): number | [] {
  const type = parameters.readUInt8(0);
  const [interval, window] = [parameters.readUInt16LE(1), parameters.readUInt16LE(3)];
  const own = ownType(parameters[5]);
  const filterPolicy = parameters.readUInt8(6);
  if (settings.scanning) return status.disallowed;
  const inRange = window >= 0x0004 && interval <= 0x4000 && window <= interval;
  if (type > 0x01 || !inRange || own === undefined || filterPolicy > 0x01) return status.invalidParameters;
  settings.scan = { active: type === 0x01, ownType: own, acceptListOnly: filterPolicy === 0x01 };
  return [];
}

function enableScanning(controller: Controller, parameters: Buffer): number | [] {
  const [enable, filterDuplicates] = [parameters.readUInt8(0), parameters.readUInt8(1)];
  const { settings } = controller;
  if (enable > 0x01 || filterDuplicates > 0x01) return status.invalidParameters;
  if (enable === 0x01 && ownAddress(controller, settings.scan.ownType) === undefined) return status.invalidParameters;
  settings.scanning = enable === 0x01 ? { filterDuplicates: filterDuplicates === 0x01, seen: new Set() } : undefined;
  return [];
}

/** Vol 4 Part E 7.8.15 to 7.8.17: the list stands still while it is being used. */
function changeAcceptList(change: (list: Map<string, DeviceAddress>, peer: DeviceAddress) => void) {
  return ({ settings }: Controller, parameters: Buffer): number | [] => {
    const used =
      (settings.advertisingTimer && settings.advertising.filterPolicy !== 0) ||
      (settings.scanning && settings.scan.acceptListOnly) ||
      (settings.initiating && settings.initiating.peer === undefined);
    if (used) return status.disallowed;
    const peer = readAddress(parameters[0], parameters.subarray(1, 7));
    const before = new Map(settings.acceptList);
    change(settings.acceptList, peer);
    if (settings.acceptList.size <= acceptListSize) return [];
    settings.acceptList.clear();
    for (const [key, value] of before) settings.acceptList.set(key, value);
    return 0x07; // Memory Capacity Exceeded, Vol 1 Part F 2.7
  };
}
