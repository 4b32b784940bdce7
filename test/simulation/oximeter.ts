/** A pulse oximeter that streams while it is worn: values, no values with the finger out, nothing when it is off. */
import {
  CONTINUOUS,
  type Continuous,
  continuousBytes,
  saturationMeans,
} from '../../simulators/devices/pulse-oximeter-frames.ts';
import { type SFloat, withDecimals } from '../../simulators/devices/sfloat.ts';
import type { Chance } from './chance.ts';
import type { Contact, Peripheral } from './radio.ts';
import type { DeviceWatcher, Taken } from './scale.ts';
import type { Scheduler } from './scheduler.ts';
import type { Trace } from './trace.ts';

export interface Oximeter extends Peripheral {
  switchOn(isOn: boolean): void;
  putOn(isWorn: boolean): void;
  /** The patient's saturation falls, for so long. */
  desaturate(ms: number): void;
  /** The next value is one that no body can have. */
  glitch(): void;
  /** So many frames at once, as a device with a fault sends. */
  babble(frames: number): void;
}

export interface OximeterOptions {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly watcher: DeviceWatcher;
  readonly onChanged: (oximeter: Oximeter) => void;
  /** Between two frames, milliseconds. */
  readonly everyMs: number;
}

/** Device and Sensor Status: sensor off, and a poor signal. */
const SENSOR_OFF = 1 << 11;
const SIGNAL_POOR = 1 << 4;

export function openOximeter(options: OximeterOptions): Oximeter {
  const { scheduler, chance, trace, watcher, onChanged, everyMs } = options;
  const name = 'oximeter';
  let isOn = false;
  let isWorn = true;
  let lowUntilMs = 0;
  let isGlitching = false;
  let saturation = 94;
  let contact: Contact | undefined;

  function values(): { readonly spo2: SFloat; readonly pulse: SFloat } {
    const isLow = scheduler.nowMs < lowUntilMs;
    const goal = isLow ? 83 : 94;
    saturation += (goal - saturation) * 0.4 + chance.between(-0.8, 0.8);
    const pulse = withDecimals(chance.whole(62, 96), 0);
    if (isGlitching) {
      isGlitching = false;
      return { spo2: withDecimals(chance.whole(120, 199), 0), pulse };
    }
    if (chance.odds(0.02)) return { spo2: 'NaN', pulse: 'NaN' };
    return { spo2: withDecimals(Math.min(saturation, 100), 1), pulse };
  }

  function frame(): Continuous {
    const deviceStatus = isWorn ? (chance.odds(0.05) ? SIGNAL_POOR : undefined) : SENSOR_OFF;
    return { ...values(), ...(deviceStatus !== undefined && { deviceStatus }) };
  }

  function send(during: Contact): void {
    const sent = frame();
    const trueMs = scheduler.nowMs;
    const taken: readonly Taken[] = saturationMeans(sent).map((measurement) => ({
      device: name,
      measurement,
      trueMs,
      isDatable: true,
    }));
    during.send(CONTINUOUS, continuousBytes(sent), {
      delivered: (at) => watcher.delivered(taken, at),
      kept: (at) => watcher.kept(taken, at),
      confirmed: () => undefined,
    });
  }

  function stream(during: Contact): void {
    if (during !== contact || during.isOver) return;
    send(during);
    scheduler.at(scheduler.nowMs + everyMs * chance.between(0.95, 1.05), () => stream(during));
  }

  const oximeter: Oximeter = {
    name,
    channels: [CONTINUOUS],
    switchOn: (is) => {
      if (isOn === is) return;
      isOn = is;
      trace.note(name, is ? 'on' : 'off');
      if (!is) contact?.hangUp();
      onChanged(oximeter);
    },
    putOn: (is) => {
      isWorn = is;
      trace.note(name, is ? 'worn' : 'finger out');
    },
    desaturate: (ms) => {
      lowUntilMs = scheduler.nowMs + ms;
      trace.note(name, `low for ${Math.round(ms / 1000)} s`);
    },
    glitch: () => {
      isGlitching = true;
    },
    babble: (frames) => {
      trace.note(name, `babbles ${frames} frames`);
      for (let i = 0; i < frames && contact; i++) send(contact);
    },
    isReachable: () => isOn,
    met: (made) => {
      contact = made;
      scheduler.at(scheduler.nowMs + chance.between(100, 1_000), () => stream(made));
    },
    parted: () => {
      contact = undefined;
    },
    read: () => undefined,
    write: () => false,
  };
  return oximeter;
}
