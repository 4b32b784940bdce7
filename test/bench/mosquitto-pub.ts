/** The C client on the same lines through the same broker into the same sink: what any publisher could reach on this machine. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openBroker } from './broker.ts';
import { run } from './child.ts';
import { entriesSince } from './entries.ts';
import { SINCE_MS } from './filling.ts';
import { TOPIC_ROOT } from './hub.ts';
import { openSink } from './sink.ts';
import type { Bench } from './topic.ts';

export const MOSQUITTO_PUB = 'mosquitto_pub -l -q 1';

const PATIENCE_MS = 120_000;

/** Entries 1 to `count` as they are published, a line each. */
export function linesFile({ folder }: Bench, count: number): string {
  const file = join(folder, `lines-${count}.txt`);
  if (existsSync(file)) return file;
  const { line } = entriesSince(SINCE_MS);
  writeFileSync(file, Array.from({ length: count }, (_, index) => `${line(index + 1)}\n`).join(''));
  return file;
}

export interface PubOptions {
  readonly inflight: number;
  readonly brokerInflight?: number | undefined;
}

/** From the first to the last of the lines at the sink. */
export async function pubOnce(bench: Bench, { inflight, brokerInflight }: PubOptions): Promise<{ perSecond: number }> {
  const broker = await openBroker(bench.folder, brokerInflight === undefined ? {} : { inflight: brokerInflight });
  await broker.start();
  const { lines } = bench.sizes;
  const sink = await openSink(bench.native, { port: broker.port, target: lines });
  try {
    const client = `mosquitto_pub -p ${broker.port} -t ${TOPIC_ROOT}/up/reading -q 1 -M ${inflight} -l`;
    const sent = run(['sh', '-c', `${client} < ${linesFile(bench, lines)}`]);
    const lastMs = await sink.reached(PATIENCE_MS);
    await sent;
    return { perSecond: lines / ((lastMs - (sink.firstMs ?? Number.NaN)) / 1000) };
  } finally {
    await sink.stop();
    await broker.stop();
  }
}
