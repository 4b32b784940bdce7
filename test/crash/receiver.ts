/** The hospital's application as a process of its own: stores first, receipts after, asks for what is missing; made to be killed. */
import { closeSync, fdatasyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { realWorld, type Timer } from '../../agent/world.ts';
import { type MqttWire, openMqtt } from '../../simulators/hospital/mqtt.ts';
import { emptyRanges } from '../../simulators/hospital/ranges.ts';

/** What the rig says to it. */
export type Order = 'die before the next receipt' | 'close';
export const READY = 'ready';

const RECEIPT_AFTER_MS = 50;
const ASK_AGAIN_AFTER_MS = 1_000;
const RANGES_MOST = 100;
const ENTRY = /\/up\/(reading|waveform|alert|gap|event)$/;

const [url = '', hub = '', path = ''] = process.argv.slice(2);
const world = realWorld();
const stored = emptyRanges();
const explained = emptyRanges();
/** By sequence number; the same one with another id is stored again, so that the account can tell. */
const ids = new Map<number, string>();
const file = openSync(path, 'a+');
const waiting: string[] = [];
let wire: MqttWire | undefined;
let receipt: Timer | undefined;
let question: Timer | undefined;
let diesNext = false;

interface Stored {
  readonly seq: number;
  readonly id: string;
  readonly kind: string;
  readonly body: { readonly from?: number; readonly to?: number };
}

/** True when it is new. */
function take(text: string): boolean {
  const { seq, id, kind, body } = JSON.parse(text) as Stored;
  if (ids.get(seq) === id) return false;
  ids.set(seq, id);
  stored.add(seq);
  explained.add(seq);
  if (kind === 'gap' && body.to !== undefined) explained.add(body.from ?? 1, body.to);
  return true;
}

/** What came in one go is synced in one go; a copy asks for a receipt too, since the last may have been lost. */
function store(): void {
  const fresh = waiting.splice(0).filter(take);
  if (fresh.length > 0) {
    writeSync(file, `${fresh.join('\n')}\n`);
    fdatasyncSync(file);
    if (diesNext) process.kill(process.pid, 'SIGKILL');
  }
  receipt ??= world.after(RECEIPT_AFTER_MS, confirm);
  question ??= world.after(ASK_AGAIN_AFTER_MS, ask);
}

function confirm(): void {
  receipt = undefined;
  const upTo = explained.prefix();
  const ranges = stored.list().filter(([, to]) => to > upTo);
  if (upTo > 0) say('receipt', { upTo });
  if (ranges.length > 0) say('receipt', { ranges: ranges.slice(-RANGES_MOST) });
}

function ask(): void {
  question = undefined;
  const ranges = explained.holes(RANGES_MOST);
  if (ranges.length === 0) return;
  const expires = new Date(world.wallMs() + 60_000).toISOString();
  say('command', { id: `resend-${process.pid}-${world.monotonicMs()}`, name: 'resend', args: { ranges }, expires });
  question = world.after(ASK_AGAIN_AFTER_MS, ask);
}

function say(topic: 'receipt' | 'command', message: object): void {
  // The broker may be away; what is not said is said again after the next entry, or when it is back.
  wire?.publish(`hjemmebro/v1/${hub}/down/${topic}`, JSON.stringify(message)).catch(() => undefined);
}

const before = readFileSync(path, 'utf8');
// A line without its end was never synced, and so never receipted.
const whole = before.slice(0, before.lastIndexOf('\n') + 1);
ftruncateSync(file, Buffer.byteLength(whole));
for (const line of whole.split('\n')) if (line !== '') take(line);
wire = await openMqtt({
  world,
  url,
  clientId: `receiver-${hub}`,
  topics: [`hjemmebro/v1/${hub}/up/#`],
  onMessage: (topic, payload) => {
    if (!ENTRY.test(topic)) return;
    waiting.push(new TextDecoder().decode(payload));
    if (waiting.length === 1) setImmediate(store);
  },
  onUp: () => {
    confirm();
    ask();
  },
});
confirm();
ask();
process.on('message', (order: Order) => {
  if (order === 'die before the next receipt') diesNext = true;
  else void close();
});
process.on('disconnect', () => process.exit(1)); // the rig is gone
process.send?.(READY);

async function close(): Promise<void> {
  receipt?.cancel();
  question?.cancel();
  await wire?.close();
  if (waiting.length > 0) store();
  closeSync(file);
  process.exit(0);
}
