/** Peer: what a Node program is told to do against loss, MQTT.js with mqtt-level-store. Lines of a TCP connection become publishes. */
import { createServer } from 'node:net';
import { createInterface } from 'node:readline';
import mqtt from 'mqtt';
import levelStore from 'mqtt-level-store';

const [url, topic, store, port] = process.argv.slice(2);
const { incoming, outgoing } = levelStore(store);
const client = mqtt.connect(url, {
  clientId: 'peer-level-store',
  clean: false,
  protocolVersion: 4,
  reconnectPeriod: 250,
  incomingStore: incoming,
  outgoingStore: outgoing,
});
client.on('error', () => undefined);

let taken = 0;
let stored = 0;
const told = () => process.stdout.write(`stored ${stored}\n`);
createServer((socket) => {
  createInterface({ input: socket }).on('line', (line) => {
    taken += 1;
    const cbStorePut = () => {
      stored += 1;
      if (stored % 1000 === 0 || stored === taken) told();
    };
    client.publish(topic, line, { qos: 1, cbStorePut }, () => undefined);
  });
}).listen(Number(port), '127.0.0.1', () => process.stdout.write('listening\n'));
