/** A backlog leaves the hub after an outage: how fast, in how much memory, and how soon an alert that is raised meanwhile arrives. */
import { openBroker } from '../broker.ts';
import { until } from '../clock.ts';
import { entriesSince } from '../entries.ts';
import { dropHub, hubWithBacklog, SINCE_MS } from '../filling.ts';
import { startHub, writeHub } from '../hub.ts';
import { MOSQUITTO_PUB, pubOnce } from '../mosquitto-pub.ts';
import { memoryOf, sampleMemory } from '../proc.ts';
import { openStreamingPump, pumpSettings } from '../pump.ts';
import { atMost, compare, interleaved, ratioAtLeast } from '../rows.ts';
import { openSink } from '../sink.ts';
import type { Bench, Row, Topic } from '../topic.ts';

/** The most that one entry may take; past it the measurement has failed. */
const PATIENCE_MS_PER_ENTRY = 2;
const PATIENCE_MS = 60_000;
const ALERT_WITHIN_MS = 1_000;

/** Window of the broker and of both publishers: Debian's default, and one that never limits. */
const WINDOWS = [
  { name: "broker's default window, 20", broker: undefined, hub: undefined, pub: 20 },
  { name: 'window 1 000', broker: 1_000, hub: 1_000, pub: 1_000 },
] as const;

export interface Drained {
  readonly perSecond: number;
  /** Median and most while draining. */
  readonly rssMb: number;
  readonly mostMb: number;
  /** From an occlusion frame that leaves the pump to the alert at the sink. */
  readonly alertMs: number;
}

export interface DrainOptions {
  readonly entries: number;
  readonly brokerInflight?: number | undefined;
  readonly hubInflight?: number | undefined;
  readonly receiptEvery?: number;
}

/** From the first to the last of the buffered entries at the sink. A pump reports a blocked line at about a third. */
export async function drainOnce(bench: Bench, options: DrainOptions): Promise<Drained> {
  const { entries, brokerInflight, hubInflight, receiptEvery } = options;
  const folder = await hubWithBacklog(bench, entries);
  const broker = await openBroker(bench.folder, brokerInflight === undefined ? {} : { inflight: brokerInflight });
  await broker.start();
  const pump = await openStreamingPump();
  let raisedMs = Number.NaN;
  const sink = await openSink(bench.native, {
    port: broker.port,
    target: entries,
    limit: entries,
    ...(receiptEvery !== undefined && { receiptEvery }),
    onCount: (count) => {
      if (Number.isNaN(raisedMs) && count > entries / 3) raisedMs = pump.alarm('AL_OCCL');
    },
  });
  writeHub(folder, {
    broker: broker.url,
    devices: [pumpSettings(pump.port)],
    ...(hubInflight !== undefined && { inflight: hubInflight }),
  });
  const hub = startHub(folder);
  try {
    await until('the first entry arrives', PATIENCE_MS, () => sink.firstMs !== undefined);
    const sampler = sampleMemory(hub.pid);
    const lastMs = await sink.reached(PATIENCE_MS + entries * PATIENCE_MS_PER_ENTRY);
    const { rssMb } = sampler.stop();
    await until('the alert arrives', PATIENCE_MS, () => sink.alerts.length > 0);
    return {
      perSecond: entries / ((lastMs - (sink.firstMs ?? Number.NaN)) / 1000),
      rssMb,
      mostMb: memoryOf(hub.pid).peakMb,
      alertMs: (sink.alerts[0]?.atMs ?? Number.NaN) - raisedMs,
    };
  } finally {
    await hub.end('SIGKILL');
    await sink.stop();
    await broker.stop();
    pump.close();
    dropHub(folder);
  }
}

export const drain: Topic = {
  name: 'drain',
  title: 'Backlog drain',
  about: ({ sizes }) =>
    `${sizes.backlog} buffered readings of ${Math.round(entriesSince(SINCE_MS).meanBytes)} bytes, from the first to the last at ` +
    'the sink (a C subscriber, QoS 1, that only counts). mosquitto_pub sends the first ' +
    `${sizes.lines} of the same lines, by MQTT 3.1.1 and without user properties: above 65 535 queued messages it loses the rest. ` +
    'A pump on the same hub reports a blocked line when a third has arrived.',
  measure: async (bench) => {
    const entries = bench.sizes.backlog;
    const rows: Row[] = [];
    for (const window of WINDOWS) {
      const taken = await interleaved(bench.runs, {
        ours: () => drainOnce(bench, { entries, brokerInflight: window.broker, hubInflight: window.hub }),
        pub: () => pubOnce(bench, { inflight: window.pub, brokerInflight: window.broker }),
      });
      rows.push(
        compare({
          figure: `drain, ${window.name}`,
          unit: 'per s',
          ours: taken.ours.map((one) => one.perSecond),
          reference: { is: MOSQUITTO_PUB, values: taken.pub.map((one) => one.perSecond) },
          target: ratioAtLeast(0.8),
        }),
        compare({
          figure: `drain, ${window.name}: blocked line to alert at the sink`,
          unit: 'ms',
          ours: taken.ours.map((one) => one.alertMs),
          target: atMost(ALERT_WITHIN_MS, 'ms'),
        }),
        compare({
          figure: `drain, ${window.name}: RSS, median`,
          unit: 'MB',
          ours: taken.ours.map((one) => one.rssMb),
          target: atMost(110, 'MB'),
        }),
      );
    }
    const receipted = await interleaved(bench.runs, {
      ours: () => drainOnce(bench, { entries, receiptEvery: 1_000 }),
    });
    rows.push(
      compare({
        figure: "drain, broker's default window, a receipt for each 1 000",
        unit: 'per s',
        ours: receipted.ours.map((one) => one.perSecond),
      }),
    );
    return rows;
  },
};
