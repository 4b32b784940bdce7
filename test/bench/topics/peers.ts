/** What a Node user would take instead, on the same load: readings straight through, and a backlog over a pulled plug. */
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { openBroker } from '../broker.ts';
import { nowMs, sleep, until } from '../clock.ts';
import { dropHub, hubWithBacklog } from '../filling.ts';
import { startHub, writeHub } from '../hub.ts';
import { linesFile, MOSQUITTO_PUB, pubOnce } from '../mosquitto-pub.ts';
import { feed, type Gateway, levelStore, nodeRed } from '../peers/gateway.ts';
import { PEER_VERSIONS, type PeerFolder } from '../peers/install.ts';
import { memoryOf } from '../proc.ts';
import { compare, interleaved, ratioAtLeast, remark } from '../rows.ts';
import { openSink } from '../sink.ts';
import { straightThrough } from '../straight-feed.ts';
import { grouped } from '../table.ts';
import type { Bench, Row, Topic } from '../topic.ts';

const PATIENCE_MS = 120_000;
/** Nothing more for so long: nothing more will come. */
const STALLED_MS = 8_000;
const CONNECTED_MS = 1_500;
/** mosquitto_pub's own. */
const PUB_WINDOW = 20;

interface Through {
  readonly perSecond: number;
  readonly rssMb: number;
}

async function peerThrough(bench: Bench, peers: PeerFolder, gateway: Gateway, file: string): Promise<Through> {
  const { straight } = bench.sizes;
  const broker = await openBroker(bench.folder);
  await broker.start();
  const sink = await openSink(bench.native, { port: broker.port, target: straight });
  const { child, port } = await gateway.start(peers, mkdtempSync(join(bench.folder, 'peer-')), broker.port);
  try {
    await sleep(CONNECTED_MS);
    const startMs = nowMs();
    await feed(port, file);
    const lastMs = await sink.reached(PATIENCE_MS);
    return { perSecond: (straight / (lastMs - startMs)) * 1000, rssMb: memoryOf(child.pid).rssMb };
  } finally {
    await child.end('SIGKILL');
    await sink.stop();
    await broker.stop();
  }
}

interface Kept {
  /** From the first to the last that came. */
  readonly perSecond: number;
  readonly missing: number;
}

/** So many lines while the broker is away, SIGKILL, the broker comes back, the gateway is started again. */
async function peerBacklog(bench: Bench, peers: PeerFolder, gateway: Gateway, count: number): Promise<Kept> {
  const file = linesFile(bench, count);
  const folder = mkdtempSync(join(bench.folder, 'peer-'));
  const broker = await openBroker(bench.folder);
  const filled = await gateway.start(peers, folder, broker.port);
  let stored = 0;
  let movedMs = nowMs();
  filled.child.onLine((line) => {
    const match = /^stored (\d+)/.exec(line);
    if (!match) return; // Node-RED tells of the broker that is away, and never of what it holds
    stored = Number(match[1]);
    movedMs = nowMs();
  });
  await feed(filled.port, file);
  await until(`${gateway.name} stores`, PATIENCE_MS, () => stored === count || nowMs() - movedMs > STALLED_MS);
  await filled.child.end('SIGKILL');
  await broker.start();
  return delivered(bench, broker.port, count, async () => {
    const { child } = await gateway.start(peers, folder, broker.port);
    return () => child.end('SIGKILL');
  }).finally(() => broker.stop());
}

async function ourBacklog(bench: Bench, count: number): Promise<Kept> {
  const folder = await hubWithBacklog(bench, count);
  const broker = await openBroker(bench.folder);
  writeHub(folder, { broker: broker.url });
  const killed = startHub(folder);
  await sleep(CONNECTED_MS);
  await killed.end('SIGKILL');
  await broker.start();
  return delivered(bench, broker.port, count, async () => {
    const hub = startHub(folder);
    return () => hub.end('SIGKILL');
  }).finally(async () => {
    await broker.stop();
    dropHub(folder);
  });
}

async function delivered(
  bench: Bench,
  port: number,
  count: number,
  start: () => Promise<() => Promise<unknown>>,
): Promise<Kept> {
  const sink = await openSink(bench.native, { port, target: count, limit: count, every: 10 });
  const stop = await start();
  let reachedMs: number | undefined;
  sink.reached(PATIENCE_MS).then(
    (atMs) => {
      reachedMs = atMs;
    },
    () => undefined,
  );
  const startMs = nowMs();
  const quietMs = (): number => nowMs() - (sink.count > 0 ? sink.lastMs : startMs);
  await until(
    'the backlog has come, or nothing more does',
    PATIENCE_MS,
    () => reachedMs !== undefined || quietMs() > STALLED_MS,
  );
  const lastMs = reachedMs ?? sink.lastMs;
  await stop();
  const { wanted } = await sink.stop();
  return { perSecond: (wanted / (lastMs - (sink.firstMs ?? lastMs))) * 1000, missing: count - wanted };
}

