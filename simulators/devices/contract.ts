/** What a simulated device is: the other end of a driver's wire, written from the same document by a separate reading. */

import type { Measurement } from '../../agent/reading/measurement.ts';
import type { World } from '../../agent/world.ts';
import type { Frame } from '../../drivers/contract/driver.ts';
import type { Peripheral, PeripheralOptions } from '../radio/gatt.ts';

/** One frame the device could send, and what it means by it. */
export interface Case {
  readonly name: string;
  readonly frame: Frame;
  /** In the order sent; an empty list for frames that are valid and carry nothing to keep. */
  readonly means: readonly Measurement[];
}

/** Where a simulated device may live. */
export interface Place {
  readonly world: World;
  /** Joins the air. */
  addPeripheral(options: PeripheralOptions): Peripheral;
  /** Opens a pseudo-terminal whose other end the hub opens as a tty. */
  openPort(device: string): Promise<SerialEnd>;
  /** A folder that the hub watches as a card reader. */
  cardFolder(device: string): string;
}

/** The device's end of a serial line. */
export interface SerialEnd {
  /** What the hub opens, such as /dev/pts/7. */
  readonly path: string;
  onBytes(listener: (bytes: Uint8Array) => void): void;
  write(bytes: Uint8Array): void;
  close(): void;
}

/** What the device did, for the account at the end. */
export interface Ledger {
  /** The device gave this measurement to the wire. */
  sent(measurements: readonly Measurement[]): void;
  /** The protocol told the device that the hub has it (indication confirmed, next poll, transfer closed). */
  acknowledged(measurements: readonly Measurement[]): void;
  /** For the live view: what the device is doing, in a few words. */
  doing(what: string): void;
}

/** A device at work. */
export interface Running {
  /** Resolves when the script is played to its end. */
  readonly done: Promise<void>;
  /** How the hub must be told to reach it: the device part of its settings. */
  readonly reach: { readonly address: string } | { readonly path: string } | { readonly folder: string };
  stop(): Promise<void>;
}

/** A simulated device; Script is what it will do, as a scenario writes it. */
export interface Simulator<Script> {
  /** The id of the driver it is the other end of. */
  readonly driver: string;
  /** Named scripts a developer can play with `simulate`. */
  readonly scenarios: Readonly<Record<string, Script>>;
  /** Every flag combination and the whole range, for the laws that every driver must obey. Deterministic in `random`. */
  cases(random: () => number): Iterable<Case>;
  /** Plays the script once. */
  play(place: Place, device: string, script: Script, ledger: Ledger): Promise<Running>;
}
