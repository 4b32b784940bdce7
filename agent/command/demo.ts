/** `hjemmebro demo`: the whole world on one machine. */
import { join } from 'node:path';
import { packageRoot } from '../settings/package-root.ts';
import { realWorld, seeded } from '../world.ts';
import { type Command, Failure, textOption, UsageError, wholeOption } from './command.ts';

const DEFAULT_SECONDS = 30;
const SHORTEST_SECONDS = 22;
const LONGEST_SECONDS = 3600;

export const demoCommand: Command = {
  name: 'demo',
  usage: 'demo [--seconds N] [--seed N] [--scenario S] [--broker URL] [--json]',
  summary: 'show everything on this machine: simulated devices, radio, hospital, and a real agent between them',
  details: [
    `  --seconds N   how long to play (${SHORTEST_SECONDS} to ${LONGEST_SECONDS}, default ${DEFAULT_SECONDS})`,
    '  --seed N      the same seed gives the same readings and alerts (default 1)',
    '  --scenario S  copd-night (default), heart-failure-week, pump-occlusion or quiet-day',
    '  --broker URL  use this MQTT broker instead of the embedded one',
    '',
    'Ends with an account; exits 0 only if every reading that a device sent was receipted by the hospital.',
  ],
  options: {
    seconds: { type: 'string' },
    seed: { type: 'string' },
    scenario: { type: 'string' },
    broker: { type: 'string' },
  },
  run: async (given, terminal) => {
    const { runDemo, openView, accountLines, balanced, isScenarioName, SCENARIOS } = await simulators();
    const seconds = wholeOption(given, 'seconds', SHORTEST_SECONDS, LONGEST_SECONDS) ?? DEFAULT_SECONDS;
    const seed = wholeOption(given, 'seed', 0, 0xffffffff) ?? 1;
    const scenario = textOption(given, 'scenario') ?? 'copd-night';
    if (!isScenarioName(scenario)) throw new UsageError(`no scenario "${scenario}"; there are ${SCENARIOS.join(', ')}`);
    const broker = textOption(given, 'broker');
    const json = given.options['json'] === true;
    const quiet = { isTty: false, columns: 80, out: () => undefined, raw: () => undefined };
    const view = openView(json ? quiet : terminal, `hjemmebro demo: ${scenario}, seed ${seed}, ${seconds} s`);
    const account = await runDemo({
      world: seeded(realWorld(), seed),
      scenario,
      seed,
      seconds,
      plan: join(packageRoot(), 'config/demo/care-plan.json'),
      hjemmebro: [process.execPath, join(packageRoot(), 'dist/agent/main.js')],
      stop: terminal.stop,
      ...(broker !== undefined && { broker }),
      onChange: (demo) => view.show(demo),
      onLog: (line) => view.note(logText(line)),
    }).finally(() => view.end());
    if (json) terminal.out(JSON.stringify({ ...account, balanced: balanced(account) }));
    else for (const line of accountLines(account)) terminal.out(line);
    return balanced(account) ? 0 : 1;
  },
};

/** Simulators are not installed on a hub, so they are loaded only here. */
async function simulators() {
  try {
    const [demo, view, account, scenario] = await Promise.all([
      import('../../simulators/demo/demo.ts'),
      import('../../simulators/demo/view.ts'),
      import('../../simulators/demo/account.ts'),
      import('../../simulators/patient/scenario.ts'),
    ]);
    return { ...demo, ...view, ...account, ...scenario };
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Failure(`the demo needs a development checkout with "npm ci" (${error.message})`);
  }
}

/** The message of one line of the agent's log, for a person. */
function logText(line: string): string {
  try {
    const { msg, device }: { msg?: string; device?: string } = JSON.parse(line);
    return [device, msg].filter((part) => part !== undefined).join(': ');
  } catch {
    return line;
  }
}
