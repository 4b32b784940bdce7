/** One home as a seed makes it: a machine, a disk, devices, a network, a hospital, and the hub in the middle. */
import { pino } from 'pino';
import { LinkError } from '../../agent/link/link.ts';
import type { Broker, Dial } from '../../agent/uplink/mqtt-client.ts';
import { openBroker, type SimulatedBroker } from './broker.ts';
import { type Chance, chance } from './chance.ts';
import { type Connection, dialThrough, type NetworkOptions } from './connection.ts';
import { openDisk, type SimulatedDisk } from './disk.ts';
import { type Evidence, openEvidence } from './evidence.ts';
import { openHospital, type SimulatedHospital } from './hospital.ts';
import type { Life } from './life.ts';
import { type Machine, openMachine } from './machine.ts';
import { type Oximeter, openOximeter } from './oximeter.ts';
import { openPump, type Pump } from './pump.ts';
import { type Air, openAir } from './radio.ts';
import { openScale, type Scale } from './scale.ts';
import { type Scheduler, scheduler } from './scheduler.ts';
import { openService, type Service } from './service.ts';
import { HUB, plans, settingsFor } from './settings.ts';
import { openTrace, type Trace } from './trace.ts';

/** What the seed decides once. */
export interface Kind {
  /** The disk is so small, or entries so large, that the journal meets its bound. */
  readonly isTight: boolean;
  readonly protocol: 4 | 5;
  readonly hasBattery: boolean;
  readonly hasPump: boolean;
}

/** Something to happen as soon as the hub does this. */
export type Cue = 'writes' | 'has written' | 'publishes' | 'is answered';

export interface Home {
  readonly kind: Kind;
  readonly chance: Chance;
  readonly scheduler: Scheduler;
  readonly trace: Trace;
  readonly machine: Machine;
  readonly disk: SimulatedDisk;
  readonly broker: SimulatedBroker;
  readonly hospital: SimulatedHospital;
  readonly air: Air;
  readonly scale: Scale;
  readonly oximeter: Oximeter;
  readonly pump: Pump;
  readonly service: Service;
  readonly evidence: Evidence;
  readonly log: readonly string[];
  readonly startMs: number;
  readonly keepAliveMs: number;
  /** Since when the hub is gone that was connected and has not said goodbye. */
  readonly goneMs: number | undefined;
  /** The hub's connection, where there is one. */
  connection(): Connection | undefined;
  on(cue: Cue, then: () => void): void;
  /** What waited for the cue, or for any, does not happen. */
  uncue(which?: Cue): void;
}

export interface HomeOptions {
  readonly seed: number;
  /** Gets all that happens, line by line. */
  readonly onLine?: ((line: string) => void) | undefined;
  /** No sync does anything: at a power cut the newest of what was "written" is gone. The invariants must see that. */
  readonly isDiskLying?: boolean;
}

const START_MS = Date.UTC(2026, 2, 2, 8, 0, 0);
/** Europe/Oslo in March. */
const ZONE_MS = 3_600_000;
const LOG_KEPT = 20_000;

