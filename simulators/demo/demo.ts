/** The whole world on one machine: devices, air, ports, hospital, and a real agent process between them; ends in an account. */
import { createHash } from 'node:crypto';
import type { Entry } from '../../agent/reading/entry.ts';
import type { World } from '../../agent/world.ts';
import { type Actor, type Cast, playScenario } from '../patient/play.ts';
import { type ScenarioName, scenario } from '../patient/scenario.ts';
import type { Account, AlertLine, DeviceAccount } from './account.ts';
import { count, excess, measurementKey, type Tally } from './measurement-key.ts';
import { HUB, openStage, type Stage } from './stage.ts';
import { type Supervisor, supervise } from './supervisor.ts';

export interface DemoOptions {
  readonly world: World;
  readonly scenario: ScenarioName;
  readonly seed: number;
  /** How long to play, at least 22. */
  readonly seconds: number;
  /** The care plan's file. */
  readonly plan: string;
  /** Program and arguments of the agent; ' run --config FOLDER' and the like are added. */
  readonly hjemmebro: readonly [string, ...string[]];
  readonly broker?: string;
  readonly stop: AbortSignal;
  /** Something changed that the live view shows. */
  onChange(demo: Demo): void;
  onLog(line: string): void;
}

/** The demo while it runs, for the view and for tests that pull plugs. */
export interface Demo {
  readonly cast: Cast;
  readonly stage: Stage;
  readonly agent: Supervisor;
  readonly alerts: readonly AlertLine[];
  /** Readings of a device that reached the hospital. */
  delivered(device: string): number;
  readonly elapsedMs: number;
}

/** The scenario's morning, in the patient's home and in UTC; the agent's wall clock is shifted there, so that a run is a function of its seed. */
const NOW_LOCAL = '2026-03-02T08:00:00';
const NOW_UTC_MS = Date.UTC(2026, 2, 2, 7, 0, 0);

/** Longer than `seconds` this may go on until the last receipt, before the account is closed as it is. */
const DRAIN_MAX_MS = 20_000;
const LOOK_EVERY_MS = 250;
/** Looks at which everything was receipted and something is missing all the same, before it is given up. */
const QUIET_LOOKS = 8;

export async function runDemo(options: DemoOptions): Promise<Account> {
  const { world } = options;
  const startedMs = world.monotonicMs();
  const received = new Map<string, Tally>();
  const alerts: AlertLine[] = [];
  let demo: Demo | undefined; // devices speak up before everything stands

  function changed(): void {
    if (demo) options.onChange(demo);
  }

  function take(entry: Entry, taken: 'new' | 'again'): void {
    if (taken === 'again') return;
    if (entry.kind === 'reading' || entry.kind === 'waveform') {
      const tally = received.get(entry.body.device) ?? new Map<string, number>();
      received.set(entry.body.device, tally);
      count(tally, measurementKey(entry.body));
    }
    if (entry.kind === 'alert') alerts.push(entry.body);
    changed();
  }

  const stage = await openStage({
    world,
    plan: options.plan,
    onEntry: take,
    ...(options.broker !== undefined && { broker: options.broker }),
  });
  const { seed, seconds } = options;
  const story = scenario(options.scenario, { seed, seconds, nowLocal: NOW_LOCAL });
  const cast = await playScenario(stage.place, story, () => changed());
  stage.writeSettings(cast);
  const [program, ...args] = options.hjemmebro;
  const shiftMs = NOW_UTC_MS - world.wallMs();
  const agent = supervise({
    world,
    command: [program, ...args, 'run', '--config', stage.folder, `--shift-clock-ms=${shiftMs}`],
    onLog: options.onLog,
    onChange: () => changed(),
  });

  demo = {
    cast,
    stage,
    agent,
    alerts,
    delivered: (device) => [...(received.get(device)?.values() ?? [])].reduce((sum, times) => sum + times, 0),
    get elapsedMs() {
      return world.monotonicMs() - startedMs;
    },
  };
  const running = demo;

  try {
    const receiptedUpTo = await playedOut(options, running, received);
    await agent.stop();
    return closeAccount(options, running, received, receiptedUpTo, await journalOf(options, stage.folder));
  } finally {
    await agent.stop();
    await cast.stop();
    await stage.close();
  }
}

