/** A pulse oximeter of the Bluetooth SIG profile: measures while somebody listens, and keeps spot-checks in its memory. */
import type { Measurement } from '../../agent/reading/measurement.ts';
import type { Timer } from '../../agent/world.ts';
import type { Peripheral } from '../radio/gatt.ts';
import { ascii } from './bytes.ts';
import type { Ledger, Place, Running, Simulator } from './contract.ts';
import { endingOf } from './ending.ts';
import { oximeterCases } from './pulse-oximeter-cases.ts';
import {
  CONTINUOUS,
  type Continuous,
  continuousBytes,
  SPOT_CHECK,
  type SpotCheck,
  STATUS_BITS,
  saturationMeans,
  spotCheckBytes,
} from './pulse-oximeter-frames.ts';
import {
  CCCD_IMPROPERLY_CONFIGURED,
  NO_RECORDS_FOUND,
  PROCEDURE_ALREADY_IN_PROGRESS,
  RACP,
  REPORT,
  racpCount,
  racpRequest,
  racpResponse,
  SUCCESS,
} from './racp.ts';
import { withDecimals } from './sfloat.ts';

export interface LiveSample {
  /** Milliseconds after the subscription to 2A5F; rising. Time stands still while nobody is subscribed. */
  readonly afterMs: number;
  /** %, sent with one decimal. */
  readonly spo2: number;
  /** Beats per minute, sent with one decimal. */
  readonly pulse: number;
  /** Pulse amplitude index, %, at most 20.4; sent with two decimals. */
  readonly pai?: number;
  /** The finger is out: no numbers, and the device says why. */
  readonly off?: true;
}

export interface StoredSpotCheck {
  /** Local time of the device's own clock, '2026-03-01T06:30:00'. */
  readonly at: string;
  readonly spo2: number;
  readonly pulse: number;
}

export interface OximeterScript {
  readonly name: string;
  readonly address?: string;
  readonly live: readonly LiveSample[];
  readonly stored: readonly StoredSpotCheck[];
}

const ADDRESS = '00:a0:50:18:22:01';
const BUSY_RETRY_MS = 100;
/** The write is answered first, the procedure follows. */
const LOOKUP_MS = 20;
/** PLX Features: measurement status, device status, storage, time stamps, PAI; then which bits of each status exist. */
const FEATURES = Uint8Array.of(0x4f, 0, 0xe0, 0xff, 0xff, 0xff, 0);

export const bluetoothSigPulseOximeterSimulator: Simulator<OximeterScript> = {
  driver: 'bluetooth-sig-pulse-oximeter',
  scenarios: {
    'finger-in': { name: 'Oximeter', live: steady(60), stored: [] },
    'finger-out': { name: 'Oximeter', live: steady(20).map((s, i) => (i < 10 ? s : { ...s, off: true })), stored: [] },
    memory: { name: 'Oximeter', live: [], stored: [{ at: '2026-03-01T06:30:00', spo2: 94, pulse: 72 }] },
  },
  cases: oximeterCases,
  play,
};

function steady(seconds: number): readonly LiveSample[] {
  return Array.from({ length: seconds }, (_, at) => ({
    afterMs: at * 1000,
    spo2: 96 + (at % 3) / 10,
    pulse: 70,
    pai: 5,
  }));
}

async function play(place: Place, _device: string, script: OximeterScript, ledger: Ledger): Promise<Running> {
  const ending = endingOf('live', 'memory');
  const memory = memoryOf(place, script.stored, ledger, () => ending.reached('memory'));
  const peripheral = place.addPeripheral({
    address: script.address ?? ADDRESS,
    name: script.name,
    advertises: ['1822'],
    services: [
      {
        uuid: '1822',
        characteristics: [
          { uuid: SPOT_CHECK, properties: ['indicate'] },
          { uuid: CONTINUOUS, properties: ['notify'] },
          { uuid: '2a60', properties: ['read'], read: () => FEATURES },
          { uuid: RACP, properties: ['write', 'indicate'], write: (value) => memory.asked(peripheral, value) },
        ],
      },
      {
        uuid: '180a',
        characteristics: [
          { uuid: '2a29', properties: ['read'], read: () => ascii('Hjemmebro simulators') },
          { uuid: '2a24', properties: ['read'], read: () => ascii('PLX-1') },
          { uuid: '2a26', properties: ['read'], read: () => ascii('1.0.0') },
        ],
      },
    ],
  });
  const stopMeasuring = measure(place, peripheral, script.live, ledger, () => ending.reached('live'));
  peripheral.advertise(true);
  ledger.doing('advertising');
  if (script.live.length === 0) ending.reached('live');
  if (script.stored.length === 0) ending.reached('memory');
  return {
    done: ending.done,
    reach: { address: peripheral.address },
    stop: async () => {
      stopMeasuring();
      peripheral.close();
    },
  };
}

