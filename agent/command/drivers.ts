/** `hjemmebro drivers`: the devices this hub understands. */
import { drivers } from '../../drivers/registry.ts';
import { METRICS } from '../vocabulary/metrics.ts';
import type { Command } from './command.ts';

export const driversCommand: Command = {
  name: 'drivers',
  usage: 'drivers [--json]',
  summary: 'list the devices this hub understands',
  details: [],
  options: {},
  run: async (given, terminal) => {
    for (const driver of drivers) {
      const metrics = Object.keys(driver.observes);
      if (given.options['json'] === true) {
        const { id, title, kind, verified, sources } = driver;
        terminal.out(JSON.stringify({ id, title, kind, link: driver.link.kind, verified, metrics, sources }));
        continue;
      }
      terminal.out(driver.id);
      terminal.out(`  ${driver.title}; over ${driver.link.kind}; verified by ${driver.verified}`);
      terminal.out(`  ${labels(metrics)}`);
    }
    return 0;
  },
};

function labels(metrics: readonly string[]): string {
  const byName = METRICS as Readonly<Record<string, { readonly label: string }>>;
  return metrics.map((name) => byName[name]?.label ?? name).join('; ');
}
