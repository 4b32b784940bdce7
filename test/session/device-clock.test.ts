/** A device's clock over its contacts: looked at, set where that is allowed, looked at again, and what follows for its readings. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { entryOf } from '../../agent/journal/contract.ts';
import type { HubJournal } from '../../agent/journal/log.ts';
import { openJournal } from '../../agent/journal/open.ts';
import { type Link, LinkError, type LinkListener } from '../../agent/link/link.ts';
import type { DeviceClock, Reading } from '../../agent/reading/entry.ts';
import { type Session, startSession } from '../../agent/session/session.ts';
import { bluetoothSigWeightScale } from '../../drivers/bluetooth-sig-weight-scale.ts';
import { place } from '../journal/support.ts';
import { type VirtualWorld, virtualWorld } from '../virtual-world.ts';

const WEIGHT = '2a9d';
const DATE_TIME = '2a08';

function dateTime(text: string): Uint8Array {
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = text.split(/[-T:]/).map(Number);
  return Uint8Array.of(year & 0xff, year >> 8, month, day, hour, minute, second);
}

/** A scale at the other end: its clock runs with the world's, and takes a time or does not. */
function scale(world: VirtualWorld, shows: string, takes: 'set' | 'refused' | 'ignored' = 'set') {
  let listener: LinkListener | undefined;
  let offsetMs = Date.parse(`${shows}Z`) - world.wallMs();
  const clock = (): string => new Date(world.wallMs() + offsetMs).toISOString().slice(0, 19);
  const link: Link = {
    open: (to) => {
      listener = to;
    },
    read: async (channel) => (channel === DATE_TIME ? dateTime(clock()) : Uint8Array.of(0, 0, 0, 0)),
    write: async (_, bytes) => {
      if (takes === 'refused') throw new LinkError('the device refused writing 2a08: writing is not permitted');
      if (takes === 'ignored') return;
      const [low = 0, high = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = bytes;
      offsetMs = Date.UTC(low + 256 * high, month - 1, day, hour, minute, second) - world.wallMs();
    },
    hangUp: async () => undefined,
    close: async () => undefined,
  };
  return {
    link,
    contact: async (): Promise<void> => {
      listener?.up(new Set([WEIGHT, DATE_TIME]), {});
      await world.advance(1_000);
    },
    over: () => listener?.down('device ended the connection', 'device-off'),
    /** A weighing of 78.4 kg with this stamp. */
    weigh: (stamp: string): Promise<void> =>
      new Promise((kept) => {
        const bytes = Uint8Array.of(0b10, 0x40, 0x3d, ...dateTime(stamp));
        listener?.frame({ channel: WEIGHT, bytes, kept });
      }),
    clock,
    batteriesOut: (text: string): void => {
      offsetMs = Date.parse(`${text}Z`) - world.wallMs();
    },
  };
}

let world: VirtualWorld;
let journal: HubJournal;
let session: Session | undefined;

beforeEach(async () => {
  world = virtualWorld(); // 08:00:00 UTC
  journal = await openJournal({ world, path: place(), hub: 'hub-1', onEvent: () => undefined });
});
afterEach(async () => {
  await session?.close();
  await journal.close();
});

function start(link: Link, setClock: boolean): void {
  const device = { id: 'scale', driver: bluetoothSigWeightScale.id, setClock };
  const driver = bluetoothSigWeightScale;
  session = startSession({ world, journal, driver, device, link, timeZone: 'UTC', onPresence: () => undefined });
}

async function clocks(): Promise<readonly DeviceClock[]> {
  await journal.keep({});
  return (await journal.scan(1, 1_000)).flatMap((line) => {
    const entry = entryOf(line);
    return entry.kind === 'event' && entry.body.deviceClock ? [entry.body.deviceClock] : [];
  });
}

const actions = async (): Promise<readonly string[]> => (await clocks()).map(({ action }) => action);

async function effective(): Promise<readonly string[]> {
  return (await journal.scan(1, 1_000)).flatMap((line) => {
    const entry = entryOf(line);
    return entry.kind === 'reading' ? [(entry.body as Reading).effective.at] : [];
  });
}

const MINUTE = 60_000;

describe('a device whose clock is seven minutes behind', () => {
  it('is looked at, and its readings are dated by it', async () => {
    const device = scale(world, '2026-03-02T07:53:00');
    start(device.link, false);
    await device.contact();
    await device.weigh('2026-03-02T07:50:00');
    await expect
      .poll(clocks)
      .toEqual([{ shows: '2026-03-02T07:53:00', offsetMs: 7 * MINUTE, uncertaintyMs: 1_510, action: 'none' }]);
    expect(await effective()).toEqual(['2026-03-02T07:57:00.000Z']);
  });

  it('is set where that is allowed: what it stored is dated by the clock that stamped it', async () => {
    const device = scale(world, '2026-03-02T07:53:00');
    start(device.link, true);
    await device.contact();
    await expect.poll(async () => (await clocks()).length).toBe(2);
    const [before, after] = await clocks();
    expect(before).toMatchObject({ shows: '2026-03-02T07:53:00', action: 'none' });
    expect(after).toMatchObject({ shows: expect.stringMatching(/^2026-03-02T08:00:0[01]$/), action: 'set' });
    expect(Math.abs(after?.offsetMs ?? Number.NaN)).toBeLessThanOrEqual(1_000);
    await device.weigh('2026-03-02T07:50:00');
    expect(await effective()).toEqual(['2026-03-02T07:57:00.000Z']);
    device.over();
    await world.advance(3_600_000);
    await device.contact();
    await device.weigh('2026-03-02T08:59:00');
    // The clock was set to whole seconds.
    expect((await effective())[1]).toMatch(/^2026-03-02T08:59:0[01]/);
  });
});

describe('a clock that is set', () => {
  it('without effect is told as such, for a device may say yes and not do it', async () => {
    const device = scale(world, '2026-03-02T07:53:00', 'ignored');
    start(device.link, true);
    await device.contact();
    await expect.poll(actions).toEqual(['none', 'set-without-effect']);
    await device.weigh('2026-03-02T07:50:00');
    expect(await effective()).toEqual(['2026-03-02T07:57:00.000Z']);
  });

  it('and refuses is told, with why', async () => {
    const device = scale(world, '2026-03-02T07:53:00', 'refused');
    start(device.link, true);
    await device.contact();
    await expect.poll(actions).toEqual(['none', 'set-refused', 'none']);
    const [refused] = (await journal.scan(1, 100))
      .map(entryOf)
      .filter(({ body }) => 'deviceClock' in body && body.deviceClock?.action === 'set-refused');
    expect(refused?.body).toMatchObject({ cause: expect.stringContaining('writing is not permitted') });
  });

  it('is not set by a hub that does not know the time, nor dated by it', async () => {
    world.setClock('unsynced', 1e12);
    const device = scale(world, '2026-03-02T07:53:00');
    start(device.link, true);
    await device.contact();
    await expect.poll(clocks).toEqual([{ shows: '2026-03-02T07:53:00', action: 'none' }]);
    expect(device.clock()).toBe('2026-03-02T07:53:01');
    await device.weigh('2026-03-02T07:50:00');
    expect(await effective()).toEqual(['2026-03-02T07:50:00.000Z']);
  });
});

describe('a device that was reset to 2000-01-01', () => {
  it('is dated right on both sides of it', async () => {
    const device = scale(world, '2026-03-02T08:00:00');
    start(device.link, false);
    await device.contact();
    device.over();
    await world.advance(3_600_000);
    device.batteriesOut('2000-01-01T00:10:00');
    await device.contact();
    await expect.poll(actions).toHaveLength(2);
    // Stored before the batteries were out, half an hour ago; and five minutes ago, after it.
    await device.weigh('2026-03-02T08:30:00');
    await device.weigh('2000-01-01T00:05:00');
    expect(await effective()).toEqual(['2026-03-02T08:30:00.000Z', '2026-03-02T08:55:01.000Z']);
    const told = (await journal.scan(1, 100)).map(entryOf).filter(({ kind }) => kind === 'reading');
    expect(told.map(({ body }) => (body as Reading).deviceTime)).toEqual([
      '2026-03-02T08:30:00',
      '2000-01-01T00:05:00',
    ]);
  });
});