/** Plays the live samples one by one; each waits for a subscriber, none is measured while there is none. Returns the way to stop. */
function measure(place: Place, peripheral: Peripheral, live: readonly LiveSample[], ledger: Ledger, ended: () => void) {
  let next = 0;
  let timer: Timer | undefined;
  let inFlight = false;

  function schedule(afterMs: number): void {
    timer?.cancel();
    timer = place.world.after(afterMs, () => void sendNext());
  }
  function gapMs(): number {
    return (live[next]?.afterMs ?? 0) - (live[next - 1]?.afterMs ?? 0);
  }
  async function sendNext(): Promise<void> {
    const sample = live[next];
    if (!sample || inFlight || !peripheral.subscribed(CONTINUOUS)) return;
    const frame = liveFrame(sample);
    inFlight = true;
    const taken = await peripheral.notify(CONTINUOUS, continuousBytes(frame));
    inFlight = false;
    if (!taken) {
      if (peripheral.subscribed(CONTINUOUS)) schedule(BUSY_RETRY_MS);
      return;
    }
    ledger.sent(saturationMeans(frame));
    ledger.doing(sample.off ? 'finger out' : `SpO2 ${sample.spo2.toFixed(1)} %, pulse ${sample.pulse.toFixed(0)}`);
    next++;
    if (next === live.length) return ended();
    if (peripheral.subscribed(CONTINUOUS)) schedule(gapMs());
  }

  peripheral.on('subscribed', (characteristic) => {
    if (characteristic === CONTINUOUS && next < live.length) schedule(gapMs());
  });
  peripheral.on('disconnected', () => timer?.cancel());
  return () => timer?.cancel();
}

function liveFrame({ spo2, pulse, pai, off }: LiveSample): Continuous {
  if (off) return { spo2: 'NaN', pulse: 'NaN', deviceStatus: STATUS_BITS.sensorUnconnectedToUser };
  return {
    spo2: withDecimals(spo2, 1),
    pulse: withDecimals(pulse, 1),
    deviceStatus: 0,
    ...(pai !== undefined && { pai: withDecimals(pai, 2) }),
  };
}

/** The records, handed over through the control point. They stay in the memory, so a hub may ask for them again and again. */
function memoryOf(place: Place, stored: readonly StoredSpotCheck[], ledger: Ledger, allConfirmed: () => void) {
  const records = stored.map((record) => storedFrame(record));
  const sent = new Set<SpotCheck>();
  const confirmed = new Set<SpotCheck>();
  let busy = false;

  /** Each record counts once in the ledger, however often it is asked for. */
  function once(counted: Set<SpotCheck>, record: SpotCheck, tell: (means: readonly Measurement[]) => void): void {
    if (counted.has(record)) return;
    counted.add(record);
    tell(saturationMeans(record));
  }
  async function report(peripheral: Peripheral): Promise<void> {
    for (const record of records) {
      ledger.doing(`handing over the spot-check of ${record.at}`);
      once(sent, record, ledger.sent);
      if (!(await peripheral.indicate(SPOT_CHECK, spotCheckBytes(record)))) return;
      once(confirmed, record, ledger.acknowledged);
    }
    await peripheral.indicate(RACP, racpResponse(REPORT, records.length > 0 ? SUCCESS : NO_RECORDS_FOUND));
    if (confirmed.size === records.length) allConfirmed();
  }
  async function answer(peripheral: Peripheral, value: Uint8Array): Promise<void> {
    const request = racpRequest(value);
    if (request.asks === 'report-all') await report(peripheral);
    else await peripheral.indicate(RACP, request.asks === 'count-all' ? racpCount(records.length) : request.answer);
    busy = false;
  }

  return {
    /** Takes a write to the control point; returns the ATT error that refuses it. */
    asked(peripheral: Peripheral, value: Uint8Array): number | undefined {
      if (!peripheral.subscribed(RACP) || !peripheral.subscribed(SPOT_CHECK)) return CCCD_IMPROPERLY_CONFIGURED;
      if (busy) return PROCEDURE_ALREADY_IN_PROGRESS;
      busy = true;
      place.world.after(LOOKUP_MS, () => void answer(peripheral, value));
      return undefined;
    },
  };
}

function storedFrame({ at, spo2, pulse }: StoredSpotCheck): SpotCheck {
  return {
    spo2: withDecimals(spo2, 1),
    pulse: withDecimals(pulse, 1),
    at,
    status: STATUS_BITS.fullyQualified | STATUS_BITS.fromStorage,
  };
}
