/** Everything around the agent for one run of the rig: disk, power, air, devices, network, broker, hospital, settings. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../agent/settings/package-root.ts';
import type { World } from '../../agent/world.ts';
import type { Place } from '../../simulators/devices/contract.ts';
import { type Radio, startRadio } from '../../simulators/radio/radio.ts';
import { openPty } from '../../simulators/serial/pty.ts';
import { type Network, openNetwork } from '../network/network.ts';
import { type Disk, openDisk } from './disk.ts';
import { type Cards, type Feeder, openCards, startFeeders } from './feeders.ts';
import { type Hospital, openHospital } from './hospital.ts';
import { endLives } from './life.ts';
import { type Mosquitto, startMosquitto } from './mosquitto.ts';
import { openPower, type Power } from './power.ts';
import { openShelf, type Shelf } from './shelf.ts';

/** The compiled program. */
export const PROGRAM: readonly [string, ...string[]] = [process.execPath, join(packageRoot(), 'dist/agent/main.js')];
const HUB = 'hub-crash-1';
const POLL_SECONDS = 0.5;
/** The shortest there is, so that a half-open connection is noticed within a long life. */
const KEEP_ALIVE_SECONDS = 5;

export interface Stage {
  readonly world: World;
  /** Everything of this run lies below. */
  readonly folder: string;
  /** Settings folder of the hub. */
  readonly hub: string;
  readonly disk: Disk;
  /** Undefined where there is no compiler. */
  readonly power: Power | undefined;
  readonly radio: Radio;
  readonly feeders: readonly Feeder[];
  readonly cards: Cards;
  readonly network: Network;
  readonly broker: Mosquitto;
  readonly hospital: Hospital;
  readonly shelf: Shelf;
  /** The last life that was up had room on its disk: whatever it needs for a full one it could set aside. */
  readonly before: { hadRoom: boolean };
  close(): Promise<void>;
}

export interface StageOptions {
  readonly world: World;
  readonly seed: number;
  readonly cycles: number;
  readonly hasPower: boolean;
  /** The disk says that it has synced, and has not. */
  readonly diskLies: boolean;
}

export async function openStage({ world, seed, cycles, hasPower, diskLies }: StageOptions): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'hjemmebro-crash-'));
  const [hub, brokerFolder, copies] = ['hub', 'broker', 'copies'].map((name) => {
    mkdirSync(join(folder, name));
    return join(folder, name);
  }) as [string, string, string];
  const closings: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const opened = <T>(thing: T, end: (thing: T) => Promise<void> | void): T => {
    closings.push(() => end(thing));
    return thing;
  };
  const close = async (): Promise<void> => {
    endLives();
    for (const end of closings.splice(0).reverse()) await end();
  };
  try {
    const disk = opened(await openDisk(join(hub, 'disk')), (it) => it.close());
    const power = hasPower ? openPower(folder, disk, diskLies) : undefined;
    const broker = opened(await startMosquitto(brokerFolder), (it) => it.kill());
    const network = opened(await openNetwork({ world, port: broker.port }), (it) => it.close());
    const hospital = opened(await openHospital({ world, folder, broker: broker.url, hub: HUB }), (it) => it.close());
    const radio = opened(await startRadio({ world, listen: `unix:${join(folder, 'radio.sock')}` }), (it) => it.close());
    const place: Place = {
      world,
      addPeripheral: (options) => radio.addPeripheral(options),
      openPort: () => openPty(),
      cardFolder: (device) => join(folder, 'reader', device),
    };
    const feeders = opened(await startFeeders(place, cycles), async (all) => {
      await Promise.all(all.map((feeder) => feeder.stop()));
    });
    writeSettings(hub, radio, network, feeders, place.cardFolder('cpap'));
    const cards = openCards(world, join(folder, 'cards'), seed);
    const shelf = openShelf({ world, hub, folder: copies, program: PROGRAM });
    return {
      world,
      folder,
      hub,
      disk,
      power,
      radio,
      feeders,
      cards,
      network,
      broker,
      hospital,
      shelf,
      before: { hadRoom: false },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function writeSettings(hub: string, radio: Radio, network: Network, feeders: readonly Feeder[], reader: string): void {
  mkdirSync(reader, { recursive: true }); // an empty reader: cards are imported by hand
  const settings = {
    hub: HUB,
    timeZone: 'Europe/Oslo',
    journal: { path: 'disk/state/journal' },
    ble: { hci: radio.address },
    uplink: { brokers: [network.url], keepAliveSeconds: KEEP_ALIVE_SECONDS },
    devices: [
      ...feeders.map(({ book, driver, reach }) => ({
        id: book.device,
        driver,
        ...('address' in reach && { address: reach.address }),
        ...('path' in reach && { port: reach.path, pollSeconds: POLL_SECONDS }),
      })),
      { id: 'cpap', driver: 'resmed-card', folder: reader },
    ],
    log: { level: 'info' },
  };
  writeFileSync(join(hub, 'hub.json'), JSON.stringify(settings, null, 2));
  copyFileSync(join(packageRoot(), 'config/demo/care-plan.json'), join(hub, 'care-plan.json'));
}
