/** The settings folder as a command needs it: everything that is wrong with it is said at once. */
import { drivers } from '../../drivers/registry.ts';
import type { HubEvent } from '../reading/entry.ts';
import type { CarePlan } from '../rules/plan.ts';
import { type Complaint, complaintText } from '../settings/complaint.ts';
import { planInForce, settingsInForce } from '../settings/last-good.ts';
import type { Settings } from '../settings/settings.ts';
import { Failure, type Terminal } from './command.ts';

/** What is in force, and what was refused on the way; the agent tells the hospital of refusals. */
export interface Config {
  readonly settings: Settings;
  readonly plan: CarePlan;
  readonly refusals: readonly HubEvent[];
}

/** The settings alone, for a command that looks and leaves no trace. Throws Failure where there are none to go by. */
export function readSettings(folder: string, terminal: Terminal): Settings {
  const settings = settingsInForce(folder, drivers, { remembering: false });
  complain(terminal, settings.complaints);
  if ('value' in settings) return settings.value;
  throw new Failure(`no hub to go by: mend ${folder} as said above, or name its settings with --config`);
}

/** Throws Failure only where there are neither usable settings nor a last good copy of them. */
export function readConfig(folder: string, terminal: Terminal): Config {
  const settings = settingsInForce(folder, drivers);
  if (!('value' in settings)) {
    complain(terminal, settings.complaints);
    throw new Failure(`nothing to run with: mend ${folder} as said above and start again`);
  }
  const plan = planInForce(folder, settings.value, drivers);
  complain(terminal, [...settings.complaints, ...plan.complaints]);
  if (settings.from === 'last-good') terminal.err('hub.json was refused; the last good settings stay in force');
  if (plan.from === 'last-good') terminal.err('care-plan.json was refused; the last good plan stays in force');
  if (plan.from === 'nothing')
    terminal.err('there is no care plan; readings are kept and sent, only the house rules apply');
  const refused = [...settings.complaints, ...plan.complaints];
  return {
    settings: settings.value,
    plan: plan.value,
    refusals: refused.map((complaint) => ({ name: 'settings-refused', cause: complaintText(complaint) })),
  };
}

function complain(terminal: Terminal, complaints: readonly Complaint[]): void {
  for (const complaint of complaints) terminal.err(complaintText(complaint));
}
