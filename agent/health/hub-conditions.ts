/** Which conditions of the hub hold now: gathers what the rooms know. */
import type { Journal } from '../journal/contract.ts';
import type { UplinkStatus } from '../uplink/uplink.ts';
import type { World } from '../world.ts';
import { type ConditionName, UNCONFIRMED_AFTER_MS } from './conditions.ts';

type Status = Pick<UplinkStatus, 'oldestStandingAlertMs' | 'isNameTaken'>;

export function conditionsNow(world: World, journal: Journal, uplink: Status | undefined): ReadonlySet<ConditionName> {
  const { writable, isAlertsOnly } = journal.health();
  const holding = new Set<ConditionName>();
  if (!writable) holding.add('journal-not-writable');
  if (isAlertsOnly) holding.add('journal-alerts-only');
  if ((uplink?.oldestStandingAlertMs ?? 0) > UNCONFIRMED_AFTER_MS) holding.add('alert-unconfirmed');
  if (uplink?.isNameTaken) holding.add('name-taken');
  if (world.clock().state === 'unsynced') holding.add('clock-unknown');
  return holding;
}
