/** The simulated card tells a believable week, and says what its bytes mean. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Measurement } from '../../agent/reading/measurement.ts';
import { METRICS } from '../../agent/vocabulary/metrics.ts';
import { randomFrom } from '../../agent/world.ts';
import type { Ledger, Place } from '../../simulators/devices/contract.ts';
import { writeCard } from '../../simulators/devices/resmed/card.ts';
import { cheyneStokesFile, eventFile, sampledFile, sessionPath } from '../../simulators/devices/resmed/card-file.ts';
import { PLD_SIGNALS, SAD_SIGNALS } from '../../simulators/devices/resmed/signals.ts';
import { summaryFile } from '../../simulators/devices/resmed/summary.ts';
import { resmedCardSimulator } from '../../simulators/devices/resmed-card.ts';
import { virtualWorld } from '../virtual-world.ts';

const noonMs = Date.UTC(2024, 1, 28, 12);
const startMs = Date.UTC(2024, 1, 28, 23, 50, 0);
const story = { nights: 3, lastNight: '2026-03-01', sessionMinutes: 30 };

describe('what the bytes mean', () => {
  test('PLD keeps the digits of the signal, leak in L/min', () => {
    const digital = [450, 500, 400, 25, 74, 24, 57, 3, 7];
    const file = sampledFile(
      'x_PLD.edf',
      startMs,
      PLD_SIGNALS,
      digital.map((sample) => Array.from({ length: 30 }, () => sample)),
    );
    const first = file.means.map((m) => [m.metric, 'samples' in m && m.samples[0]]);
    expect(first).toEqual([
      ['MDCX_SABTE_MASK_PRESS', '9.00'],
      ['MDC_SABTE_PRESS', '10.00'],
      ['MDCX_SABTE_EPAP', '8.00'],
      ['MDC_SABTE_VOL_LEAK', '30.0'],
      ['MDC_SABTE_RESP_RATE', '14.8'],
      ['MDC_SABTE_VOL_TIDAL', '0.48'],
      ['MDC_SABTE_VOL_MINUTE', '7.125'],
      ['MDCX_SABTE_SNORE_INDEX', '0.06'],
      ['MDCX_SABTE_FLOW_LIMITATION', '0.07'],
    ]);
    expect(file.means[0]).toMatchObject({ deviceTime: '2024-02-28T23:50:00', periodMs: 2000 });
  });

  test('chunks of at most fifteen whole records, in order of time and then of signal', () => {
    const samples = SAD_SIGNALS.map((_, signal) => Array.from({ length: 16 * 60 }, () => 90 + signal));
    const told = sampledFile('x_SAD.edf', startMs, SAD_SIGNALS, samples).means.map((m) => [
      m.metric,
      m.deviceTime,
      'samples' in m ? m.samples.length : 0,
    ]);
    expect(told).toEqual([
      ['MDC_PULS_OXIM_PULS_RATE', '2024-02-28T23:50:00', 900],
      ['MDC_PULS_OXIM_SAT_O2', '2024-02-28T23:50:00', 900],
      ['MDC_PULS_OXIM_PULS_RATE', '2024-02-29T00:05:00', 60],
      ['MDC_PULS_OXIM_SAT_O2', '2024-02-29T00:05:00', 60],
    ]);
  });

  test('without an oximeter SAD means nothing', () => {
    const nothing = SAD_SIGNALS.map(() => Array.from({ length: 60 }, () => -1));
    expect(sampledFile('x_SAD.edf', startMs, SAD_SIGNALS, nothing).means).toEqual([]);
  });

  test('an event is written with its end and means its beginning', () => {
    const file = eventFile('x_EVE.edf', startMs, [{ label: 'Central Apnea', startS: 595, durationS: 20 }]);
    expect(new TextDecoder('latin1').decode(file.bytes)).toContain('+615\x1520\x14Central Apnea\x14');
    expect(file.means).toEqual([
      {
        metric: 'MDCX_SABTE_CENTRAL_APNEA',
        code: 'Central Apnea',
        deviceTime: '2024-02-28T23:59:55',
        durationMs: 20_000,
      },
    ]);
  });

  test('a Cheyne-Stokes stretch reaches from its start to its end', () => {
    const [stretch] = cheyneStokesFile('x_CSL.edf', startMs, [{ startS: 600, durationS: 90 }]).means;
    expect(stretch).toMatchObject({ metric: 'MDCX_SABTE_CSR', deviceTime: '2024-02-29T00:00:00', durationMs: 90_000 });
  });

  test('a day not used means no use, and nothing else', () => {
    const { means } = summaryFile([{ noonMs, sessions: [], columns: { Duration: 0, MaskEvents: 0, AHI: 0 } }]);
    expect(means.map((m) => [m.metric, 'value' in m && m.value])).toEqual([['MDC_SABTE_USAGE_TOTAL', '0']]);
  });

  test('sessions of a day, its settings and its indices', () => {
    const columns = { Duration: 452, AHI: 11, 'S.AS.MinPress': 300, 'Leak.95': 25, Mode: 1 };
    const { means } = summaryFile([{ noonMs, sessions: [[631, 1083]], columns }]);
    const find = (metric: string): Measurement | undefined => means.find((m) => m.metric === metric);
    expect(find('MDC_SABTE_USAGE_TOTAL')).toMatchObject({ value: '27120', deviceTime: '2024-02-28T12:00:00' });
    expect(find('MDC_SABTE_AHI')).toMatchObject({ value: '1.1', durationMs: 86_400_000 });
    expect(find('MDC_SABTE_PRESS_AUTO_MIN_SET')).toMatchObject({ value: '6.00', flags: ['setting'] });
    expect(find('MDC_SABTE_VOL_LEAK_P95')).toMatchObject({ value: '30.0', asTold: { value: '0.50', unit: 'L/s' } });
    expect(find('MDCX_SABTE_SESSION')).toEqual({
      metric: 'MDCX_SABTE_SESSION',
      code: 'mask-on',
      deviceTime: '2024-02-28T22:31:00',
      durationMs: 452 * 60_000,
    });
    expect(find('MDCX_SABTE_HYPOPNEA_INDEX')).toMatchObject({ absent: 'not-recorded' });
    expect(find('MDC_SABTE_PRESS_CPAP_SET')).toBeUndefined(); // the setting of another mode
  });
});

describe('the card', () => {
  const card = writeCard(randomFrom(5), story);
  const kinds = card.map((file) => file.path.replace(/^.*_/, ''));

  test('is a function of its seed', () => {
    expect(writeCard(randomFrom(5), story)).toEqual(card);
    expect(writeCard(randomFrom(6), story)).not.toEqual(card);
  });

  test('every file has its sidecar, and a name of its own', () => {
    const paths = card.map((file) => file.path);
    expect(new Set(paths).size).toBe(paths.length);
    for (const path of paths) {
      if (!path.endsWith('.crc')) expect(paths).toContain(path.replace(/\.[a-z]+$/, '.crc'));
    }
    expect(kinds).toEqual(expect.arrayContaining(['PLD.edf', 'SAD.edf', 'EVE.edf', 'CSL.edf', 'STR.edf']));
  });

  test('days follow one another, the one before the last without use', () => {
    const usage = (card.find((file) => file.path === 'STR.edf')?.means ?? []).filter(
      (m) => m.metric === 'MDC_SABTE_USAGE_TOTAL',
    );
    expect(usage.map((m) => [m.deviceTime, 'value' in m && m.value])).toEqual([
      ['2026-02-26T12:00:00', '1800'],
      ['2026-02-27T12:00:00', '1800'],
      ['2026-02-28T12:00:00', '0'],
      ['2026-03-01T12:00:00', '1800'],
    ]);
  });

  test('the last night has an aborted session, and every night its oximetry or none', () => {
    const aborted = card.filter((file) => file.path.endsWith('_PLD.edf') && file.means.length === 0);
    expect(aborted).toHaveLength(1);
    const oximetry = card.filter((file) => file.path.endsWith('_SAD.edf') && file.means.length > 0);
    expect(oximetry.length).toBeGreaterThan(0);
  });

  test('over many seeds everything it means is possible, and indices count the events', () => {
    for (let seed = 1; seed <= 40; seed++) {
      const files = writeCard(randomFrom(seed), { nights: 2, lastNight: '2026-03-01', sessionMinutes: 25 });
      expect(files.flatMap((file) => file.means.flatMap(impossible))).toEqual([]);
      const lastFolder = files.filter((file) => file.path.startsWith('DATALOG/20260301/') && file.path.includes('EVE'));
      const apneas = lastFolder.flatMap((file) => file.means).filter((m) => m.metric !== 'MDCX_SABTE_RERA').length;
      const ahi = files.flatMap((file) => file.means).findLast((m) => m.metric === 'MDC_SABTE_AHI');
      expect(ahi).toMatchObject({ value: (Math.floor((apneas * 600) / 25) / 10).toFixed(1) });
    }
  });

  test('a story that cannot be told is refused', () => {
    expect(() => writeCard(randomFrom(1), { ...story, nights: 0 })).toThrow(/nights must be/);
    expect(() => writeCard(randomFrom(1), { ...story, lastNight: 'yesterday' })).toThrow(/lastNight must be/);
    expect(() => writeCard(randomFrom(1), { ...story, sessionMinutes: 2000 })).toThrow(/sessionMinutes must be/);
  });

  test('the folder is the day that began at noon, the name the moment the session began', () => {
    const afterMidnight = Date.UTC(2024, 1, 29, 0, 12, 9);
    expect(sessionPath(noonMs, afterMidnight, 'PLD')).toBe('DATALOG/20240228/20240229_001209_PLD.edf');
  });
});

function impossible(measurement: Measurement): readonly (string | null)[] {
  const metric = METRICS[measurement.metric];
  const [low, high] = 'possible' in metric && metric.possible ? metric.possible : [-Infinity, Infinity];
  const values = 'samples' in measurement ? measurement.samples : 'value' in measurement ? [measurement.value] : [];
  return values.filter((value) => value !== null && !(Number(value) >= low && Number(value) <= high));
}

describe('cases', () => {
  test('each has a name of its own and is a function of the seed', () => {
    const cases = [...resmedCardSimulator.cases(randomFrom(3))];
    expect(new Set(cases.map((each) => each.name)).size).toBe(cases.length);
    expect([...resmedCardSimulator.cases(randomFrom(3))]).toEqual(cases);
  });
});

describe('at play', () => {
  let dir = '';
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'hjemmebro-card-'));
  });
  afterEach(() => rm(dir, { recursive: true }));

  function setUp() {
    const world = virtualWorld();
    const sent: Measurement[] = [];
    const folder = join(dir, 'reader');
    const place: Place = {
      world,
      addPeripheral: () => {
        throw new Error('a card has no radio');
      },
      openPort: () => Promise.reject(new Error('a card has no port')),
      cardFolder: () => folder,
    };
    const ledger: Ledger = {
      sent: (told) => sent.push(...told),
      acknowledged: () => undefined,
      doing: () => undefined,
    };
    return { world, sent, folder, place, ledger };
  }

  const script = { insertAfterMs: 5_000, seed: 5, nights: 1, lastNight: '2026-03-01', sessionMinutes: 2 };

  test('the card comes after its delay, whole, and replaces what an older one held', async () => {
    const { world, sent, folder, place, ledger } = setUp();
    const running = await resmedCardSimulator.play(place, 'cpap', script, ledger);
    expect(running.reach).toEqual({ folder });
    await world.advance(4_999);
    expect(await readdir(dir)).toEqual([]);
    await world.advance(1);
    await running.done;
    expect((await readdir(folder)).sort()).toEqual([
      'DATALOG',
      'Identification.crc',
      'Identification.tgt',
      'STR.crc',
      'STR.edf',
    ]);
    const expected = writeCard(randomFrom(5), script);
    for (const file of expected) expect(new Uint8Array(await readFile(join(folder, file.path)))).toEqual(file.bytes);
    expect(sent).toEqual(expected.flatMap((file) => file.means));
    expect(sent.length).toBeGreaterThan(10);

    await writeFile(join(folder, 'DATALOG', 'left-over'), 'x');
    const next = await resmedCardSimulator.play(place, 'cpap', { ...script, seed: 6 }, ledger);
    await world.advance(5_000);
    await next.done;
    expect(await readdir(join(folder, 'DATALOG'))).toEqual(['20260301']);
    expect(await readdir(dir)).toEqual(['reader']);
  });

  test('stopped before its time, it leaves nothing', async () => {
    const { sent, place, ledger } = setUp();
    const running = await resmedCardSimulator.play(place, 'cpap', script, ledger);
    await running.stop();
    expect(await readdir(dir)).toEqual([]);
    expect(sent).toEqual([]);
  });
});
