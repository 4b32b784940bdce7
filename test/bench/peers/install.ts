/** The peers, installed by the benchmark into a folder of the system's temporary ones; never a dependency of ours. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { launch } from '../child.ts';
import { sleep } from '../clock.ts';

/** Pinned: a peer that moves is no reference. Node-RED 4 is the last that runs on Node 20. */
export const PEER_VERSIONS = { mqtt: '5.16.0', 'mqtt-level-store': '3.1.0', 'node-red': '4.1.8' } as const;

export interface PeerFolder {
  /** Holds node_modules; programs that stand in it find the peers. */
  readonly path: string;
}

const WITHIN_MS = 300_000;
const DONE = 'installed';

/** Rejects in words for a table. What was installed once is used again. */
export async function installPeers(): Promise<PeerFolder> {
  const name = Object.entries(PEER_VERSIONS)
    .map(([peer, version]) => `${peer}-${version}`)
    .join('-');
  const path = join(tmpdir(), `hjemmebro-bench-peers-${name}`);
  if (existsSync(join(path, DONE))) return { path };
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'package.json'), JSON.stringify({ private: true, dependencies: PEER_VERSIONS }));
  const npm = launch(['npm', 'install', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: path });
  const late = sleep(WITHIN_MS, 'late' as const, { ref: false });
  const end = await Promise.race([npm.ended, late]);
  if (end === 'late') {
    await npm.end('SIGKILL');
    throw new Error(`npm did not install the peers within ${WITHIN_MS / 1000} s`);
  }
  if (end.code !== 0) throw new Error(`npm could not install the peers: ${end.err.trim().slice(-200)}`);
  writeFileSync(join(path, DONE), '');
  return { path };
}
