/** A patient's home with three devices at their real pace: an oximeter that streams over the air, a pump that is polled, a scale now and then. */
import { join } from 'node:path';
import type { DeviceSettings } from '../../agent/settings/settings.ts';
import { realWorld } from '../../agent/world.ts';
import { alarisGhSerialSimulator } from '../../simulators/devices/alaris-gh-serial.ts';
import { bluetoothSigPulseOximeterSimulator } from '../../simulators/devices/bluetooth-sig-pulse-oximeter.ts';
import { bluetoothSigWeightScaleSimulator } from '../../simulators/devices/bluetooth-sig-weight-scale.ts';
import type { Ledger, Place } from '../../simulators/devices/contract.ts';
import { CONTINUOUS } from '../../simulators/devices/pulse-oximeter-frames.ts';
import type { Peripheral } from '../../simulators/radio/gatt.ts';
import { startRadio } from '../../simulators/radio/radio.ts';
import { nowMs } from './clock.ts';
import { openTcpPort, PUMP, pumpSettings } from './pump.ts';

export interface HomeLoad {
  readonly devices: readonly DeviceSettings[];
  readonly hci: string;
  /** When the frame with this pulse was handed to the radio. */
  readonly leftMs: ReadonlyMap<string, number>;
  stop(): Promise<void>;
}

/** Addresses of the simulators' own devices. */
const OXIMETER = '00:a0:50:18:22:01';
const SCALE = '00:09:1f:18:1d:01';
/** The radio's socket has a path of at most 107 bytes. */
const SOCKET = 'air.sock';
const START_SECONDS = 60;

/** Settings alone: the devices are not there, and the hub looks for them. */
export async function emptyHome(folder: string): Promise<HomeLoad> {
  const radio = await startRadio({ world: realWorld(), listen: `unix:${join(folder, SOCKET)}` });
  const gone = await openTcpPort();
  gone.close();
  return { devices: settingsOf(gone.path), hci: radio.address, leftMs: new Map(), stop: () => radio.close() };
}

export async function startHomeLoad(folder: string, seconds: number): Promise<HomeLoad> {
  const world = realWorld();
  const radio = await startRadio({ world, listen: `unix:${join(folder, SOCKET)}` });
  const port = await openTcpPort();
  const leftMs = new Map<string, number>();
  let lastNotifiedMs = 0;
  const place: Place = {
    world,
    openPort: async () => port,
    addPeripheral: (options) => stamped(radio.addPeripheral(options), (atMs) => (lastNotifiedMs = atMs)),
    cardFolder: () => folder,
  };
  const quiet: Ledger = { sent: () => undefined, acknowledged: () => undefined, doing: () => undefined };
  const seen: Ledger = {
    ...quiet,
    sent: (measurements) => {
      for (const one of measurements)
        if (one.metric === 'MDC_PULS_OXIM_PULS_RATE' && 'value' in one) leftMs.set(one.value, lastNotifiedMs);
    },
  };
  const count = seconds + START_SECONDS;
  const running = await Promise.all([
    bluetoothSigPulseOximeterSimulator.play(place, 'oximeter', oximeter(count), seen),
    bluetoothSigWeightScaleSimulator.play(place, 'scale', scale(seconds), quiet),
    alarisGhSerialSimulator.play(place, PUMP, pump(count), quiet),
  ]);
  return {
    devices: settingsOf(port.path),
    hci: radio.address,
    leftMs,
    stop: async () => {
      for (const device of running) await device.stop();
      await radio.close();
    },
  };
}

function settingsOf(port: string): readonly DeviceSettings[] {
  return [
    { id: 'oximeter', driver: 'bluetooth-sig-pulse-oximeter', address: OXIMETER },
    { id: 'scale', driver: 'bluetooth-sig-weight-scale', address: SCALE, clockZone: '+00:00' },
    pumpSettings(port, 1),
  ];
}

function stamped(peripheral: Peripheral, notified: (atMs: number) => void): Peripheral {
  return Object.create(peripheral, {
    notify: {
      value: (characteristic: string, bytes: Uint8Array) => {
        if (characteristic === CONTINUOUS) notified(nowMs());
        return peripheral.notify(characteristic, bytes);
      },
    },
  }) as Peripheral;
}

/** Each pulse occurs once, so that a frame is known again at the broker. */
function oximeter(seconds: number) {
  const live = Array.from({ length: seconds }, (_, second) => ({
    afterMs: second * 1000,
    spo2: 95 + (second % 4) / 10,
    pulse: 50 + second / 10,
    pai: 5,
  }));
  return { name: 'Oximeter', address: OXIMETER, live, stored: [] };
}

function scale(seconds: number) {
  const startsAt = new Date().toISOString().slice(0, 19);
  const weighings = [0.3, 0.7].map((share, index) => ({ afterMs: share * seconds * 1000, kg: 78.4 + index / 10 }));
  return { name: 'Scale', address: SCALE, clock: { startsAt }, stored: [], weighings };
}

function pump(seconds: number) {
  const states = Array.from({ length: seconds }, (_, second) => ({
    rate: '5.00',
    volume: (10 + second / 720).toFixed(3),
    pressure: (17 + (second % 90) / 100).toFixed(2),
    status: 'SET' as const,
    alarm: 'AL_NOALM',
    drug: 'MORPHINE',
    timeLeft: '06:30:00',
  }));
  return { states };
}
