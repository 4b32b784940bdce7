/** The medium: who hears an advertisement, and when hearing one makes a connection (Core 5.4 Vol 6 Part B 4.4). */
import type { AdvertisingType, Controller } from './controller-state.ts';
import { acceptKey, ownAddress, sendLeEvent } from './controller-state.ts';
import { changeDataLength } from './data-length.ts';
import type { DeviceAddress } from './hci.ts';
import { addressOctets, addressTypeOctet, leEvent, sameAddress } from './hci.ts';
import { announce, connect, peerOf } from './link.ts';

/** Vol 6 Part B 4.4.2.2.1: each advertising event comes up to 10 ms late, so that two advertisers never stay in step. */
const advertisingDelayMs = 10;
/** How many advertisers a scanner's duplicate filter remembers before it starts again. */
const duplicateFilterSize = 256;
const scanResponse = 0x04;

export function startAdvertising(controller: Controller): void {
  const { world } = controller.air;
  const wait = (intervalMs: number): void => {
    controller.settings.advertisingTimer = world.after(intervalMs + world.random() * advertisingDelayMs, () => {
      wait(controller.settings.advertising.intervalMs);
      runAdvertisingEvent(controller);
    });
  };
  if (controller.settings.advertisingTimer === undefined) wait(0);
}

export function stopAdvertising(controller: Controller): void {
  controller.settings.advertisingTimer?.cancel();
  controller.settings.advertisingTimer = undefined;
}

function runAdvertisingEvent(advertiser: Controller): void {
  const { advertising } = advertiser.settings;
  const address = ownAddress(advertiser, advertising.ownType);
  if (address === undefined || !advertiser.inRange) return;
  for (const other of advertiser.air.controllers.values()) {
    if (other === advertiser || !other.inRange) continue;
    if (wantsConnection(other, advertiser, address)) {
      establish(other, advertiser, address);
      return;
    }
    if (other.settings.scanning !== undefined) report(other, advertiser, address);
  }
}

function wantsConnection(initiator: Controller, advertiser: Controller, address: DeviceAddress): boolean {
  const { initiating, acceptList } = initiator.settings;
  if (initiating === undefined || advertiser.settings.advertising.type !== 0x00) return false;
  const wanted =
    initiating.peer === undefined ? acceptList.has(acceptKey(address)) : sameAddress(initiating.peer, address);
  return wanted && accepted(initiator, initiating.ownType, advertiser, 0b10);
}

/** The advertiser's own filter, which may leave scan requests or connection requests of strangers unanswered. */
function accepted(asker: Controller, ownType: DeviceAddress['type'], advertiser: Controller, mask: number): boolean {
  if ((advertiser.settings.advertising.filterPolicy & mask) === 0) return true;
  const address = ownAddress(asker, ownType);
  return address !== undefined && advertiser.settings.acceptList.has(acceptKey(address));
}

function establish(initiator: Controller, advertiser: Controller, address: DeviceAddress): void {
  const { initiating } = initiator.settings;
  const centralAddress = initiating && ownAddress(initiator, initiating.ownType);
  if (initiating === undefined || centralAddress === undefined) return;
  initiator.settings.initiating = undefined;
  stopAdvertising(advertiser);
  const link = connect(initiator, advertiser, initiating);
  announce(link.central, address);
  announce(link.peripheral, centralAddress);
  for (const end of [link.central, link.peripheral]) {
    if (!link.ended) changeDataLength(end, end.controller.settings.defaultDataLength);
  }
}

/** Whether this controller already has a link to that address. */
export function linkedTo(controller: Controller, address: DeviceAddress): boolean {
  return Array.from(controller.links.values()).some((end) => {
    const peer = peerOf(end).controller;
    return peer.address === address.text || peer.settings.randomAddress === address.text;
  });
}

function report(scanner: Controller, advertiser: Controller, address: DeviceAddress): void {
  const { scan, acceptList } = scanner.settings;
  const { advertising, advertisingData, scanResponseData } = advertiser.settings;
  if (scan.acceptListOnly && !acceptList.has(acceptKey(address))) return;
  sendReport(scanner, advertising.type, address, advertisingData, advertiser.rssi);
  const scannable = advertising.type !== 0x03;
  if (scan.active && scannable && accepted(scanner, scan.ownType, advertiser, 0b01)) {
    sendReport(scanner, scanResponse, address, scanResponseData, advertiser.rssi);
  }
}

/** Vol 4 Part E 7.7.65.2; one report in each event. */
function sendReport(
  scanner: Controller,
  type: AdvertisingType | typeof scanResponse,
  address: DeviceAddress,
  data: Buffer,
  rssi: number,
): void {
  const { scanning } = scanner.settings;
  if (scanning === undefined) return;
  if (scanner.host.congested()) {
    scanner.air.counts.reportsDropped += 1;
    return;
  }
  if (scanning.filterDuplicates) {
    const key = `${acceptKey(address)} ${type === scanResponse}`;
    if (scanning.seen.has(key)) return;
    if (scanning.seen.size >= duplicateFilterSize) scanning.seen.clear();
    scanning.seen.add(key);
  }
  const addressed = [addressTypeOctet(address), ...addressOctets(address.text)];
  sendLeEvent(scanner, leEvent.advertisingReport, [1, type, ...addressed, data.length, ...data, rssi & 0xff]);
}
