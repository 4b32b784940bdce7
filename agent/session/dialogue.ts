/** Carries out what a driver's dialogue asks for, on its link and in its time. */
import type { Dialogue, Driver, Frame, Heard, Say } from '../../drivers/contract/driver.ts';
import { unreachable } from '../reading/unreachable.ts';
import type { World } from '../world.ts';

/** What a dialogue is carried out with. Both promises settle with a value: a refusal is something to be told, not thrown. */
export interface Voice {
  write(channel: string, bytes: Uint8Array, sets?: 'clock'): Promise<Heard>;
  read(channel: string): Promise<Heard>;
}

export interface Conversation {
  /** Tells the dialogue a frame whose measurements are on disk. */
  tell(frame: Frame): void;
  /** Ends it where it stands; nothing more is said. */
  end(): void;
}

/** Frames kept for a dialogue that is busy writing; the oldest is let go, since its measurements are on disk already. */
const UNTOLD_FRAMES_MAX = 16;

export function converse(world: World, driver: Driver, dialogue: Dialogue, voice: Voice): Conversation {
  const untold: Frame[] = [];
  let listener: ((heard: Heard) => void) | undefined;
  let ended = false;

  function listen(forMs: number): Promise<Heard> {
    const waiting = untold.shift();
    if (waiting) return Promise.resolve({ heard: 'frame', frame: waiting });
    return new Promise((resolve) => {
      const timer = world.after(forMs, () => settle({ heard: 'elapsed' }));
      function settle(heard: Heard): void {
        timer.cancel();
        listener = undefined;
        resolve(heard);
      }
      listener = settle;
    });
  }

  function carryOut(say: Say): Promise<Heard> {
    switch (say.say) {
      case 'write':
        if (driver.mayWrite(say.channel, say.bytes)) return voice.write(say.channel, say.bytes, say.sets);
        return Promise.resolve({ heard: 'refused', why: 'the driver itself does not allow these bytes to be written' });
      case 'read':
        return voice.read(say.channel);
      case 'listen':
        return listen(say.forMs);
      default:
        return unreachable(say);
    }
  }

  async function run(): Promise<void> {
    let step = dialogue.next();
    while (!step.done && !ended) {
      const heard = await carryOut(step.value);
      if (ended) break;
      step = dialogue.next(heard);
    }
  }
  void run();

  return {
    tell: (frame) => {
      if (listener) return listener({ heard: 'frame', frame });
      untold.push(frame);
      if (untold.length > UNTOLD_FRAMES_MAX) untold.shift();
    },
    end: () => {
      ended = true;
      listener?.({ heard: 'elapsed' });
    },
  };
}
