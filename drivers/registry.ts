/** All devices this hub understands: a driver is one file and one line in this list, whose order never matters. */
import { alarisGhSerial } from './alaris-gh-serial.ts';
import { bluetoothSigPulseOximeter } from './bluetooth-sig-pulse-oximeter.ts';
import { bluetoothSigWeightScale } from './bluetooth-sig-weight-scale.ts';
import type { Claim, Driver, Sighting } from './contract/driver.ts';
import { resmedCard } from './resmed-card.ts';

export const drivers: readonly Driver[] = [
  bluetoothSigPulseOximeter,
  bluetoothSigWeightScale,
  alarisGhSerial,
  resmedCard,
];

refuseRivals(drivers);

export function driverById(id: string): Driver | undefined {
  return drivers.find((driver) => driver.id === id);
}

/**
 * The driver that claims this sighting, a product before a profile. A device that is two things at once (services of two
 * profiles) is nobody's until a technician names the driver in the settings.
 */
export function recognise(sighting: Sighting): Driver | undefined {
  for (const rank of ['product', 'profile'] as const) {
    const claimants = drivers.filter(({ recognise }) =>
      recognise.some((claim) => claim.rank === rank && fits(claim, sighting)),
    );
    if (claimants.length > 0) return claimants.length === 1 ? claimants[0] : undefined;
  }
  return undefined;
}

function fits(claim: Claim, sighting: Sighting): boolean {
  if (claim.link === 'card') return sighting.link === 'card' && sighting.files.includes(claim.file);
  if (sighting.link !== 'ble' || !sighting.services.includes(claim.service)) return false;
  return claim.namePrefix === undefined || (sighting.name?.startsWith(claim.namePrefix) ?? false);
}

/** Throws when two drivers share an id, or could claim one sighting in one rank: that is a mistake in the list. */
export function refuseRivals(all: readonly Driver[]): void {
  all.forEach((driver, i) => {
    for (const other of all.slice(i + 1)) {
      if (driver.id === other.id) throw new Error(`two drivers are called ${driver.id}`);
      if (driver.recognise.some((mine) => other.recognise.some((theirs) => rivals(mine, theirs)))) {
        throw new Error(
          `${driver.id} and ${other.id} claim the same devices in one rank; let one of them be more specific`,
        );
      }
    }
  });
}

function rivals(a: Claim, b: Claim): boolean {
  if (a.rank !== b.rank) return false;
  if (a.link === 'card') return b.link === 'card' && a.file === b.file;
  if (b.link === 'card' || a.service !== b.service) return false;
  const [one, two] = [a.namePrefix ?? '', b.namePrefix ?? ''];
  return one.startsWith(two) || two.startsWith(one);
}
