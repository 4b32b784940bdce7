/** `hjemmebro simulate`: one simulated device for a developer. */
import { resolve } from 'node:path';
import { driverById } from '../../drivers/registry.ts';
import { nearest } from '../settings/nearest.ts';
import { realWorld, seeded } from '../world.ts';
import { type Command, Failure, textOption, UsageError, wholeOption } from './command.ts';

export const simulateCommand: Command = {
  name: 'simulate',
  usage: 'simulate DEVICE [--scenario S] [--port PATH] [--seed N]',
  summary: 'play one simulated device, so that a hub or your own program can talk to it',
  details: [
    '  DEVICE        the id of its driver, as in "hjemmebro drivers"',
    '  --scenario S  one of the scenarios of the device; an unknown one lists them',
    '  --port PATH   where to reach it: for a Bluetooth device the Unix socket of its virtual radio (ble.hci h4:unix:PATH),',
    '                for a serial device a link to its tty, for a card its folder. Left out, one is chosen and printed',
    '  --seed N      chance of the simulation (default 1)',
  ],
  operandsMax: 1,
  options: { scenario: { type: 'string' }, port: { type: 'string' }, seed: { type: 'string' } },
  run: async (given, terminal) => {
    const { simulators } = await import('../../simulators/devices/registry.ts');
    const { simulate } = await import('../../simulators/devices/simulate.ts');
    const [id] = given.operands;
    const known = simulators.map((simulator) => simulator.driver).join(', ');
    const simulator = simulators.find((candidate) => candidate.driver === id);
    const driver = driverById(id ?? '');
    if (!simulator || !driver) {
      const near = nearest(
        id ?? '',
        simulators.map((candidate) => candidate.driver),
      );
      throw new UsageError(`${near ? `did you mean "${near}"? ` : ''}name one device: ${known}`);
    }
    const scenario = textOption(given, 'scenario') ?? Object.keys(simulator.scenarios)[0] ?? '';
    const script = simulator.scenarios[scenario];
    if (script === undefined) {
      throw new UsageError(`no scenario "${scenario}"; ${id} has ${Object.keys(simulator.scenarios).join(', ')}`);
    }
    const port = textOption(given, 'port');
    const place = port === undefined ? {} : { port: resolve(port) };
    const world = seeded(realWorld(), wholeOption(given, 'seed', 0, 0xffffffff) ?? 1);
    try {
      await simulate({
        world,
        simulator,
        script,
        link: driver.link.kind,
        ...place,
        say: (line) => terminal.out(line),
        stop: terminal.stop,
      });
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      throw new Failure(
        `it cannot be reached at ${port ?? 'a place of its own'}: ${cause}; choose another --port, or remove what is left there`,
      );
    }
    return 0;
  },
};
