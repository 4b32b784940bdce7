/** Readings straight through the agent: a pump sends frames as fast as the far end shows that they arrive, and no faster. */
import { openBroker } from './broker.ts';
import type { Child } from './child.ts';
import { nowMs, until } from './clock.ts';
import { dropHub, hubWithBacklog } from './filling.ts';
import { startHub, TOPIC_ROOT, writeHub } from './hub.ts';
import { memoryOf } from './proc.ts';
import { openStreamingPump, pumpSettings, READINGS_PER_FRAME } from './pump.ts';
import { openSink } from './sink.ts';
import type { Bench } from './topic.ts';

/** A serial line acknowledges nothing, and a session holds 512 frames: with fewer under way none is dropped. */
const FRAMES_UNDER_WAY = 400;
const TOLD_EVERY = 60;
const FEW = 1_000;
const PATIENCE_MS = 20_000;

export interface Straight {
  readonly perSecond: number;
  readonly rssMb: number;
  readonly payloadBytes: number;
}

export interface StraightOptions {
  readonly readings: number;
  readonly brokerInflight?: number;
  readonly journal?: Readonly<Record<string, unknown>>;
  readonly receiptEvery?: number;
  /** Looked at while the agent still runs. */
  readonly during?: (hub: Child, when: 'before' | 'after') => Promise<void>;
}

/** From the first frame that leaves to the last reading at the sink. */
export async function straightThrough(bench: Bench, options: StraightOptions): Promise<Straight> {
  const { readings, brokerInflight, journal, receiptEvery } = options;
  const folder = await hubWithBacklog(bench, FEW);
  const broker = await openBroker(bench.folder, brokerInflight === undefined ? {} : { inflight: brokerInflight });
  await broker.start();
  const pump = await openStreamingPump();
  const frames = Math.ceil(readings / READINGS_PER_FRAME);
  let sent = 0;
  let isFeeding = false;
  function feed(arrived: number): void {
    const most = Math.min(frames, Math.floor((arrived - FEW) / READINGS_PER_FRAME) + FRAMES_UNDER_WAY);
    while (isFeeding && sent < most) pump.infusion(++sent);
  }
  const sink = await openSink(bench.native, {
    port: broker.port,
    filter: `${TOPIC_ROOT}/up/reading`,
    target: FEW + frames * READINGS_PER_FRAME,
    every: TOLD_EVERY,
    onCount: feed,
    ...(receiptEvery !== undefined && { receiptEvery }),
  });
  writeHub(folder, {
    broker: broker.url,
    devices: [pumpSettings(pump.port)],
    ...(brokerInflight !== undefined && { inflight: brokerInflight }),
    ...(journal && { journal }),
  });
  const hub = startHub(folder);
  try {
    await pump.opened(PATIENCE_MS);
    await until('what was buffered has arrived', PATIENCE_MS, () => sink.count >= FEW - TOLD_EVERY);
    await options.during?.(hub, 'before');
    const startMs = nowMs();
    isFeeding = true;
    feed(sink.count);
    const lastMs = await sink.reached(PATIENCE_MS + readings);
    await options.during?.(hub, 'after');
    const { rssMb } = memoryOf(hub.pid);
    const { bytes, messages } = await sink.stop();
    const count = frames * READINGS_PER_FRAME;
    return {
      perSecond: (count / (lastMs - startMs)) * 1000,
      rssMb,
      payloadBytes: Math.round((bytes / messages) * count),
    };
  } finally {
    await hub.end('SIGKILL');
    await sink.stop();
    await broker.stop();
    pump.close();
    dropHub(folder);
  }
}
