/** One simulated device by itself, with its own air, port or card folder, for a developer. */
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { World } from '../../agent/world.ts';
import { type Radio, startRadio } from '../radio/radio.ts';
import { openPty } from '../serial/pty.ts';
import type { Place, Running, Simulator } from './contract.ts';

export interface SimulateOptions {
  readonly world: World;
  readonly simulator: Simulator<unknown>;
  readonly script: unknown;
  /** How the device is reached. */
  readonly link: 'ble' | 'serial' | 'card';
  /** Socket, link or folder; one is chosen where it is left out. */
  readonly port?: string;
  say(line: string): void;
  readonly stop: AbortSignal;
}

/** Plays the script, then stays until stopped. Rejects when the socket, port or link cannot be made. */
export async function simulate({ world, simulator, link, script, port, say, stop }: SimulateOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hjemmebro-simulate-'));
  const socket = port ?? join(folder, 'radio.sock');
  const radio = link === 'ble' ? await startRadio({ world, listen: `unix:${socket}` }) : undefined;
  const place: Place = {
    world,
    addPeripheral: (options) => {
      if (!radio) throw new Error('only a Bluetooth device has a radio');
      return radio.addPeripheral(options);
    },
    openPort: () => openPty(),
    cardFolder: () => port ?? join(folder, 'card'),
  };
  const running = await simulator.play(place, simulator.driver, script, {
    sent: () => undefined,
    acknowledged: (measurements) => say(`the hub has ${measurements.length} more measurements`),
    doing: say,
  });
  let alias: string | undefined; // only a link that we made is ours to remove
  try {
    if (port !== undefined && 'path' in running.reach) {
      symlinkSync(running.reach.path, port);
      alias = port;
    }
    say(howToReach(running.reach, radio, alias));
    await Promise.race([
      running.done.then(() => say('the script is played to its end; stop with Ctrl-C')),
      stopped(world, stop),
    ]);
    await stopped(world, stop);
  } finally {
    if (alias !== undefined) rmSync(alias, { force: true });
    await running.stop();
    await radio?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The lines of hub.json with which a hub finds the device. */
function howToReach(reach: Running['reach'], radio: Radio | undefined, alias: string | undefined): string {
  if ('address' in reach)
    return `reach it with "ble": { "hci": "${radio?.address ?? ''}" } and "address": "${reach.address}"`;
  if ('path' in reach) return `reach it with "port": "${alias ?? reach.path}"`;
  return `reach it with "folder": "${reach.folder}"`;
}

/** Holds the process: a card that lies in its reader keeps nothing else alive. */
async function stopped(world: World, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) await world.sleep(60_000, stop);
}
