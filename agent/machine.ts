/** The hub's ways out of the process, as this machine has them: disk, radio and ports, network, and a socket for commands. */
import type { Driver } from '../drivers/contract/driver.ts';
import { type Control, type ControlOptions, openControl } from './control/control.ts';
import { folderMedium } from './journal/folder.ts';
import type { Medium } from './journal/medium.ts';
import { openRadio } from './link/ble-radio.ts';
import type { Link } from './link/link.ts';
import { openLink } from './link/open-link.ts';
import type { HubEvent } from './reading/entry.ts';
import type { DeviceSettings, Settings } from './settings/settings.ts';
import { type Broker, type Dial, dial } from './uplink/mqtt-client.ts';
import type { World } from './world.ts';

/** A simulated run brings the other ends of these instead. */
export interface Outside {
  readonly medium: Medium;
  /** Throws LinkError when the settings do not say how the device is reached. */
  link(device: DeviceSettings, driver: Driver): Link;
  dial(options: Dial): Promise<Broker>;
  control(options: ControlOptions): Promise<Control>;
  /** Once every link is closed. */
  close(): Promise<void>;
}

export function machine(world: World, settings: Settings, onEvent: (event: HubEvent) => void): Outside {
  const radio = settings.ble && openRadio({ world, hci: settings.ble.hci, onEvent });
  return {
    medium: folderMedium(settings.journal.path),
    link: (device, driver) => openLink({ world, driver, device, onEvent, ...(radio && { radio }) }),
    dial,
    control: openControl,
    close: async () => radio?.close(),
  };
}
