import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { entryOf, type Journal, type Line, textOf } from '../../agent/journal/contract.ts';
import { openJournal } from '../../agent/journal/open.ts';
import type { Link, LinkListener } from '../../agent/link/link.ts';
import { LinkError } from '../../agent/link/link.ts';
import { type Session, startSession } from '../../agent/session/session.ts';
import { type Driver, defineDriver, type Heard, type Say } from '../../drivers/contract/driver.ts';
import { driverById } from '../../drivers/registry.ts';
import { failingDisk } from '../journal/support.ts';
import { type VirtualWorld, virtualWorld } from '../virtual-world.ts';

/** The other end of a link: a device that a test plays by hand. */
interface HandPlayed extends Link {
  readonly written: Uint8Array[];
  readonly answers: Map<string, Uint8Array>;
  up(...channels: string[]): void;
  down(cause: string): void;
  /** Resolves when the session has let go of the frame. */
  send(channel: string, hex: string): Promise<void>;
  readonly unkept: number;
}

function handPlayed(): HandPlayed {
  let listener: LinkListener | undefined;
  let unkept = 0;
  const written: Uint8Array[] = [];
  const answers = new Map<string, Uint8Array>();
  return {
    written,
    answers,
    get unkept() {
      return unkept;
    },
    open: (to) => {
      listener = to;
    },
    write: async (_channel, bytes) => void written.push(bytes),
    read: async (channel) => {
      const answer = answers.get(channel);
      if (!answer) throw new LinkError(`no characteristic ${channel}`);
      return answer;
    },
    hangUp: async () => undefined,
    close: async () => undefined,
    up: (...channels) => listener?.up(new Set(channels), {}),
    down: (cause) => listener?.down(cause),
    send: (channel, hex) =>
      new Promise((resolve) => {
        unkept++;
        const kept = (): void => {
          unkept--;
          resolve();
        };
        listener?.frame({ channel, bytes: Buffer.from(hex.replaceAll(' ', ''), 'hex'), kept });
      }),
  };
}

const SPO2_91 = '00 8EF3 84F3';
const STORED_94 = '01 ACF3 BEF5 EA07 02 1C 17 08 39';

let folder: string;
let world: VirtualWorld;
let journal: Journal;
let link: HandPlayed;
let session: Session | undefined;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'session-'));
  world = virtualWorld();
  journal = await openJournal({ world, path: join(folder, 'journal'), hub: 'hub-1', onEvent: () => undefined });
  link = handPlayed();
});
afterEach(async () => {
  await session?.close();
  session = undefined;
  await journal.close();
  rmSync(folder, { recursive: true, force: true });
});

function start(driver: Driver, on: Journal = journal): Session {
  const device = { id: 'd', driver: driver.id, pollSeconds: 1 };
  session = startSession({
    world,
    journal: on,
    driver,
    device,
    link,
    timeZone: 'Europe/Oslo',
    onPresence: () => undefined,
  });
  return session;
}

function oximeter(): Driver {
  const driver = driverById('bluetooth-sig-pulse-oximeter');
  if (!driver) throw new Error('the oximeter is gone');
  return driver;
}

interface Kept {
  readonly kind: string;
  readonly body: Record<string, unknown>;
}

async function entries(kind?: string): Promise<readonly Kept[]> {
  const lines = await journal.scan(1, 10_000);
  return lines
    .map((line) => JSON.parse(textOf(line)) as Kept)
    .filter((entry) => kind === undefined || entry.kind === kind);
}

