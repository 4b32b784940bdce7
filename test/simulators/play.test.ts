/** A whole scenario played to its end by a hub that does the least it must: what was sent is what the scripts say. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { serialFrame } from '../../simulators/devices/alaris-gh-frames.ts';
import { playScenario } from '../../simulators/patient/play.ts';
import { scenario } from '../../simulators/patient/scenario.ts';
import { virtualWorld } from '../virtual-world.ts';
import { type Central, memoryAir, memoryPlace } from './memory-place.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

it('plays all four devices and keeps account of each', async () => {
  const world = virtualWorld();
  const root = await mkdtemp(join(tmpdir(), 'hjemmebro-play-'));
  folders.push(root);
  const memory = memoryPlace(world);
  const centrals = new Map<string, Central>();
  const place = {
    ...memory,
    cardFolder: (device: string) => join(root, device),
    addPeripheral: (options: Parameters<typeof memory.addPeripheral>[0]) => {
      const { central, addPeripheral } = memoryAir();
      centrals.set(options.name, central);
      return addPeripheral(options);
    },
  };
  const told = new Set<string>();
  const story = scenario('pump-occlusion', { seed: 7, seconds: 30 });
  const cast = await playScenario(place, story, (device) => told.add(device));

  const oximeter = centrals.get('Oximeter');
  oximeter?.connect();
  oximeter?.subscribe('2a5e', '2a5f', '2a52');
  oximeter?.write('2a52', Uint8Array.of(1, 1));
  for (let second = 0; second < 16; second++) {
    memory.wire.send(serialFrame('INF'));
    memory.wire.send(serialFrame('ALARM'));
    await world.advance(1_000);
    const scale = centrals.get('Scale');
    if (!scale?.advertising) continue;
    scale.connect();
    scale.subscribe('2a9d');
  }
  await cast.done;
  const [live, card] = [14 * 4, cast.actors[3]?.account];
  expect(cast.actors.map(({ id, account }) => [id, account.sent.length, account.acknowledged])).toEqual([
    ['oximeter', live + 3 * 2, 3 * 2],
    ['scale', 2, 2],
    ['pump', 14 * 7, 14 * 7],
    ['cpap', card?.sent.length, 0],
  ]);
  expect(card?.sent.length).toBeGreaterThan(20);
  expect([...told].sort()).toEqual(['cpap', 'oximeter', 'pump', 'scale']);
  expect(cast.actors.map(({ reach }) => Object.keys(reach)[0])).toEqual(['address', 'address', 'path', 'folder']);
  await cast.stop();
  expect(oximeter?.advertising).toBe(false);
});
