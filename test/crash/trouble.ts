/** What goes wrong outside of the hub during a life, and how it is mended. */
import { execFile } from 'node:child_process';
import { unreachable } from '../../agent/reading/unreachable.ts';
import type { Window } from './account.ts';
import type { Cycle, WireTrouble } from './plan.ts';
import { PROGRAM, type Stage } from './stage.ts';

const IMPORT_LIMIT_MS = 20_000;
/** A link that broke takes with it what was on its way. */
const LINK_AIR_MS = 750;

export interface Trouble {
  /** Resolves when it is mended, by itself or because `over` aborted. Everything is well then. */
  readonly mended: Promise<void>;
  /** When links were lost. */
  readonly windows: readonly Window[];
}

export function makeTrouble(stage: Stage, cycle: Cycle, over: AbortSignal): Trouble {
  const windows: Window[] = [];
  return { windows, mended: run(stage, cycle, over, windows) };
}

async function run(
  stage: Stage,
  { number, wire: trouble }: Cycle,
  over: AbortSignal,
  windows: Window[],
): Promise<void> {
  if (trouble.wire === 'well') return;
  const { world } = stage;
  await world.sleep(trouble.atMs, over);
  if (over.aborted) return;
  if (trouble.wire === 'links-lost') {
    const nowMs = world.monotonicMs();
    windows.push({ cycle: number, fromMs: nowMs - LINK_AIR_MS, toMs: nowMs + LINK_AIR_MS });
  }
  const mend = await begin(stage, trouble);
  await world.sleep(trouble.forMs, over);
  await mend();
}

type Mend = () => Promise<void> | void;

async function begin(stage: Stage, trouble: Exclude<WireTrouble, { wire: 'well' }>): Promise<Mend> {
  const { network, broker, hospital, radio } = stage;
  const clear: Mend = () => network.set({ is: 'clear' });
  switch (trouble.wire) {
    case 'refusing':
      await network.set({ is: 'refusing' });
      return clear;
    case 'half-open':
      await network.set({ is: 'swallowing' });
      return clear;
    case 'slow': {
      const { delayMs, jitterMs } = trouble;
      await network.set({ is: 'slow', delayMs, jitterMs });
      return clear;
    }
    case 'narrow':
      await network.set({ is: 'narrow', bytesPerSecond: trouble.bytesPerSecond });
      return clear;
    case 'reset':
      network.cut();
      return () => undefined;
    case 'torn':
      network.cutAfter(trouble.bytes);
      return () => network.cutAfter(Number.POSITIVE_INFINITY);
    case 'broker-killed':
      await broker.kill();
      return () => broker.restart(trouble.remembers);
    case 'broker-hangs':
      broker.standStill(true);
      return () => broker.standStill(false);
    case 'receiver-killed':
      await hospital.killReceiver(trouble.forMs);
      return () => hospital.restartReceiver();
    case 'links-lost':
      radio.dropLinks();
      return () => undefined;
    case 'card': {
      const taken = importCard(stage);
      return () => taken;
    }
    default:
      return unreachable(trouble);
  }
}

/** As a technician does it, with the command; what it confirms counts as told to the device. */
export function importCard({ cards, hub, power }: Stage): Promise<void> {
  const [node, ...args] = PROGRAM;
  const words = [...args, 'import', cards.next(), '--config', hub, '--device', 'cpap'];
  const env = { ...process.env, ...power?.env() };
  return new Promise((resolve) => {
    execFile(node, words, { env, timeout: IMPORT_LIMIT_MS, killSignal: 'SIGKILL' }, (error) => {
      if (!error) cards.taken(); // else the person does it again, with the same card
      resolve();
    });
  });
}
