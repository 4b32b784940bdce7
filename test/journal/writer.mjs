/** A process that appends to a journal as fast as it can and prints each number once it is confirmed; made to be killed. */
import { openJournal } from '../../dist/agent/journal/open.js';
import { realWorld } from '../../dist/agent/world.js';

const [path = '', round = '', writers = '8', count = '1000000'] = process.argv.slice(2);
const say = (line) => process.stdout.write(`${line}\n`);
const onEvent = ({ name }) => say(name);
const journal = await openJournal({ world: realWorld(), path, hub: 'hub-1', onEvent });
say('open');
await Promise.all(
  Array.from({ length: Number(writers) }, async (_, writer) => {
    for (let i = 0; i < Number(count); i++) {
      const id = `${round}.${writer}.${i}`;
      const at = '2026-03-02T08:00:00.000Z';
      const [appended] = await journal.append([{ id, kind: 'event', at, body: { name: 'x'.repeat(200) } }], {
        last: id,
      });
      say(`${appended?.seq} ${id}`);
    }
  }),
);
await journal.close();
say('done');
