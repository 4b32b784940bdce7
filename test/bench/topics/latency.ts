/** From a frame that leaves a device to the broker's acknowledgement of what it said, and of the alert it raised. */
import type { Entry } from '../../../agent/reading/entry.ts';
import { openBroker } from '../broker.ts';
import { nowMs, sleep, until } from '../clock.ts';
import { entriesSince } from '../entries.ts';
import { dropHub, hubWithBacklog, SINCE_MS } from '../filling.ts';
import { startHub, writeHub } from '../hub.ts';
import { type RawSync, rawSync } from '../native.ts';
import { openStreamingPump, pumpSettings, READINGS_PER_FRAME, type StreamingPump, volumeOf } from '../pump.ts';
import { atMost, compare, interleaved, median, percentile, remark } from '../rows.ts';
import { openSink } from '../sink.ts';
import { openTap, type Published, type Tap } from '../tap.ts';
import type { Bench, Row, Topic } from '../topic.ts';

/** One frame at a time, as a home sends them, only that nobody waits a second for the next. */
const CALM_MS = 40;
/** A hundred frames, six hundred readings a second: more than any home. */
const STRESS_MS = 10;
const ALERT_PAUSE_MS = 60;
const PATIENCE_MS = 30_000;
/** As many bytes as a frame's readings, at the pace of the calm frames: a disk that has rested answers differently from a busy one. */
const SYNC_SECONDS = 8;
const SLOW_MS = [5, 20];
const FRESH = 1_000;

