/** Radio and broker come and go while devices are at work: late is allowed, lost is not. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../agent/settings/package-root.ts';
import { realWorld, seeded } from '../../agent/world.ts';
import { accountLines, balanced } from '../../simulators/demo/account.ts';
import { runDemo } from '../../simulators/demo/demo.ts';
import { startBroker } from '../../simulators/hospital/broker.ts';
import { PROGRAM } from './program.ts';

const SECONDS = 30;
/** Trouble begins when the first readings are through, and ends in time for the last to follow. */
const TROUBLE_S = [4, 11, 18] as const;
const BROKER_AWAY_MS = 2_500;

test('links drop and the broker goes away, three times', { timeout: 80_000 }, async () => {
  const world = seeded(realWorld(), 11);
  const broker = await startBroker();
  let troubles = 0;
  let linksDropped = 0;
  const outages: Promise<void>[] = [];
  try {
    const account = await runDemo({
      world,
      scenario: 'copd-night',
      seed: 11,
      seconds: SECONDS,
      plan: join(packageRoot(), 'config/demo/care-plan.json'),
      hjemmebro: PROGRAM,
      broker: broker.url,
      stop: new AbortController().signal,
      onLog: () => undefined,
      onChange: ({ elapsedMs, stage }) => {
        if (elapsedMs < (TROUBLE_S[troubles] ?? Number.POSITIVE_INFINITY) * 1000) return;
        troubles++;
        linksDropped += stage.radio.dropLinks();
        outages.push(
          broker
            .goAway()
            .then(() => world.sleep(BROKER_AWAY_MS))
            .then(() => broker.comeBack()),
        );
      },
    });
    expect(troubles).toBe(TROUBLE_S.length);
    expect(linksDropped).toBeGreaterThan(0);
    expect(balanced(account), accountLines(account).join('\n')).toBe(true);
    expect(account.alerts.map(({ phase }) => phase)).toContain('end');
  } finally {
    await Promise.all(outages);
    await broker.stop();
  }
});