/** Waits until the time is over and everything sent was receipted, or nothing more can be hoped for. Resolves to the receipt's number. */
async function playedOut(options: DemoOptions, demo: Demo, received: ReadonlyMap<string, Tally>): Promise<number> {
  const endMs = options.seconds * 1000;
  let done = false;
  void demo.cast.done.then(() => {
    done = true;
  });
  let receiptedUpTo = 0;
  let quietLooks = 0;
  while (!options.stop.aborted && demo.elapsedMs < endMs + DRAIN_MAX_MS) {
    await options.world.sleep(LOOK_EVERY_MS, options.stop);
    if (!done || demo.elapsedMs < endMs) continue;
    receiptedUpTo = await receiptHeldByHub(options, demo);
    if (receiptedUpTo < (demo.stage.hospital.account(HUB)?.highest ?? 1)) continue;
    // Frames that were in the air when the hub was killed will never come: when all is receipted, nothing more is on its way.
    const isComplete = demo.cast.actors.every(
      (actor) => excess(sentBy(actor), received.get(actor.id) ?? new Map()).length === 0,
    );
    if (isComplete || ++quietLooks >= QUIET_LOOKS) break;
  }
  // Time is up with devices still at it: the account is about what the hub holds now.
  return receiptedUpTo > 0 ? receiptedUpTo : receiptHeldByHub(options, demo);
}

/** Asks the hub, through the hospital's own command, how far it holds the hospital's receipt. */
async function receiptHeldByHub({ world, stop }: DemoOptions, { stage }: Demo): Promise<number> {
  const id = await stage.hospital.command(HUB, 'diagnose');
  for (let tries = 0; tries < 20 && !stop.aborted; tries++) {
    await world.sleep(LOOK_EVERY_MS / 5, stop);
    const reply = stage.hospital.account(HUB)?.replies.find((candidate) => candidate['command'] === id);
    const detail = reply?.['detail'];
    if (typeof detail === 'object' && detail !== null && 'receiptedUpTo' in detail) return Number(detail.receiptedUpTo);
  }
  return 0;
}

interface JournaledLine {
  readonly seq: number;
  readonly kind: string;
  readonly body: { readonly device?: string };
}

/** Reads the hub's journal as a technician would, with `hjemmebro journal`. */
async function journalOf({ hjemmebro, world }: DemoOptions, folder: string): Promise<readonly JournaledLine[]> {
  const [program, ...args] = hjemmebro;
  const { execFile } = await import('node:child_process');
  const text = await new Promise<string>((resolve, reject) => {
    const command = [...args, 'journal', '--json', '--config', folder];
    const child = execFile(program, command, { maxBuffer: 1 << 30 }, (error, stdout) =>
      error ? reject(error) : resolve(stdout),
    );
    world.after(30_000, () => void child.kill());
  });
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as JournaledLine);
}

function closeAccount(
  options: DemoOptions,
  demo: Demo,
  received: ReadonlyMap<string, Tally>,
  receiptedUpTo: number,
  journal: readonly JournaledLine[],
): Account {
  const hospital = demo.stage.hospital.account(HUB);
  const readings = journal.filter((line) => line.kind === 'reading' || line.kind === 'waveform');
  const devices = demo.cast.actors.map((actor): DeviceAccount => {
    const sent = sentBy(actor);
    const got = received.get(actor.id) ?? new Map<string, number>();
    const lines = readings.filter((line) => line.body.device === actor.id);
    return {
      device: actor.id,
      sent: actor.account.sent.length,
      journaled: lines.length,
      receipted: lines.filter((line) => line.seq <= receiptedUpTo).length,
      missing: excess(sent, got),
      surplus: excess(got, sent),
    };
  });
  return {
    scenario: options.scenario,
    seed: options.seed,
    devices,
    alerts: demo.alerts,
    head: journal.at(-1)?.seq ?? 0,
    contiguous: hospital?.contiguous ?? 0,
    holes: hospital?.missing ?? 0,
    redelivered: hospital?.duplicates ?? 0,
    restarts: demo.agent.restarts,
    fingerprint: fingerprint(received, demo.alerts),
  };
}

function sentBy(actor: Actor): Tally {
  const tally: Tally = new Map();
  for (const measurement of actor.account.sent) count(tally, measurementKey(measurement));
  return tally;
}

/** Over what was measured and alerted, not over when the hub's own clocks saw it. */
function fingerprint(received: ReadonlyMap<string, Tally>, alerts: readonly AlertLine[]): string {
  const readings = [...received].flatMap(([device, tally]) =>
    [...tally].map(([key, times]) => `${device} ${key} ${times}`),
  );
  const raised = alerts.map((alert) => `${alert.rule} ${alert.phase} ${alert.zone} ${alert.value ?? ''}`);
  const hash = createHash('sha256');
  for (const line of [...readings.sort(), ...raised.sort()]) hash.update(`${line}\n`);
  return hash.digest('hex').slice(0, 16);
}
