/** The hospital's application as a process of its own: the reference receiver with its file store; made to be killed. */
import { realWorld } from '../../agent/world.ts';
import { type MqttWire, openMqtt } from '../../simulators/hospital/mqtt.ts';
import { fileStore, openReceiver, type Store, upOf } from '../../simulators/receiver/receiver.ts';

/** What the rig says to it. */
export type Order = 'die before the next receipt' | 'close';
export const READY = 'ready';

const RECEIPT_AFTER_MS = 50;
const ASK_AFTER_MS = 1_000;

const [url = '', hub = '', folder = ''] = process.argv.slice(2);
const world = realWorld();
const store = fileStore(folder);
let wire: MqttWire | undefined;
let diesNext = false;
let commands = 0;

/** Dies when a put is durable and nobody has been told. */
const mortal: Store = {
  ...store,
  put: async (name, arrivals) => {
    const placed = await store.put(name, arrivals);
    if (diesNext && placed.some(({ was }) => was === 'new')) process.kill(process.pid, 'SIGKILL');
    return placed;
  },
};

const receiver = openReceiver(hub, {
  store: mortal,
  now: world.wallMs,
  after: world.after,
  newId: () => `receiver-${process.pid}-${++commands}`,
  receiptAfterMs: RECEIPT_AFTER_MS,
  resendAfterMs: ASK_AFTER_MS,
  say: async (topic, json) => {
    if (wire === undefined) throw new Error('not connected yet');
    await wire.publish(topic, json);
  },
});
wire = await openMqtt({
  world,
  url,
  clientId: `receiver-${hub}`,
  topics: [upOf(hub)],
  onMessage: (topic, payload, properties) => void receiver.take(topic, payload, properties),
  onUp: receiver.up,
});
receiver.up();
process.on('message', (order: Order) => {
  if (order === 'die before the next receipt') diesNext = true;
  else void close();
});
process.on('disconnect', () => process.exit(1)); // the rig is gone
process.send?.(READY);

async function close(): Promise<void> {
  await wire?.close();
  await receiver.close();
  await store.close();
  process.exit(0);
}
