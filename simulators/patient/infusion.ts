/** What the pump does in each story: it infuses, or its line is blocked for a while. */
import type { PumpState } from '../devices/alaris-gh-frames.ts';
import type { PumpScript } from '../devices/alaris-gh-serial.ts';
import type { Chance } from './chance.ts';
import type { ScenarioName } from './scenario.ts';

type Phase = 'flowing' | 'rising' | 'blocked';

const HOUR_SECONDS = 3600;

/** One state for each second. */
export function infusionOf(name: ScenarioName, chance: Chance, seconds: number): PumpScript {
  const rate = chance(2, 6, 1);
  const phases = name === 'pump-occlusion' ? occlusion(seconds) : repeat('flowing', seconds);
  const rising = phases.filter((phase) => phase === 'rising').length;
  let [volume, leftSeconds] = [chance(10, 20, 3), chance(5, 9) * HOUR_SECONDS];
  let risen = 0;
  const states = phases.map((phase): PumpState => {
    if (phase === 'rising') risen++;
    if (phase !== 'blocked') {
      volume += rate / HOUR_SECONDS;
      leftSeconds--;
    }
    return {
      rate: rate.toFixed(2),
      volume: volume.toFixed(3),
      pressure: pressure(phase, risen / rising, chance).toFixed(2),
      status: phase === 'blocked' ? 'HLD' : 'SET',
      alarm: phase === 'blocked' ? 'AL_OCCL' : 'AL_NOALM',
      drug: 'FUROSEMIDE',
      timeLeft: clockText(leftSeconds),
    };
  });
  return { states };
}

/** Flowing, pressure rising, alarm and hold for two states at least, and flowing again. */
function occlusion(seconds: number): readonly Phase[] {
  const [flowing, rising] = [Math.ceil(seconds * 0.3), Math.floor(seconds * 0.25)];
  const blocked = Math.max(2, Math.floor(seconds * 0.25));
  return [
    ...repeat('flowing', flowing),
    ...repeat('rising', rising),
    ...repeat('blocked', blocked),
    ...repeat('flowing', seconds - flowing - rising - blocked),
  ];
}

/** mmHg; the pump gives up at about 600. */
function pressure(phase: Phase, risen: number, chance: Chance): number {
  if (phase === 'blocked') return chance(600, 640, 2);
  return chance(18, 30, 2) + (phase === 'rising' ? risen * 500 : 0);
}

function clockText(seconds: number): string {
  const two = (number: number) => String(Math.floor(number)).padStart(2, '0');
  return `${two(seconds / HOUR_SECONDS)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
}

function repeat(phase: Phase, times: number): readonly Phase[] {
  return Array.from({ length: times }, () => phase);
}
