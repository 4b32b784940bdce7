/** A virtual LE controller: takes HCI packets from its host and answers every one of them (Core 5.4 Vol 4 Part E). */
import { stopAdvertising } from './air.ts';
import type { Command } from './commands.ts';
import { immediate, refusal } from './commands.ts';
import { advertisingCommands } from './commands-advertising.ts';
import { connectionCommands } from './commands-connection.ts';
import { controllerCommands } from './commands-controller.ts';
import { securityCommands } from './commands-security.ts';
import type { AclLimits, Air, Controller, HostPort } from './controller-state.ts';
import { complete, initialSettings, pending, sendEvent } from './controller-state.ts';
import { boundary, eventCode, opcode, packetType, status } from './hci.ts';
import { abandonLinks, enqueue } from './link.ts';

const themes = [...controllerCommands, ...advertisingCommands, ...connectionCommands, ...securityCommands];

const readLocalCommands = immediate({
  opcode: opcode.readLocalCommands,
  returns: 64,
  answer: () => supportedCommands,
});

const commands: ReadonlyMap<number, Command> = new Map(
  [...themes, readLocalCommands].map((command) => [command.opcode, command]),
);

const supportedCommands = new Uint8Array(64);
for (const { supported } of commands.values()) {
  if (supported) supportedCommands[supported[0]] = (supportedCommands[supported[0]] ?? 0) | (1 << supported[1]);
}

export function createController(air: Air, address: string, host: HostPort, acl: AclLimits, rssi: number): Controller {
  if (air.controllers.has(address)) throw new Error(`the address ${address} is taken`);
  const controller: Controller = {
    air,
    address,
    host,
    acl,
    rssi,
    inRange: true,
    buffersInUse: 0,
    links: new Map(),
    settings: initialSettings(),
  };
  air.controllers.set(address, controller);
  return controller;
}

/** Takes the controller out of the air without a word to anyone. */
export function removeController(controller: Controller): void {
  stopAdvertising(controller);
  abandonLinks(controller);
  controller.settings = initialSettings();
  controller.air.controllers.delete(controller.address);
}

/** Takes one whole packet from the host, type byte first. */
export function takePacket(controller: Controller, packet: Buffer): void {
  if (packet[0] === packetType.command) takeCommand(controller, packet.readUInt16LE(1), packet.subarray(4));
  else if (packet[0] === packetType.acl) takeData(controller, packet.readUInt16LE(1), packet.subarray(5));
}

function takeCommand(controller: Controller, code: number, parameters: Buffer): void {
  const command = commands.get(code);
  // Vol 4 Part E 7.3.40: the one command without an answer.
  if (code === opcode.hostNumberOfCompletedPackets) return;
  if (command === undefined) complete(controller, code, [status.unknownCommand]);
  else if (parameters.length === command.length) command.run(controller, parameters);
  else if (command.returns === undefined) pending(controller, code, status.invalidParameters);
  else complete(controller, code, refusal(status.invalidParameters, command.returns, parameters));
}

function takeData(controller: Controller, header: number, data: Buffer): void {
  const end = controller.links.get(header & 0x0fff);
  const flags = header >> 12;
  // Vol 4 Part E 5.4.2: broadcast flags are not for LE, and a host starts LE data with flag 0b00.
  const known = flags === boundary.startNonFlushable || flags === boundary.start || flags === boundary.continuation;
  if (end === undefined || !known || data.length === 0) return;
  if (controller.buffersInUse >= controller.acl.count) {
    // Vol 4 Part E 7.7.26: the host wrote into a buffer it had not been given.
    controller.air.counts.aclOverflows += 1;
    sendEvent(controller, eventCode.bufferOverflow, [0x01]);
    return;
  }
  enqueue(end, flags, data);
}
