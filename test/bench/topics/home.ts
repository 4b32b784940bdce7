/** The agent in a home: memory, processor and disk at rest and with three devices, and how long a frame over the air takes. */
import type { Entry } from '../../../agent/reading/entry.ts';
import { openBroker } from '../broker.ts';
import { sleep, until } from '../clock.ts';
import { dropHub, hubWithBacklog } from '../filling.ts';
import { emptyHome, type HomeLoad, startHomeLoad } from '../home-load.ts';
import { startHub, writeHub } from '../hub.ts';
import { rawSync } from '../native.ts';
import { bytesWritten, deviceBytes, type Watched, watch } from '../proc.ts';
import { atMost, compare, percentile, remark } from '../rows.ts';
import { openSink } from '../sink.ts';
import { openTap, type Tap } from '../tap.ts';
import type { Bench, Row, Topic } from '../topic.ts';

const FRESH = 1_000;
const PATIENCE_MS = 60_000;
/** From the start of the agent to the time that is looked at: everything is connected by then. */
const SETTLE_MS = 8_000;
/** The pump's two answers and the oximeter's frame, each second. */
const SYNCS_PER_SECOND = 3;

interface Lived extends Watched {
  readonly seconds: number;
  readonly payloadBytes: number;
  readonly entries: number;
  readonly processBytes: number;
  readonly deviceBytes: number;
  readonly overTheAirMs: readonly number[];
}

async function live(bench: Bench, home: HomeLoad, folder: string, seconds: number): Promise<Lived> {
  const broker = await openBroker(bench.folder);
  await broker.start();
  const sink = await openSink(bench.native, { port: broker.port, target: FRESH, receiptEvery: 10 });
  const tap = await openTap(broker.port);
  writeHub(folder, { broker: tap.url, devices: home.devices, hci: home.hci });
  const hub = startHub(folder);
  try {
    await until('the hub speaks to the broker', PATIENCE_MS, () => tap.published.length > 0);
    await sleep(SETTLE_MS);
    tap.clear();
    const before = { process: bytesWritten(hub.pid), device: deviceBytes(bench.device ?? '') };
    const watched = await watch(hub.pid, seconds);
    const entries = tap.published.filter(({ topic }) => /\/up\/(reading|alert|event|gap)$/.test(topic));
    return {
      ...watched,
      seconds,
      entries: entries.length,
      payloadBytes: entries.reduce((sum, { payload }) => sum + payload.length, 0),
      processBytes: bytesWritten(hub.pid) - before.process,
      deviceBytes: deviceBytes(bench.device ?? '') - before.device,
      overTheAirMs: overTheAir(tap, home),
    };
  } finally {
    await hub.end('SIGKILL');
    tap.close();
    await sink.stop();
    await broker.stop();
    await home.stop();
  }
}

function overTheAir({ published }: Tap, { leftMs }: HomeLoad): readonly number[] {
  return published.flatMap(({ topic, payload, ackedMs }) => {
    if (!topic.endsWith('/up/reading') || ackedMs === undefined) return [];
    const { body } = JSON.parse(payload.toString()) as Extract<Entry, { kind: 'reading' }>;
    if (body.metric !== 'MDC_PULS_OXIM_PULS_RATE' || !('value' in body)) return [];
    const left = leftMs.get(body.value);
    return left === undefined ? [] : [ackedMs - left];
  });
}

/** What the disk writes while nothing of ours runs, bytes per second. */
async function background(bench: Bench): Promise<number> {
  const before = deviceBytes(bench.device ?? '');
  await sleep(bench.sizes.controlSeconds * 1000);
  return (deviceBytes(bench.device ?? '') - before) / bench.sizes.controlSeconds;
}

/** One hub for both: what an agent writes once in its life, such as the room it sets aside, is written while it idles. */
async function idleThenLoad(bench: Bench): Promise<{ idle: Lived; quietRate: number; load: Lived }> {
  const { idleSeconds, homeSeconds } = bench.sizes;
  const folder = await hubWithBacklog(bench, FRESH);
  try {
    const idle = await live(bench, await emptyHome(folder), folder, idleSeconds);
    const quietRate = await background(bench);
    const busy = await startHomeLoad(folder, homeSeconds + SETTLE_MS / 1000);
    return { idle, quietRate, load: await live(bench, busy, folder, homeSeconds) };
  } finally {
    dropHub(folder);
  }
}

