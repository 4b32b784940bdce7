/** What a backlog costs an agent that starts with it: time to the first reading accepted, and memory, with a thousand to a million entries. */
import { alarisGhSerialSimulator } from '../../../simulators/devices/alaris-gh-serial.ts';
import type { Place } from '../../../simulators/devices/contract.ts';
import { nowMs, sleep, until } from '../clock.ts';
import { dropHub, hubWithBacklog } from '../filling.ts';
import { startHub, writeHub } from '../hub.ts';
import { memoryOf } from '../proc.ts';
import { openTcpPort, PUMP, pumpSettings } from '../pump.ts';
import { atMost, compare, interleaved, median } from '../rows.ts';
import { grouped } from '../table.ts';
import { tcpPlace } from '../tcp-place.ts';
import type { Bench, Row, Target, Topic } from '../topic.ts';
import { drainOnce } from './drain.ts';

const FEW = 1_000;
const PATIENCE_MS = 60_000;

interface Started {
  readonly acceptedMs: number;
  readonly rssMb: number;
  readonly peakMb: number;
}

/** The pump knows that its reading was accepted when it is asked the next question: only then is it on disk. */
async function startOnce(bench: Bench, entries: number): Promise<Started> {
  const folder = await hubWithBacklog(bench, entries);
  const port = await openTcpPort();
  const place: Place = tcpPlace(port);
  let acceptedAtMs: number | undefined;
  const pump = await alarisGhSerialSimulator.play(place, PUMP, alarisGhSerialSimulator.scenarios.steady, {
    sent: () => undefined,
    acknowledged: () => {
      acceptedAtMs ??= nowMs();
    },
    doing: () => undefined,
  });
  writeHub(folder, { devices: [pumpSettings(port.path)] });
  const hub = startHub(folder);
  try {
    await until('the first reading is accepted', PATIENCE_MS, () => acceptedAtMs !== undefined, 5);
    await sleep(bench.sizes.restSeconds * 1000);
    const { rssMb, peakMb } = memoryOf(hub.pid);
    return { acceptedMs: (acceptedAtMs ?? Number.NaN) - hub.startedMs, rssMb, peakMb };
  } finally {
    await hub.end('SIGKILL');
    await pump.stop();
    dropHub(folder);
  }
}

const MOST_MB = 110;

function flatMemory({ ours, ratio }: { readonly ours: number; readonly ratio: number }): Target {
  return { says: `ratio 0.9 to 1.1, <= ${MOST_MB} MB`, isMet: ours <= MOST_MB && Math.abs(ratio - 1) <= 0.1 };
}

export const start: Topic = {
  name: 'start',
  title: 'Start and memory with a backlog',
  about: ({ sizes }) =>
    'The broker is away; one pump is polled. Accepted: the pump is asked its next question, which is only done when its ' +
    `last answer is on disk. Memory ${sizes.restSeconds} s after that.`,
  measure: async (bench) => {
    const { backlog, largeBacklog } = bench.sizes;
    const sizes = [FEW, backlog, ...(largeBacklog > 0 ? [largeBacklog] : [])];
    const names = sizes.map((entries) => `of${entries}`);
    const taken = await interleaved(
      bench.runs,
      Object.fromEntries(sizes.map((entries, index) => [names[index] ?? '', () => startOnce(bench, entries)])),
    );
    const of = (index: number): readonly Started[] => taken[names[index] ?? ''] ?? [];
    const few = of(0);
    const rows: Row[] = sizes.flatMap((entries, index) => [
      compare({
        figure: `${grouped(entries)} buffered: start to first reading accepted`,
        unit: 'ms',
        ours: of(index).map((one) => one.acceptedMs),
        ...(index > 0 && { reference: { is: `with ${grouped(FEW)}`, values: few.map((one) => one.acceptedMs) } }),
        target: atMost(1_000, 'ms'),
      }),
      compare({
        figure: `${grouped(entries)} buffered: RSS at rest`,
        unit: 'MB',
        ours: of(index).map((one) => one.rssMb),
        ...(index > 0 && { reference: { is: `with ${grouped(FEW)}`, values: few.map((one) => one.rssMb) } }),
        target: index > 0 ? flatMemory : atMost(MOST_MB, 'MB'),
        note: `most since start ${Math.round(median(of(index).map((one) => one.peakMb)))} MB`,
      }),
    ]);
    return largeBacklog > 0 ? [...rows, ...(await largeDrain(bench, largeBacklog, few))] : rows;
  },
};

/** Once: it takes minutes, and what is looked for is a bound, not a rate. */
async function largeDrain(bench: Bench, entries: number, few: readonly Started[]): Promise<readonly Row[]> {
  const one = await drainOnce(bench, { entries, receiptEvery: 1_000 });
  const figure = `drain of ${grouped(entries)}, receipted`;
  return [
    compare({ figure, unit: 'per s', ours: [one.perSecond], note: 'one run' }),
    compare({
      figure: `${figure}: blocked line to alert at the sink`,
      unit: 'ms',
      ours: [one.alertMs],
      target: atMost(1_000, 'ms'),
    }),
    compare({
      figure: `${figure}: RSS, median`,
      unit: 'MB',
      ours: [one.rssMb],
      reference: { is: `at rest with ${grouped(FEW)}`, values: [median(few.map((each) => each.rssMb))] },
      target: flatMemory,
      note: `most ${Math.round(one.mostMb)} MB`,
    }),
  ];
}