export function openHome({ seed, onLine, isDiskLying = false }: HomeOptions): Home {
  const draw = chance(seed);
  const kind: Kind = {
    isTight: draw.odds(0.25),
    protocol: draw.odds(0.85) ? 5 : 4,
    hasBattery: draw.odds(0.5),
    hasPump: draw.odds(0.3),
  };
  const time = scheduler(START_MS + draw.whole(0, 20_000_000));
  const trace = openTrace(() => time.nowMs, onLine);
  const parts = { scheduler: time, trace };
  const evidence = openEvidence(() => time.nowMs, trace);
  const cues = new Map<Cue, () => void>();
  const log: string[] = [];
  let connection: Connection | undefined;
  let goneMs: number | undefined;

  function cue(which: Cue): void {
    const then = cues.get(which);
    cues.delete(which);
    if (then) time.soon(then);
  }

  const disk = openDisk({
    ...parts,
    chance: draw.of('disk'),
    capacityBytes: kind.isTight ? 1_000_000_000 : 200_000_000,
    weight: kind.isTight ? draw.whole(20, 60) : 1,
    writeMs: draw.scale(1, 15),
  });
  disk.watch(evidence);
  disk.watch({ began: () => cue('writes'), landed: () => cue('has written'), destroyed: () => undefined });
  const broker = openBroker({
    ...parts,
    chance: draw.of('broker'),
    protocol: kind.protocol,
    receiveMaximum: kind.protocol === 5 ? draw.one([1, 5, 20, 100, 65_000]) : 65_000,
  });
  const hospital = openHospital({ ...parts, broker, hub: HUB });
  const machine = openMachine({
    ...parts,
    chance: draw.of('machine'),
    hasBattery: kind.hasBattery,
    isOnline: () => broker.trouble.network === 'up',
  });
  const air = openAir(time, draw.of('air'), trace);
  const onChanged = (device: Scale | Oximeter): void => air.changed(device);
  const device = { ...parts, watcher: evidence, onChanged };
  const hubKnowsTheTime = (): boolean => machine.clock.state().state !== 'unsynced';
  const scale = openScale({ ...device, chance: draw.of('scale'), zoneMs: ZONE_MS, hubKnowsTheTime });
  const pump = openPump({ ...device, chance: draw.of('pump') });
  const oximeter = openOximeter({ ...device, chance: draw.of('oximeter'), everyMs: draw.between(4_000, 9_000) });
  const network: NetworkOptions = {
    ...parts,
    chance: draw.of('network'),
    broker,
    latencyMs: draw.scale(2, 150),
    bytesPerMs: draw.scale(5, 1_000),
    watcher: {
      sent: (message, inFlight, receiveMaximum) => {
        evidence.sent(message, inFlight, receiveMaximum);
        cue('publishes');
      },
      settled: () => cue('is answered'),
    },
    onConnection: (made) => {
      connection = made;
      goneMs = undefined;
    },
  };

  function dial(life: Life): (options: Dial) => Promise<Broker> {
    const through = dialThrough(network, life);
    return (options) =>
      through({
        ...options,
        onMessage: (message) => {
          if (message.topic.endsWith('/receipt')) evidence.receiptArrived(message.payload);
          options.onMessage(message);
        },
      });
  }

  const settings = settingsFor(draw.of('settings'), kind);
  const [plan] = plans;
  const service = openService({
    ...parts,
    chance: draw.of('service'),
    machine,
    settings,
    plan,
    log: pino(
      { level: 'debug', base: null, timestamp: false },
      {
        write: (line: string) => {
          if (log.length < LOG_KEPT) log.push(line);
          trace.note('log', line.trimEnd());
        },
      },
    ),
    outside: (life) => ({
      medium: disk.medium(life),
      link: ({ id }) => {
        if (id === scale.name) return air.linkTo(scale, life);
        if (id === oximeter.name) return air.linkTo(oximeter, life);
        if (id === pump.name) return pump.linkTo(life);
        throw new LinkError(`no such device: ${id}`);
      },
      dial: dial(life),
      control: async () => ({ close: async () => undefined }),
      close: async () => undefined,
    }),
    onEnd: (life, isMachineUp) => {
      disk.ended(life);
      if (isDiskLying && !isMachineUp) disk.damages.unwrite(1);
      air.ended(life);
      if (connection && broker.connectionOf(HUB) === connection) goneMs = time.nowMs;
      connection?.orphan(isMachineUp);
      connection = undefined;
    },
  });

  return {
    kind,
    chance: draw.of('plan'),
    ...parts,
    machine,
    disk,
    broker,
    hospital,
    air,
    scale,
    oximeter,
    pump,
    service,
    evidence,
    log,
    startMs: time.nowMs,
    keepAliveMs: (settings.uplink.keepAliveSeconds ?? 0) * 1000,
    get goneMs() {
      return goneMs;
    },
    connection: () => broker.connectionOf(HUB),
    on: (which, then) => void cues.set(which, then),
    uncue: (which) => {
      if (which === undefined) cues.clear();
      else cues.delete(which);
    },
  };
}
