/** HCI commands about the controller itself: reset, masks, identity, buffers (Core 5.4 Vol 4 Part E 7.3, 7.4, 7.8). */
import { stopAdvertising } from './air.ts';
import type { Command } from './commands.ts';
import { immediate, namedLink } from './commands.ts';
import { initialSettings } from './controller-state.ts';
import { addressOctets, addressText, opcode, status, u16 } from './hci.ts';
import { abandonLinks, peerOf } from './link.ts';

/** Assigned Numbers: Core 5.4 is HCI and LL version 0x0d; 0xffff is no company. */
const version = [0x0d, ...u16(0), 0x0d, ...u16(0xffff), ...u16(1)];

/** Vol 6 Part B 4.6: LE Encryption (0), Peripheral-initiated Features Exchange (3), Data Packet Length Extension (5). */
export const leFeatures = [0b0010_1001, 0, 0, 0, 0, 0, 0, 0];

/** Vol 2 Part C 3.3: BR/EDR Not Supported, LE Supported (Controller). */
const lmpFeatures = [0, 0, 0, 0, 0b0110_0000, 0, 0, 0];

/** Vol 4 Part E 7.8.27: all states and combinations but those with directed advertising. */
const supportedStates = [0xf7, 0x77, 0xff, 0x1f, 0x49, 0x02, 0x00, 0x00];

export const controllerCommands: readonly Command[] = [
  immediate({
    opcode: opcode.reset,
    supported: [5, 7],
    answer: (controller) => {
      stopAdvertising(controller);
      abandonLinks(controller);
      controller.settings = initialSettings();
      return [];
    },
  }),
  immediate({
    opcode: opcode.setEventMask,
    length: 8,
    supported: [5, 6],
    answer: (controller, parameters) => {
      controller.settings.eventMask = parameters.readBigUInt64LE(0);
      return [];
    },
  }),
  immediate({ opcode: opcode.setEventMaskPage2, length: 8, supported: [22, 2], answer: () => [] }),
  immediate({
    opcode: opcode.leSetEventMask,
    length: 8,
    supported: [25, 0],
    answer: (controller, parameters) => {
      controller.settings.leEventMask = parameters.readBigUInt64LE(0);
      return [];
    },
  }),
  immediate({
    opcode: opcode.readLeHostSupport,
    returns: 2,
    supported: [24, 5],
    answer: (controller) => [controller.settings.leHost ? 1 : 0, 0],
  }),
  immediate({
    opcode: opcode.writeLeHostSupport,
    length: 2,
    supported: [24, 6],
    answer: (controller, parameters) => {
      controller.settings.leHost = parameters[0] === 1;
      return [];
    },
  }),
  immediate({ opcode: opcode.readLocalVersion, returns: 8, supported: [14, 3], answer: () => version }),
  immediate({ opcode: opcode.readLocalFeatures, returns: 8, supported: [14, 5], answer: () => lmpFeatures }),
  immediate({
    opcode: opcode.readBufferSize,
    returns: 7,
    supported: [14, 7],
    answer: ({ acl }) => [...u16(acl.length), 0, ...u16(acl.count), ...u16(0)],
  }),
  immediate({
    opcode: opcode.readAddress,
    returns: 6,
    supported: [15, 1],
    answer: (controller) => addressOctets(controller.address),
  }),
  immediate({
    opcode: opcode.leReadBufferSize,
    returns: 3,
    supported: [25, 1],
    answer: ({ acl }) => [...u16(acl.length), acl.count],
  }),
  immediate({ opcode: opcode.leReadLocalFeatures, returns: 8, supported: [25, 2], answer: () => leFeatures }),
  immediate({ opcode: opcode.leReadSupportedStates, returns: 8, supported: [28, 3], answer: () => supportedStates }),
  immediate({
    opcode: opcode.leSetRandomAddress,
    length: 6,
    supported: [25, 4],
    answer: ({ settings }, parameters) => {
      // Vol 4 Part E 7.8.4: not while the address may be in use.
      if (settings.advertisingTimer || settings.scanning || settings.initiating) return status.disallowed;
      settings.randomAddress = addressText(parameters);
      return [];
    },
  }),
  immediate({
    opcode: opcode.readRssi,
    length: 2,
    returns: 3,
    supported: [15, 5],
    answer: (controller, parameters) => {
      const end = namedLink(controller, parameters);
      if (end === undefined) return status.unknownConnection;
      return [...u16(end.handle), peerOf(end).controller.rssi & 0xff];
    },
  }),
];

/** What Read Remote Version Information and Read Local Version Information have in common, Vol 4 Part E 7.7.12. */
export const remoteVersion = [0x0d, ...u16(0xffff), ...u16(1)];