interface Spread {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Latencies {
  readonly sync: RawSync;
  readonly calm: Spread;
  readonly stress: Spread;
  readonly alert: Spread;
}

async function latenciesOnce(bench: Bench, slowMs: number): Promise<Latencies> {
  const { calmFrames, stressFrames, alerts } = bench.sizes;
  const bytes = Math.round(entriesSince(SINCE_MS).meanBytes) * READINGS_PER_FRAME;
  const sync = await rawSync(bench.native, bench.folder, { bytes, seconds: SYNC_SECONDS, pauseMs: CALM_MS, slowMs });
  const folder = await hubWithBacklog(bench, FRESH);
  const broker = await openBroker(bench.folder);
  await broker.start();
  const sink = await openSink(bench.native, { port: broker.port, target: FRESH, receiptEvery: 10 });
  const tap = await openTap(broker.port);
  const pump = await openStreamingPump();
  writeHub(folder, { broker: tap.url, devices: [pumpSettings(pump.port)] });
  const hub = startHub(folder, bench.native.slowed(slowMs));
  try {
    await pump.opened(PATIENCE_MS);
    await sink.reached(PATIENCE_MS);
    await sleep(1_000);
    const calm = await framesAcked(pump, tap, calmFrames, CALM_MS);
    const stress = await framesAcked(pump, tap, stressFrames, STRESS_MS);
    return { sync, calm, stress, alert: await alertsAcked(pump, tap, alerts) };
  } finally {
    await hub.end('SIGKILL');
    tap.close();
    pump.close();
    await sink.stop();
    await broker.stop();
    dropHub(folder);
  }
}

let infused = 0;

/** Each frame says a volume of its own; all readings of the frame share the moment it was received. */
async function framesAcked(pump: StreamingPump, tap: Tap, frames: number, everyMs: number): Promise<Spread> {
  tap.clear();
  const left = new Map<string, number>();
  for (let frame = 0; frame < frames; frame++) {
    infused += 1;
    left.set(volumeOf(infused), pump.infusion(infused));
    // Not in step with anybody's timer.
    await sleep(everyMs * (0.6 + Math.random() * 0.8));
  }
  const isComplete = (): boolean => ackedReadings(tap).length >= frames * READINGS_PER_FRAME;
  await until(`${frames} frames are acknowledged`, PATIENCE_MS, isComplete, 100);
  const received = new Map<number, { atMs: number; volume: string | undefined }>();
  for (const { payload, ackedMs } of ackedReadings(tap)) {
    const { body } = JSON.parse(payload.toString()) as Extract<Entry, { kind: 'reading' }>;
    const frame = received.get(body.received.monotonicMs) ?? { atMs: 0, volume: undefined };
    received.set(body.received.monotonicMs, frame);
    frame.atMs = Math.max(frame.atMs, ackedMs ?? Number.NaN);
    if (body.metric === 'MDC_VOL_FLUID_DELIV' && 'value' in body) frame.volume = body.value;
  }
  return spread([...received.values()].map(({ atMs, volume }) => atMs - (left.get(volume ?? '') ?? Number.NaN)));
}

function ackedReadings({ published }: Tap): readonly Published[] {
  return published.filter(({ topic, ackedMs }) => topic.endsWith('/up/reading') && ackedMs !== undefined);
}

/** One occlusion at a time; it is over before the next. */
async function alertsAcked(pump: StreamingPump, tap: Tap, alerts: number): Promise<Spread> {
  const tookMs: number[] = [];
  const phases = (): readonly Published[] =>
    tap.published.filter(({ topic, ackedMs }) => topic.endsWith('/up/alert') && ackedMs !== undefined);
  for (let n = 0; n < alerts; n++) {
    tap.clear();
    await told(() => pump.alarm('AL_OCCL'), 'start');
    await told(() => pump.alarm('AL_NOALM'), 'end');
  }
  return spread(tookMs);

  async function told(say: () => number, phase: 'start' | 'end'): Promise<void> {
    const known = phases().length;
    const leftMs = say();
    await until(`the ${phase} of an alert is acknowledged`, PATIENCE_MS, () => phases().length > known, 1);
    if (phase === 'start') tookMs.push((phases().at(-1)?.ackedMs ?? nowMs()) - leftMs);
    await sleep(ALERT_PAUSE_MS * (0.6 + Math.random() * 0.8));
  }
}

function spread(valuesMs: readonly number[]): Spread {
  if (valuesMs.some(Number.isNaN)) throw new Error('an acknowledged reading belongs to no frame that was sent');
  return { p50Ms: percentile(valuesMs, 0.5), p99Ms: percentile(valuesMs, 0.99) };
}

function rowsOf(slowMs: number, taken: readonly Latencies[]): readonly Row[] {
  const sync = median(taken.map((one) => one.sync.p50Ms));
  const within = atMost(2 * sync + 5, 'ms');
  const disk = slowMs > 0 ? `sync ${slowMs} ms slower: ` : '';
  const kinds = [
    ['calm', `frame to PUBACK, one at a time (${1000 / CALM_MS}/s)`],
    ['stress', `frame to PUBACK, streaming (${1000 / STRESS_MS}/s)`],
    ['alert', "blocked line to the alert's PUBACK"],
  ] as const;
  return kinds.flatMap(([kind, figure]) => [
    compare({
      figure: `${disk}${figure}, p50`,
      unit: 'ms',
      ours: taken.map((one) => one[kind].p50Ms),
      reference: { is: 'fdatasync p50', values: taken.map((one) => one.sync.p50Ms) },
    }),
    compare({
      figure: `${disk}${figure}, p99`,
      unit: 'ms',
      ours: taken.map((one) => one[kind].p99Ms),
      reference: { is: 'fdatasync p99', values: taken.map((one) => one.sync.p99Ms) },
      // An alert is written after the reading that raised it: two syncs, one after the other, and no target for the sum.
      ...(kind !== 'alert' && {
        target: (facts) => ({ ...within(facts), says: `<= ${within(facts).says.slice(3)} (2 fdatasync p50 + 5)` }),
      }),
    }),
  ]);
}

export const latency: Topic = {
  name: 'latency',
  title: 'Latency, end to end',
  about: ({ sizes }) =>
    'A serial pump behind a TCP port stamps each frame as it leaves; a transparent MQTT wire between hub and broker stamps ' +
    "the broker's PUBACK on its way back; both clocks are the machine's monotonic one. A frame holds six readings and counts " +
    `when the last is acknowledged. ${sizes.calmFrames} calm and ${sizes.stressFrames} streaming frames and ${sizes.alerts} ` +
    'alerts per round. The hospital receipts every 10 entries.',
  measure: async (bench) => {
    const { quick } = await interleaved(bench.runs, { quick: () => latenciesOnce(bench, 0) });
    const slow: Row[] = [];
    // Once: what the disk adds is many times what a run differs from the next.
    for (const slowMs of SLOW_MS) slow.push(...rowsOf(slowMs, [await latenciesOnce(bench, slowMs)]));
    return [...rowsOf(0, quick), ...slow, remark('frame to panel signal', 'not built: there is no front panel yet')];
  },
};