/** A journal whose disk stands still until it is let go. */
function held(real: Journal): Journal & { release(): void } {
  let release: () => void = () => undefined;
  const until = new Promise<void>((resolve) => {
    release = resolve;
  });
  const append: Journal['append'] = async (...args) => {
    await until;
    return real.append(...args);
  };
  return new Proxy(real, {
    get: (target, name) => {
      if (name === 'append') return append;
      if (name === 'release') return release;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  }) as Journal & { release(): void };
}

describe('a device is told only what is on disk', () => {
  it('keeps the confirmation back while the disk stands still', async () => {
    const slow = held(journal);
    start(oximeter(), slow);
    link.up('2a5f');
    const sent = link.send('2a5f', SPO2_91);
    await world.advance(60_000);
    expect(link.unkept).toBe(1);
    expect(await entries('reading')).toHaveLength(0);
    slow.release();
    await sent;
    expect(await entries('reading')).toHaveLength(2);
  });

  it('keeps order: nobody is told of a frame before all before it are on disk', async () => {
    const slow = held(journal);
    start(oximeter(), slow);
    link.up('2a5f', '2a52');
    const order: string[] = [];
    const sent = [
      link.send('2a5f', SPO2_91).then(() => order.push('measured')),
      link.send('2a52', '06 00 01 01').then(() => order.push('ignored')),
    ];
    await world.advance(1_000);
    expect(order).toEqual([]);
    slow.release();
    await Promise.all(sent);
    expect(order).toEqual(['measured', 'ignored']);
  });

  it('bounds what waits for a disk that takes nothing: the newest is kept, and how much was let go is said', async () => {
    const disk = failingDisk();
    const path = join(folder, 'failing');
    const failing = await openJournal({
      world,
      path,
      hub: 'hub-1',
      onEvent: () => undefined,
      medium: disk.medium(path),
    });
    start(oximeter(), failing);
    link.up('2a5f');
    await link.send('2a5f', SPO2_91);
    disk.failing = 'before';
    // Two readings a frame, and 20 000 may wait.
    for (let i = 0; i < 12_000; i++) void link.send('2a5f', SPO2_91);
    await world.advance(1_000);
    expect(failing.health().writable).toBe(false);
    expect(failing.health().waiting).toBeLessThanOrEqual(20_000);
    disk.failing = 'no';
    await world.advance(60_000);
    const lines = await drained(failing);
    const gaps = lines.filter(({ kind }) => kind === 'gap').map((line) => entryOf(line).body);
    const kept = lines.filter(({ kind }) => kind === 'reading').length / 2;
    expect(gaps).toMatchObject([{ cause: 'overrun', device: 'd', count: 12_001 - kept }]);
    expect(kept).toBeGreaterThan(9_700);
    await session?.close();
    session = undefined;
    await failing.close();
  });
});

/** Everything in a journal once nothing waits for its disk. */
async function drained(from: Journal): Promise<readonly Line[]> {
  await vi.waitFor(() => expect(from.health()).toMatchObject({ writable: true, waiting: 0 }), { timeout: 20_000 });
  await from.keep({});
  const lines: Line[] = [];
  for (
    let some = await from.scan(1, 1_000);
    some.length > 0;
    some = await from.scan((lines.at(-1)?.seq ?? 0) + 1, 1_000)
  )
    lines.push(...some);
  return lines;
}

describe('identity', () => {
  it('two equal measurements at different moments are two', async () => {
    start(oximeter());
    link.up('2a5f');
    await link.send('2a5f', SPO2_91);
    await world.advance(1_000);
    await link.send('2a5f', SPO2_91);
    expect(await entries('reading')).toHaveLength(4);
  });

  it('a stored record that is read again is one', async () => {
    start(oximeter());
    link.up('2a5e');
    await link.send('2a5e', STORED_94);
    link.down('plug pulled');
    await world.advance(5_000);
    link.up('2a5e');
    await link.send('2a5e', STORED_94);
    const readings = await entries('reading');
    expect(readings.map(({ body }) => [body['metric'], body['value'], body['deviceTime']])).toEqual([
      ['MDC_PULS_OXIM_SAT_O2', '94.0', '2026-02-28T23:08:57'],
      ['MDC_PULS_OXIM_PULS_RATE', '147.0', '2026-02-28T23:08:57'],
    ]);
    expect(readings[0]?.body['effective']).toMatchObject({ at: '2026-02-28T22:08:57.000Z', from: 'device' });
  });
});

describe('malformed frames', () => {
  it('are told of a few times, without their bytes, and let go', async () => {
    const { presence } = start(oximeter());
    link.up('2a5f');
    for (let i = 0; i < 20; i++) await link.send('2a5f', '1C 5F00 5A00 20');
    const told = (await entries('event')).filter(({ body }) => body['name'] === 'malformed-frame');
    expect(told).toHaveLength(8);
    expect(told[0]?.body['cause']).toMatch(/^truncated.*\(2a5f, 6 bytes\)$/);
    expect(presence.state().malformed).toBe(20);
    expect(link.unkept).toBe(0);
  });
});

describe('presence', () => {
  it('writes each coming and going down once, with its cause', async () => {
    start(oximeter());
    link.down('no such port');
    link.down('no such port');
    link.up('2a5f');
    link.down('out of range');
    await session?.close();
    const told = (await entries('event')).map(({ body }) => [body['name'], body['cause']]);
    expect(told).toEqual([
      ['device-disconnected', 'no such port'],
      ['device-connected', undefined],
      ['device-disconnected', 'out of range'],
    ]);
  });
});

describe('a device whose clock is behind', () => {
  const told = async (): Promise<unknown[]> =>
    (await entries('event'))
      .filter(({ body }) => body['name'] === 'device-time-behind')
      .map(({ body }) => body['cause']);

  it('is told of when the contact ends, once, since its readings raised no alert', async () => {
    start(oximeter());
    link.up('2a5e');
    await link.send('2a5e', STORED_94);
    link.down('device ended the connection');
    link.down('device ended the connection');
    await vi.waitFor(async () => expect(await told()).toHaveLength(1));
    expect((await told())[0]).toMatch(/^the newest reading of this contact is 2031 min old/);
  });

  it('is not suspected when the contact also brought something fresh, or nothing', async () => {
    start(oximeter());
    link.up('2a5e', '2a5f');
    await link.send('2a5e', STORED_94);
    await link.send('2a5f', SPO2_91);
    link.down('gone');
    link.up('2a5e');
    link.down('gone');
    await session?.close();
    expect(await told()).toEqual([]);
  });
});

describe('a serial device', () => {
  it('is understood however its bytes are torn, and noise is counted', async () => {
    const pump = driverById('alaris-gh-serial');
    if (!pump) throw new Error('the pump is gone');
    const { presence } = start(pump);
    link.up('serial');
    const frame = Buffer.from('xx!INF_RATE^0.10^ml/h|D407\r!INF_RATE^0.10^ml/h|D407\r').toString('hex');
    for (const at of [0, 10, 30, 32, 90])
      await link.send('serial', frame.slice(at, at === 90 ? undefined : { 0: 10, 10: 30, 30: 32, 32: 90 }[at]));
    await vi.waitFor(async () => {
      const readings = await entries('reading');
      expect(readings.map(({ body }) => [body['metric'], body['value']])).toEqual([
        ['MDC_FLOW_FLUID_PUMP', '0.10'],
        ['MDC_FLOW_FLUID_PUMP', '0.10'],
      ]);
    });
    expect(presence.state().noiseBytes).toBe(2);
  });
});

describe('a dialogue', () => {
  /** An oximeter driver that says what the test has it say, and remembers what it was told. */
  function saying(says: readonly Say[], told: Heard[], may: (bytes: Uint8Array) => boolean = () => true): Driver {
    return defineDriver({
      ...oximeter(),
      observes: oximeter().observes as Required<Driver['observes']>,
      mayWrite: (_channel, bytes) => may(bytes),
      *dialogue() {
        for (const say of says) told.push(yield say);
      },
    });
  }
  const write = (hex: string): Say => ({ say: 'write', channel: '2a52', bytes: Buffer.from(hex, 'hex') });

  it('cannot write what its driver does not allow', async () => {
    const told: Heard[] = [];
    start(saying([write('0201'), write('0101')], told, (bytes) => bytes[0] === 1));
    link.up('2a52');
    await world.advance(10);
    expect(told).toMatchObject([{ heard: 'refused' }, { heard: 'written' }]);
    expect(link.written.map((bytes) => Buffer.from(bytes).toString('hex'))).toEqual(['0101']);
  });

  it('is told a frame when it is on disk, a silence when it is over, and a read once', async () => {
    const told: Heard[] = [];
    link.answers.set('2a60', Buffer.from('0400', 'hex'));
    start(
      saying(
        [
          { say: 'read', channel: '2a60' },
          { say: 'read', channel: '2aff' },
          { say: 'listen', forMs: 500 },
          { say: 'listen', forMs: 500 },
        ],
        told,
      ),
    );
    link.up('2a60');
    await vi.waitFor(() => expect(told.map(({ heard }) => heard)).toEqual(['frame', 'refused']));
    await world.advance(400);
    await link.send('2a5f', SPO2_91);
    await world.advance(400);
    expect(told.map(({ heard }) => heard)).toEqual(['frame', 'refused', 'frame']); // and not the frame that was read
    expect(await entries('reading')).toHaveLength(2);
    await world.advance(200);
    expect(told.map(({ heard }) => heard)).toEqual(['frame', 'refused', 'frame', 'elapsed']);
  });

  it('ends with the contact, and begins anew with the next', async () => {
    const told: Heard[] = [];
    start(saying([{ say: 'listen', forMs: 5_000 }, write('0101')], told));
    link.up('2a52');
    link.down('gone');
    await world.advance(10_000);
    expect(link.written).toHaveLength(0);
    link.up('2a52');
    await world.advance(10_000);
    expect(told.map(({ heard }) => heard)).toEqual(['elapsed', 'written']);
  });
});
