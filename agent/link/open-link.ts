/** From a device's settings and its driver to its Link. */
import type { Driver } from '../../drivers/contract/driver.ts';
import { recognise } from '../../drivers/registry.ts';
import type { HubEvent } from '../reading/entry.ts';
import { unreachable } from '../reading/unreachable.ts';
import type { DeviceSettings } from '../settings/settings.ts';
import type { World } from '../world.ts';
import type { Radio } from './ble-radio.ts';
import { cardLink } from './card.ts';
import { type Link, LinkError } from './link.ts';
import { serialLink } from './serial-link.ts';

export interface OpenLinkOptions {
  readonly world: World;
  /** Needed for Bluetooth devices. */
  readonly radio?: Radio;
  readonly driver: Pick<Driver, 'id' | 'link'>;
  readonly device: DeviceSettings;
  readonly onEvent: (event: HubEvent) => void;
}

const ADDRESS = /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i;

/** Throws LinkError when the settings do not say how this device is reached. The link is not open yet. */
export function openLink({ world, radio, driver, device, onEvent }: OpenLinkOptions): Link {
  const { link } = driver;
  const { address, port, folder } = device;
  const told = (event: HubEvent): void => onEvent({ ...event, device: device.id });
  switch (link.kind) {
    case 'ble':
      if (!radio)
        throw lacks(device, driver.id, 'the hub has no radio: set ble.hci (native or h4:...) in the settings');
      if (address !== undefined && !ADDRESS.test(address)) {
        throw lacks(device, driver.id, 'its address is not of the form aa:bb:cc:dd:ee:ff');
      }
      return radio.link({
        driverLink: link,
        ...(address === undefined ? {} : { address }),
        recognises: (sighting) => recognise(sighting)?.id === driver.id,
      });
    case 'serial':
      if (port === undefined)
        throw lacks(device, driver.id, 'set its port: a tty (/dev/serial/by-id/...) or tcp:host:port');
      return serialLink({ world, driverLink: link, port });
    case 'card':
      if (folder === undefined) throw lacks(device, driver.id, 'set its folder: the mount point of the card reader');
      return cardLink({ world, driverLink: link, folder, onEvent: told });
    default:
      return unreachable(link);
  }
}

function lacks(device: DeviceSettings, driver: string, what: string): LinkError {
  return new LinkError(`device "${device.id}" (driver ${driver}) cannot be reached: ${what}`);
}
