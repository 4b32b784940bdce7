/** What the hub has to say about itself: into the log for a technician, into the journal for the hospital, without flooding either. */
import type { Journal } from '../journal/contract.ts';
import type { Logger } from '../log.ts';
import type { HubEvent } from '../reading/entry.ts';
import { ownId } from '../reading/identity.ts';
import { rfc3339, type World } from '../world.ts';

/** Good news; everything else is something a technician may have to mend. */
const GOOD_NEWS: ReadonlySet<string> = new Set([
  'broker-connected',
  'broker-speaks-3.1.1',
  'journal-writable',
  'plan-in-force',
  'radio-up',
]);
/** The same event with the same cause is written once in this time; in between it is only counted. */
const REPEAT_AFTER_MS = 10 * 60_000;
/** Different events remembered for that; past it the oldest is forgotten. */
const REMEMBERED_MAX = 200;

export type Note = (event: HubEvent) => void;

interface Told {
  readonly atMs: number;
  count: number;
}

export function openNotes(world: World, log: Logger): { readonly note: Note; into(journal: Journal): void } {
  const told = new Map<string, Told>();
  let early: HubEvent[] = [];
  let journal: Journal | undefined;
  let ordinal = 0;

  function write(event: HubEvent): void {
    if (!journal) return void early.push(event);
    const received = { boot: world.boot, monotonicMs: world.monotonicMs() };
    const id = ownId(`event ${event.name} ${event.device ?? ''}`, received, String(ordinal++));
    const draft = { id, kind: 'event', at: rfc3339(world.wallMs()), body: event } as const;
    journal
      .append([draft])
      .catch(() => log.warn({ event: event.name }, 'not written down: the journal is full or closed'));
  }

  return {
    note: (event) => {
      const key = `${event.name} ${event.device ?? ''} ${event.cause ?? ''}`;
      const before = told.get(key);
      if (before && world.monotonicMs() - before.atMs < REPEAT_AFTER_MS) return void before.count++;
      told.delete(key);
      told.set(key, { atMs: world.monotonicMs(), count: 0 });
      const oldest = told.keys().next();
      if (told.size > REMEMBERED_MAX && !oldest.done) told.delete(oldest.value);
      const repeated = before && before.count > 0 ? { count: before.count } : {};
      const level = GOOD_NEWS.has(event.name) ? 'info' : 'warn';
      log[level]({ device: event.device, count: repeated.count }, [event.name, event.cause].filter(Boolean).join(': '));
      write({ ...event, ...repeated });
    },
    into: (opened) => {
      journal = opened;
      for (const event of early) write(event);
      early = [];
    },
  };
}
