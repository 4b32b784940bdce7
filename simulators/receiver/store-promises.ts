/** Tries out what a store promises, so that whoever connects a database need not find out at a patient's expense. */
import type { Entry } from './entry.ts';
import type { Arrival, Placed, Row, Store } from './store.ts';

export interface StoreTrial {
  readonly store: Store;
  /** Names of two hubs that the store has never heard of; what is tried stays in it. */
  readonly hubs: readonly [string, string];
  /** The store as another process would open it. */
  reopen(): Promise<Store>;
}

/** Texts that databases stumble over: escapes of NUL and of half a character, quotes, line ends, other alphabets, much of it. */
const TEXTS = ['plain', '\\u0000', '\\ud800', 'a\\"b\\\\c', '\\r\\n\u2028', 'Ærlig 体温 🫀', 'x'.repeat(200_000)];

/** The promises that were not kept, in words; none when all were. Durability itself can only be tried by pulling plugs. */
export async function storeFaults({ store, hubs, reopen }: StoreTrial): Promise<readonly string[]> {
  const [hub, other] = hubs;
  const faults: string[] = [];
  const check = (promise: string, told: unknown, expected: unknown): void => {
    const [is, should] = [JSON.stringify(told), JSON.stringify(expected)];
    if (is !== should) faults.push(`${promise}: ${cut(is)} instead of ${cut(should)}`);
  };
  const put = async (...arrivals: readonly Arrival[]): Promise<readonly string[]> =>
    words(await store.put(hub, arrivals));

  check('nothing is known of a new hub', [await store.memo(hub), await store.rows(hub, 0, 9)], [undefined, []]);
  check('ids that were not here are new', await put(arrival(hub, 1, 'a'), arrival(hub, 2, 'b')), ['new', 'new']);
  check('the same once more is a copy', await put(arrival(hub, 2, 'b'), arrival(hub, 3, 'c')), ['copy', 'new']);
  check('twice in one call is a copy', await put(arrival(hub, 4, 'd'), arrival(hub, 4, 'd')), ['new', 'copy']);
  check('an id under another number is renumbered', await put(arrival(hub, 5, 'a')), ['renumbered']);
  check('and a copy the second time', await put(arrival(hub, 5, 'a'), arrival(hub, 1, 'a')), ['copy', 'copy']);
  check('another id under a number that is taken is new', await put(arrival(hub, 1, 'e')), ['new']);
  check('hubs do not meet', words(await store.put(other, [arrival(other, 1, 'a')])), ['new']);
  check('an empty call does nothing', await put(), []);
  const texts = TEXTS.map((text, at) => arrival(hub, 6 + at, `t${at}`, text));
  check(
    'any text is taken',
    await put(...texts),
    texts.map(() => 'new'),
  );

  const first = [
    [1, 'new'],
    [2, 'new'],
    [3, 'new'],
    [4, 'new'],
    [5, 'renumbered'],
    [1, 'new'],
  ];
  const all = [...first, ...texts.map(({ entry }) => [entry.seq, 'new'])];
  const rows = await everyRow(store, hub, 0, 2);
  check(
    'rows come in the order in which they were put',
    rows.map(({ seq, was }) => [seq, was]),
    all,
  );
  check(
    'places ascend',
    rows.every(({ place }, at) => place > (rows[at - 1]?.place ?? 0)),
    true,
  );
  check(
    'a text comes back as it was',
    rows.slice(first.length).map(({ text }) => text),
    texts.map(({ text }) => text),
  );
  check('the text of what is renumbered is empty', rows[4]?.text, '');
  check(
    'what came late is marked',
    rows.map(({ historical }) => historical),
    rows.map(({ seq }) => isLate(seq)),
  );
  check('no more rows than asked for', (await store.rows(hub, 0, 3)).length, 3);

  const placed = await store.put(hub, [arrival(hub, 90, 'f')]);
  const place = placed[0] !== undefined && 'place' in placed[0] ? placed[0].place : 0;
  check(
    'the place told is that of the row',
    (await everyRow(store, hub, rows.at(-1)?.place ?? 0, 9)).map((row) => row.place),
    [place],
  );
  await store.keep(hub, { place: rows.at(-1)?.place ?? 0, text: 'before' });
  await store.keep(hub, { place, text: 'memo "1"\n' });
  await store.put(hub, [arrival(hub, 91, 'g')]);

  const again = await reopen();
  check('a memo replaces the one before it, for good', await again.memo(hub), { place, text: 'memo "1"\n' });
  check(
    'rows above the memo',
    (await everyRow(again, hub, place, 9)).map(({ seq }) => seq),
    [91],
  );
  check(
    'what was put is known for good',
    words(await again.put(hub, [arrival(hub, 1, 'a'), arrival(hub, 91, 'g'), arrival(hub, 92, 'h')])),
    ['copy', 'copy', 'new'],
  );
  return faults;
}

async function everyRow(store: Store, hub: string, after: number, atATime: number): Promise<readonly Row[]> {
  const all: Row[] = [];
  for (;;) {
    const rows = await store.rows(hub, all.at(-1)?.place ?? after, atATime);
    if (rows.length === 0 || all.length > 1_000) return all; // one that never ends is told by what it says
    all.push(...rows);
  }
}

function words(placed: readonly Placed[]): readonly string[] {
  return placed.map(({ was }) => was);
}

function isLate(seq: number): boolean {
  return seq === 2;
}

function arrival(hub: string, seq: number, id: string, name = 'trial'): Arrival {
  const text = `{"v":1,"hub":"${hub}","seq":${seq},"id":"${id}","kind":"event","at":"2026-03-02T07:00:04.120Z","body":{"name":"${name}"}}`;
  const entry: Entry = JSON.parse(text);
  return { entry, text, historical: isLate(seq) };
}

function cut(text: string | undefined): string {
  return (text ?? 'nothing').slice(0, 200);
}
