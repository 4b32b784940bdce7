/** The virtual radio: a Bluetooth LE air in one process, with a door for hosts and room for simulated peripherals. */
import type { AclLimits, Air, Controller, RadioWorld } from './controller-state.ts';
import type { Peripheral, PeripheralOptions } from './gatt.ts';
import { status } from './hci.ts';
import { endLink, peerOf, supervise } from './link.ts';
import { createPeripheral } from './peripheral.ts';
import { startH4Server } from './server.ts';

export interface RadioOptions {
  readonly world: RadioWorld;
  /** unix:/path, or tcp:host:port where port 0 takes any free one. */
  readonly listen: string;
  /** Buffers of every controller; 8 of 251 octets unless told. */
  readonly acl?: Partial<AclLimits>;
  /** From data being queued on a link to its delivery; 1 ms unless told. */
  readonly airtimeMs?: number;
  /** Told why a host was turned away: garbage, or one too many. */
  readonly onFault?: (reason: string) => void;
}

export interface Radio {
  /** As settings name it in ble.hci: h4:unix:/path or h4:tcp:host:port. */
  readonly address: string;
  addPeripheral(options: PeripheralOptions): Peripheral;
  /** Ends links at once, on both sides; those of one address, or all. Reason: 0x08, connection timeout, unless told. */
  dropLinks(address?: string, reason?: number): number;
  /** How strongly an address is received from now on, dBm (-127..20). */
  setRssi(address: string, rssiDbm: number): void;
  /** Out of range a device is not heard, and its links end when their supervision timeout has passed. */
  setInRange(address: string, inRange: boolean): void;
  /** What was lost at a bound: reports a host did not read, data a host had no buffer for. */
  counts(): { readonly reportsDropped: number; readonly aclOverflows: number };
  close(): Promise<void>;
}

export async function startRadio(options: RadioOptions): Promise<Radio> {
  const acl: AclLimits = { length: 251, count: 8, ...options.acl };
  const air: Air = {
    world: options.world,
    controllers: new Map(),
    airtimeMs: options.airtimeMs ?? 1,
    counts: { reportsDropped: 0, aclOverflows: 0 },
  };
  const fault = options.onFault ?? (() => undefined);
  const server = await startH4Server({ air, listen: options.listen, acl, fault });
  const peripherals = new Set<Peripheral>();
  return {
    address: server.address,
    addPeripheral: (wanted) => {
      const peripheral = createPeripheral(air, wanted, acl);
      peripherals.add(peripheral);
      return peripheral;
    },
    dropLinks: (address, reason = status.connectionTimeout) => dropLinks(air, address, reason),
    setRssi: (address, rssiDbm) => {
      if (rssiDbm < -127 || rssiDbm > 20) throw new RangeError(`${rssiDbm} dBm is not a signal strength`);
      controllerAt(air, address).rssi = rssiDbm;
    },
    setInRange: (address, inRange) => {
      const controller = controllerAt(air, address);
      controller.inRange = inRange;
      for (const end of controller.links.values()) supervise(end.link);
    },
    counts: () => ({ ...air.counts }),
    close: async () => {
      for (const peripheral of peripherals) peripheral.close();
      await server.close();
      dropLinks(air, undefined, status.connectionTimeout);
    },
  };
}

function controllerAt(air: Air, address: string): Controller {
  const controller = air.controllers.get(address.toLowerCase());
  if (controller === undefined) throw new RangeError(`nobody in the air at ${address}`);
  return controller;
}

function dropLinks(air: Air, address: string | undefined, reason: number): number {
  const named = address?.toLowerCase();
  const links = new Set(
    Array.from(air.controllers.values())
      .flatMap((controller) => Array.from(controller.links.values()))
      .filter((end) => named === undefined || [end, peerOf(end)].some((side) => side.controller.address === named))
      .map((end) => end.link),
  );
  for (const link of links) endLink(link, () => reason);
  return links.size;
}
