/**
 * A hospital in a process of its own, with a small hub inside that sends, loses, repeats and resends; made to be killed.
 * Prints what it says to the hub, each line once it is said; ends with its statement when all entries are receipted.
 */
import { fileStore, openReceiver } from 'hjemmebro/receiver'; // by the name under which it is published
import { randomFrom, realWorld } from '../../dist/agent/world.js';

const [folder = '', receiptedUpTo = '0', last = '1000', seed = '1', pad = '200'] = process.argv.slice(2);
const HUB = 'hub-1';
const WINDOW = 200;
const world = realWorld();
const random = randomFrom(Number(seed));
const print = (line) => process.stdout.write(`${line}\n`);

const store = fileStore(folder);
let ids = 0;
let settled = Number(receiptedUpTo); // what the hub holds a receipt for, without holes
let next = settled + 1;

const receiver = openReceiver(HUB, {
  now: world.wallMs,
  after: world.after,
  newId: () => `${seed}-${++ids}`,
  store,
  receiptAfterMs: 2,
  resendAfterMs: 20,
  say: async (topic, json) => {
    print(`${topic.split('/').at(-1)} ${json}`);
    const { upTo, name, args } = JSON.parse(json);
    if (upTo !== undefined) settled = Math.max(settled, upTo);
    if (name === 'resend') {
      for (const [from, to] of args.ranges) for (let seq = from; seq <= Math.min(to, next - 1); seq++) send(seq);
    }
  },
});

function send(seq) {
  const entry = { v: 1, hub: HUB, seq, id: `id-${seq}`, kind: 'event', at: '2026-03-02T08:00:00.000Z' };
  const text = JSON.stringify({ ...entry, body: { name: 'x'.repeat(Number(pad)) } });
  void receiver.take(`hjemmebro/v1/${HUB}/up/event`, new TextEncoder().encode(text));
}

print('open');
while (settled < Number(last)) {
  while (next <= Math.min(Number(last), settled + WINDOW)) {
    const seq = next++;
    const chance = random();
    if (chance < 0.05) continue; // lost at the broker
    send(seq);
    if (chance < 0.15) send(Math.max(1, seq - Math.floor(chance * 100)));
  }
  await world.sleep(1);
  const { trouble } = receiver.statement();
  if (trouble) print(`trouble ${trouble.cause}`);
  if (random() > 0.03) continue;
  receiver.up(); // a new session, of both ends: what has no receipt is sent once more
  for (let seq = settled + 1; seq < next; seq++) if (random() > 0.05) send(seq);
}
print(`statement ${JSON.stringify(receiver.statement())}`);
await receiver.close();
await store.close();
