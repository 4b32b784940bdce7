/** `hjemmebro run`: the agent; what systemd starts. */
import { keepAlive } from '../lives.ts';
import { openLog } from '../log.ts';
import { packageVersion } from '../settings/package-root.ts';
import { realWorld } from '../world.ts';
import { type Command, configFolder, textOption, UsageError } from './command.ts';
import { readConfig } from './config.ts';

export const runCommand: Command = {
  name: 'run',
  usage: 'run [--config DIR]',
  summary: 'run the agent: read devices, keep every reading, apply the care plan, forward to the hospital',
  details: [
    '  --config DIR         folder with hub.json and care-plan.json (default /etc/hjemmebro)',
    '  --shift-clock-ms=MS  run with a shifted wall clock; for simulation only',
  ],
  options: { config: { type: 'string' }, 'shift-clock-ms': { type: 'string' } },
  run: async (given, terminal) => {
    const shiftMs = Number(textOption(given, 'shift-clock-ms') ?? '0');
    if (!Number.isFinite(shiftMs)) throw new UsageError('--shift-clock-ms takes a number of milliseconds');
    const config = readConfig(configFolder(given), terminal);
    const log = openLog(config.settings.log?.level ?? 'info');
    const { syncFile } = config.settings.clock ?? {};
    const world = realWorld({ shiftMs, ...(syncFile !== undefined && { syncFile }) });
    await keepAlive({ world, log, software: packageVersion(), ...config }, terminal.stop);
    return 0;
  },
};