function watchedRows(
  name: string,
  { cpuPercent, rssMb, mostMb }: Watched,
  mostCpu: number | undefined,
): readonly Row[] {
  return [
    compare({
      figure: `${name}: processor`,
      unit: '%',
      ours: [cpuPercent],
      ...(mostCpu !== undefined && { target: atMost(mostCpu, '%') }),
    }),
    compare({
      figure: `${name}: RSS`,
      unit: 'MB',
      ours: [rssMb],
      target: atMost(110, 'MB'),
      note: `most ${Math.round(mostMb)} MB`,
    }),
  ];
}

export const home: Topic = {
  name: 'home',
  title: 'At home',
  about: ({ sizes, device }) =>
    `One run. Idle: three devices in the settings and none there, ${sizes.idleSeconds} s. Load: an oximeter that streams once ` +
    'a second over the virtual radio, a pump polled once a second (two answers), two weighings; the hospital receipts; ' +
    `${sizes.homeSeconds} s. Percent of one core. Bytes of the device (${device ?? 'not known'}) are those of the whole ` +
    'machine less what it wrote in a control interval: true only on a machine that does nothing else.',
  measure: async (bench) => {
    const { homeSeconds } = bench.sizes;
    const { idle, quietRate, load } = await idleThenLoad(bench);
    if (load.overTheAirMs.length < homeSeconds / 2) {
      throw new Error(`only ${load.overTheAirMs.length} frames of the oximeter arrived in ${homeSeconds} s`);
    }
    return [
      ...watchedRows('idle', idle, 1),
      ...watchedRows('three devices', load, undefined),
      compare({
        figure: 'oximeter over the air, frame to PUBACK, p50',
        unit: 'ms',
        ours: [percentile(load.overTheAirMs, 0.5)],
      }),
      compare({
        figure: 'oximeter over the air, frame to PUBACK, p99',
        unit: 'ms',
        ours: [percentile(load.overTheAirMs, 0.99)],
        note: `${load.overTheAirMs.length} frames`,
      }),
      ...(await writtenRows(bench, load, quietRate)),
    ];
  },
};

async function writtenRows(bench: Bench, load: Lived, quietRate: number): Promise<readonly Row[]> {
  const { payloadBytes, seconds, processBytes } = load;
  const perSecond = Math.round(payloadBytes / seconds);
  const process = compare({
    figure: 'three devices: written by the process per payload byte',
    unit: 'x',
    ours: [processBytes / payloadBytes],
    note: `${perSecond} payload bytes in ${(load.entries / seconds).toFixed(1)} entries a second`,
  });
  const figure = 'three devices: written by the device per payload byte';
  if (bench.device === undefined) return [process, remark(figure, 'the device is not known')];
  const ofDevice = load.deviceBytes - quietRate * seconds;
  if (ofDevice < quietRate * seconds) {
    const words = `the machine is busy: it wrote ${Math.round(quietRate / 1000)} kB/s without us`;
    return [process, remark(figure, words)];
  }
  const bytes = Math.round(perSecond / SYNCS_PER_SECOND);
  const before = deviceBytes(bench.device);
  const raw = await rawSync(bench.native, bench.folder, {
    bytes,
    seconds: bench.sizes.controlSeconds,
    pauseMs: 1000 / SYNCS_PER_SECOND,
  });
  const ofRaw = deviceBytes(bench.device) - before - quietRate * bench.sizes.controlSeconds;
  return [
    process,
    compare({
      figure,
      unit: 'x',
      ours: [ofDevice / payloadBytes],
      reference: {
        is: `append + fdatasync in C, ${bytes} bytes ${SYNCS_PER_SECOND} times a second`,
        values: [ofRaw / (raw.perSecond * bench.sizes.controlSeconds * bytes)],
      },
      target: atMost(8, 'x'),
    }),
    compare({
      figure: 'three devices: written by the device in a day',
      unit: 'MB',
      ours: [(ofDevice / seconds) * 0.0864],
    }),
  ];
}
