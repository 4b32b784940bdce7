/** The stage of a demo: a folder, a broker, a hospital, an air and ports, all on this machine and gone afterwards. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Entry } from '../../agent/reading/entry.ts';
import type { World } from '../../agent/world.ts';
import type { Place } from '../devices/contract.ts';
import { type Broker, startBroker } from '../hospital/broker.ts';
import { type Hospital, startHospital } from '../hospital/hospital.ts';
import type { Cast } from '../patient/play.ts';
import { PUMP_POLL_SECONDS } from '../patient/scenario.ts';
import { type Radio, startRadio } from '../radio/radio.ts';
import { openPty } from '../serial/pty.ts';

/** The demo's hub: a pseudonym like any other. */
export const HUB = 'hub-demo-1';
const TIME_ZONE = 'Europe/Oslo';

export interface StageOptions {
  readonly world: World;
  /** The care plan the hub gets. */
  readonly plan: string;
  /** A broker of one's own; left out, one is embedded (MQTT 3.1.1). */
  readonly broker?: string;
  onEntry(entry: Entry, taken: 'new' | 'again'): void;
}

export interface Stage {
  /** Settings folder of the hub. */
  readonly folder: string;
  readonly place: Place;
  readonly radio: Radio;
  readonly hospital: Hospital;
  /** Writes hub.json for these devices, so that the agent can be started. */
  writeSettings(cast: Cast): void;
  close(): Promise<void>;
}

/** The stage cannot be set, in words for a person. */
export class StageError extends Error {
  override readonly name = 'StageError';
}

/** Rejects with a StageError when the broker does not answer. */
export async function openStage(options: StageOptions): Promise<Stage> {
  const { world } = options;
  const folder = mkdtempSync(join(tmpdir(), 'hjemmebro-'));
  const broker: Broker | undefined = options.broker === undefined ? await startBroker() : undefined;
  const url = options.broker ?? broker?.url ?? '';
  const hospital = await startHospital({ world, broker: url, hub: HUB, onEntry: options.onEntry }).catch(
    (error: unknown) => {
      rmSync(folder, { recursive: true, force: true });
      throw new StageError(
        `${error instanceof Error ? error.message : String(error)}; start it, or leave --broker out`,
      );
    },
  );
  const radio = await startRadio({ world, listen: `unix:${join(folder, 'radio.sock')}` });
  const cards = join(folder, 'cards');
  mkdirSync(cards);
  copyFileSync(options.plan, join(folder, 'care-plan.json'));

  const place: Place = {
    world,
    addPeripheral: (peripheral) => radio.addPeripheral(peripheral),
    openPort: () => openPty(),
    cardFolder: (device) => join(cards, device),
  };

  return {
    folder,
    place,
    radio,
    hospital,
    writeSettings: (cast) => writeFileSync(join(folder, 'hub.json'), settingsText(folder, radio, url, cast)),
    close: async () => {
      await hospital.close();
      await radio.close();
      await broker?.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function settingsText(folder: string, radio: Radio, broker: string, cast: Cast): string {
  const devices = cast.actors.map(({ id, driver, reach }) => ({
    id,
    driver,
    ...('address' in reach && { address: reach.address, setClock: true }),
    ...('path' in reach && { port: reach.path, pollSeconds: PUMP_POLL_SECONDS }),
    ...('folder' in reach && { folder: reach.folder }),
  }));
  const settings = {
    hub: HUB,
    timeZone: TIME_ZONE,
    journal: { path: join(folder, 'journal') },
    ble: { hci: radio.address },
    uplink: { brokers: [broker] },
    devices,
    log: { level: 'info' },
  };
  return JSON.stringify(settings, null, 2);
}
