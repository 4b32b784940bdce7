/** A process that fills a journal through its door: fill.js PATH COUNT SINCE_MS. */
import { openJournal } from '../../../agent/journal/open.ts';
import { realWorld } from '../../../agent/world.ts';
import { entriesSince } from '../entries.ts';
import { HUB } from '../hub.ts';

const PORTION = 1_000;

const [path = '', count = '', since = ''] = process.argv.slice(2);
const { draft } = entriesSince(Number(since));
const journal = await openJournal({ world: realWorld(), path, hub: HUB, onEvent: () => undefined });
for (let next = 1; next <= Number(count); next += PORTION) {
  const length = Math.min(PORTION, Number(count) - next + 1);
  await journal.append(Array.from({ length }, (_, index) => draft(next + index)));
}
const { head } = journal;
await journal.close();
process.stdout.write(`${head}\n`);
