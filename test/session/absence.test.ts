/** Stretches without values, each with its cause; and pauses that were planned. */
import { afterEach, describe, expect, it } from 'vitest';
import { entryOf } from '../../agent/journal/contract.ts';
import type { HubJournal } from '../../agent/journal/log.ts';
import { openJournal } from '../../agent/journal/open.ts';
import type { Draft, Gap } from '../../agent/reading/entry.ts';
import { type Absence, openAbsence } from '../../agent/session/absence.ts';
import { openPauses } from '../../agent/session/pauses.ts';
import { place } from '../journal/support.ts';
import { type VirtualWorld, virtualWorld } from '../virtual-world.ts';

const ends: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

interface Home {
  readonly world: VirtualWorld;
  readonly journal: HubJournal;
  readonly absence: Absence;
  readonly told: Gap[];
  /** Plays the script, a second at a time where nothing is said of how long. */
  play(script: string): Promise<void>;
}

const gapsOf = (drafts: readonly Draft[]): readonly Gap[] =>
  drafts.flatMap((draft) => (draft.kind === 'gap' ? [draft.body] : []));

async function home(path = place(), world = virtualWorld(), isPaused: () => boolean = () => false): Promise<Home> {
  const journal = await openJournal({ world, path, hub: 'hub-1', onEvent: () => undefined });
  ends.push(() => journal.close());
  const { absence, told: first } = openAbsence({ world, journal, device: 'ox', shortestMs: 30_000, isPaused });
  const told = [...gapsOf(first)];
  const say: Readonly<Record<string, () => readonly Draft[]>> = {
    value: () => absence.heard(true),
    none: () => absence.heard(false),
    far: () => absence.away('out-of-range', 'connection lost'),
    off: () => absence.away('device-off', 'device ended the connection'),
    fault: () => absence.away('link-fault', 'the radio is gone'),
  };
  async function play(script: string): Promise<void> {
    for (const word of script.split(' ')) {
      const seconds = Number(word.replace('s', ''));
      if (Number.isFinite(seconds)) await world.advance(seconds * 1_000);
      else told.push(...gapsOf(say[word]?.() ?? []));
    }
  }
  return { world, journal, absence, told, play };
}

/** Cause and length in seconds. */
const short = (gaps: readonly Gap[]): readonly (readonly [string, number])[] =>
  gaps.map(({ cause, since = '', until = '' }) => [cause, Math.round((Date.parse(until) - Date.parse(since)) / 1_000)]);

const CASES: readonly (readonly [string, string, readonly (readonly [string, number])[]])[] = [
  ['a stream without pause', 'value 1s value 1s value 20s value', []],
  ['a device that never streamed', 'far 3600s off 3600s', []],
  ['out of range and back', 'value 5s far 120s value', [['out-of-range', 125]]],
  ['switched off and on', 'value off 3600s value', [['device-off', 3600]]],
  ['the radio of the hub', 'value fault 60s value', [['link-fault', 60]]],
  ['a finger that is out', 'value 1s none 1s none 60s none 1s value', [['sensor-off', 63]]],
  ['connected and silent', 'value 90s value', [['device-off', 90]]],
  [
    'first the finger, then the battery: each is told when the other takes over',
    'value 1s none 60s none 1s off 600s value',
    [
      ['sensor-off', 62],
      ['device-off', 600],
    ],
  ],
  ['a cause too short to be told is taken over by the next', 'value far 10s off 100s value', [['device-off', 110]]],
  ['what is told twice', 'value far 20s far 20s far 20s value', [['out-of-range', 60]]],
  [
    'two stretches',
    'value far 60s value 1s value off 60s value',
    [
      ['out-of-range', 60],
      ['device-off', 60],
    ],
  ],
];

describe('a streaming device', () => {
  it.each(CASES)('%s', async (_, script, expected) => {
    const { told, play } = await home();
    await play(script);
    expect(short(told)).toEqual(expected);
  });

  it('is accounted for over a restart: the time in which the hub was down is its own', async () => {
    const path = place();
    const world = virtualWorld();
    const first = await home(path, world);
    await first.play('value 10s value 10s value');
    await first.journal.close();
    await world.advance(600_000);
    const second = await home(path, world);
    expect(short(second.told)).toEqual([['hub-down', 600]]);
    await second.play('45s value');
    expect(short(second.told)).toEqual([
      ['hub-down', 600],
      ['device-off', 45],
    ]);
  });

  it('is not turned round by a clock that is set back', async () => {
    const { world, told, play } = await home();
    await play('value far');
    world.stepWall(-3_600_000);
    await play('60s value');
    expect(short(told)).toEqual([['out-of-range', 60]]);
    world.stepWall(7_200_000);
    await play('far 60s value');
    expect(short(told).at(-1)).toEqual(['out-of-range', 60]);
  });

  it('in a planned pause is paused, until the pause ends by itself', async () => {
    const world = virtualWorld();
    const path = place();
    const journal = await openJournal({ world, path, hub: 'hub-1', onEvent: () => undefined });
    ends.push(() => journal.close());
    const events: unknown[] = [];
    const pauses = openPauses(world, journal, ['ox'], (event) => events.push(event));
    const { told, play } = await home(place(), world, () => pauses.isPaused('ox'));
    expect(await pauses.command({ device: 'ox', minutes: 5, reason: 'bath' })).toEqual({
      status: 'done',
      detail: { device: 'ox', until: '2026-03-02T08:05:00.000Z' },
    });
    await play('value far 120s value');
    await play('300s value');
    expect(short(told)).toEqual([
      ['planned-pause', 120],
      ['device-off', 300],
    ]);
    expect(events).toEqual([{ name: 'pause-planned', device: 'ox', cause: 'until 2026-03-02T08:05:00.000Z: bath' }]);
    await journal.keep({});
    expect(openPauses(world, journal, ['ox'], () => undefined).isPaused('ox')).toBe(false);
  });

  it.each([
    [{ device: 'other', minutes: 5 }, /none of ox/],
    [{ device: 'ox', minutes: 0 }, /1 to 1440/],
    [{ device: 'ox', minutes: 1_441 }, /1 to 1440/],
    [{ device: 'ox' }, /1 to 1440/],
    [{ device: 'ox', minutes: Number.NaN }, /1 to 1440/],
  ])('a pause %j is refused', async (args, reason) => {
    const { world, journal } = await home();
    const { command } = openPauses(world, journal, ['ox'], () => undefined);
    expect(await command(args)).toEqual({ status: 'refused', detail: expect.stringMatching(reason) });
  });
});

it('what is told is an entry like any other', async () => {
  const { journal, absence, world } = await home();
  await journal.append(absence.heard(true));
  await world.advance(60_000);
  await journal.append(absence.heard(true));
  const [line] = await journal.scan(1, 1);
  if (!line) throw new Error('nothing was told');
  expect(entryOf(line)).toMatchObject({
    kind: 'gap',
    body: {
      cause: 'device-off',
      device: 'ox',
      since: '2026-03-02T08:00:00.000Z',
      until: '2026-03-02T08:01:00.000Z',
      detail: 'connected and silent',
    },
  });
});