export const peers: Topic = {
  name: 'peers',
  title: 'Peers on the same load',
  about: ({ sizes }) =>
    `Straight through: ${sizes.straight} readings, from the first that is fed to the last at the sink. Ours come as frames of a ` +
    'serial pump, at most 400 under way, are decoded, judged by the rules and on disk before they are sent; the peers get the ' +
    `ready lines over TCP as fast as they read them, and Node-RED keeps none. Same broker, same sink. mqtt.js ${PEER_VERSIONS.mqtt}, ` +
    `mqtt-level-store ${PEER_VERSIONS['mqtt-level-store']}, Node-RED ${PEER_VERSIONS['node-red']}. Backlog: the broker is away, ` +
    'SIGKILL, the broker is back, start; one run.',
  measure: async (bench) => {
    if (!bench.peers) return [remark('peers', 'not wanted (--no-peers)')];
    const installed = await bench.peers().catch((error: Error) => error);
    if (installed instanceof Error) return [remark('peers', `not installed: ${installed.message}`)];
    return [...(await throughRows(bench, installed)), ...(await backlogRows(bench, installed))];
  },
};

async function throughRows(bench: Bench, installed: PeerFolder): Promise<readonly Row[]> {
  const file = linesFile(bench, bench.sizes.straight);
  const taken = await interleaved(bench.runs, {
    ours: () => straightThrough(bench, { readings: bench.sizes.straight }),
    level: () => peerThrough(bench, installed, levelStore, file),
    red: () => peerThrough(bench, installed, nodeRed, file),
    pub: () => pubOnce(bench, { inflight: PUB_WINDOW }),
  });
  const figure = `${grouped(bench.sizes.straight)} readings straight through`;
  const perSecond = (through: readonly { readonly perSecond: number }[]) => through.map((one) => one.perSecond);
  const rssMb = (through: readonly Through[]) => through.map((one) => one.rssMb);
  const against = (is: string, through: readonly Through[], least: number): readonly Row[] => [
    compare({
      figure,
      unit: 'per s',
      ours: perSecond(taken.ours),
      reference: { is, values: perSecond(through) },
      target: ratioAtLeast(least),
    }),
    compare({
      figure: `${figure}: RSS at the end`,
      unit: 'MB',
      ours: rssMb(taken.ours),
      reference: { is, values: rssMb(through) },
    }),
  ];
  const ceiling = compare({
    figure: `${figure}: what broker and sink can take`,
    unit: 'per s',
    ours: perSecond(taken.ours),
    reference: { is: MOSQUITTO_PUB, values: perSecond(taken.pub) },
  });
  return [ceiling, ...against(nodeRed.name, taken.red, 1.2), ...against(levelStore.name, taken.level, 8)];
}

async function backlogRows(bench: Bench, installed: PeerFolder): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const missing = new Map<number, number>();
  for (const count of bench.sizes.peerBacklogs) {
    const ours = await ourBacklog(bench, count);
    const level = await peerBacklog(bench, installed, levelStore, count);
    const figure = `${grouped(count)} buffered, SIGKILL, restart`;
    missing.set(count, ours.missing);
    rows.push(
      compare({
        figure: `${figure}: delivered`,
        unit: 'per s',
        ours: [ours.perSecond],
        reference: { is: levelStore.name, values: [level.perSecond] },
        target: ratioAtLeast(10),
      }),
      compare({
        figure: `${figure}: missing`,
        unit: '',
        ours: [ours.missing],
        reference: { is: levelStore.name, values: [level.missing] },
        target: (facts) => ({ says: '0', isMet: facts.ours === 0 }),
      }),
    );
  }
  const [few = 0] = bench.sizes.peerBacklogs;
  const red = await peerBacklog(bench, installed, nodeRed, few);
  rows.push(
    compare({
      figure: `${grouped(few)} buffered, SIGKILL, restart: missing`,
      unit: '',
      ours: [missing.get(few) ?? Number.NaN],
      reference: { is: nodeRed.name, values: [red.missing] },
    }),
  );
  return rows;
}
