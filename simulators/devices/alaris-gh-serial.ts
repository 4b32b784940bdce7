/** An Alaris GH syringe pump on its serial line: answers questions, and remembers whoever tried to give it an order. */
import type { Measurement } from '../../agent/reading/measurement.ts';
import {
  alarmBody,
  alarmMeans,
  infusionBody,
  infusionMeans,
  type PumpState,
  pumpCases,
  serialFrame,
} from './alaris-gh-frames.ts';
import { ascii } from './bytes.ts';
import type { Ledger, Place, Running, Simulator } from './contract.ts';
import { endingOf } from './ending.ts';

/** Indexed by question, so that a slow hub and a quick one are told the same. */
export interface PumpScript {
  /** The n-th INF question is answered with the n-th state; after the last one the pump is switched off and says nothing. */
  readonly states: readonly PumpState[];
}

export interface PumpRunning extends Running {
  /** Whatever came with a right CRC and was no question: a hub that only reads leaves this empty. */
  readonly orders: readonly string[];
}

/** Ours: no real pump has it. */
export const SERIAL_NUMBER = '8002-00001';
const FIRST_LOG_ENTRY = 1;
const MAX_MESSAGE_BYTES = 256;

const START = 0x21; // !
const END = 0x0d; // CR
const ABORT = 0x1b; // ESC: the sender starts over

/** Questions too, but INF says it all, or no document tells the answer: this pump leaves them unanswered. */
const UNANSWERED: ReadonlySet<string> = new Set([
  'INF_VI',
  'INF_RATE',
  'INF_VTBI',
  'SYRINGE_STATUS',
  'COMMS_PROTOCOL',
  'INF_RATE_MAX_SYRINGE',
]);

const STEADY: PumpState = {
  rate: '5.00',
  volume: '12.345',
  pressure: '17.91',
  status: 'SET',
  alarm: 'AL_NOALM',
  drug: 'MORPHINE',
  timeLeft: '06:30:00',
};
const OCCLUDED: PumpState = { ...STEADY, pressure: '612.40', status: 'HLD', alarm: 'AL_OCCL' };

export const alarisGhSerialSimulator = {
  driver: 'alaris-gh-serial',
  scenarios: {
    steady: { states: repeat(STEADY, 600) },
    occlusion: { states: [...repeat(STEADY, 10), ...repeat(OCCLUDED, 10), ...repeat(STEADY, 580)] },
  },
  cases: pumpCases,
  play,
} as const satisfies Simulator<PumpScript>;

function repeat(state: PumpState, times: number): readonly PumpState[] {
  return Array.from({ length: times }, () => state);
}

async function play(place: Place, device: string, { states }: PumpScript, ledger: Ledger): Promise<PumpRunning> {
  const port = await place.openPort(device);
  const ending = endingOf('last state told');
  const orders: string[] = [];
  let asked = 0;
  let unconfirmed: readonly Measurement[] = [];

  function reply(body: string, means: readonly Measurement[] = []): void {
    port.write(serialFrame(body));
    if (means.length > 0) ledger.sent(means);
    unconfirmed = means;
  }
  /** Asking again is how the hub tells the pump that it got the last answer. */
  function confirm(): void {
    if (unconfirmed.length > 0) ledger.acknowledged(unconfirmed);
    unconfirmed = [];
  }
  function tellState(): void {
    const state = states[asked];
    asked++;
    if (!state) {
      ending.reached('last state told');
      return;
    }
    ledger.doing(`${state.status} ${state.rate} ml/h, ${state.pressure} mmHg, ${state.alarm}`);
    reply(infusionBody(SERIAL_NUMBER, state, FIRST_LOG_ENTRY + asked), infusionMeans(state));
  }
  function tellAlarm(): void {
    const state = states[Math.max(0, asked - 1)];
    if (state) reply(alarmBody(state), alarmMeans(state));
    if (asked === states.length) ending.reached('last state told');
  }
  function answer(question: string): void {
    confirm();
    if (asked > states.length) return;
    if (question === 'INF') tellState();
    else if (question === 'ALARM') tellAlarm();
    else if (question === 'INST_SERIALNO') reply(`INST_SERIALNO^${SERIAL_NUMBER}`);
    else if (question === 'COMMS_RESPONSE_MAX') reply('COMMS_RESPONSE_MAX^4000^ms');
    else if (!UNANSWERED.has(question)) {
      orders.push(question);
      ledger.doing(`was given an order: ${question}`);
    }
  }

  port.onBytes(reader(answer));
  if (states.length === 0) ending.reached('last state told');
  ledger.doing(`on ${port.path}`);
  return {
    done: ending.done,
    reach: { path: port.path },
    orders,
    stop: async () => port.close(),
  };
}

/** Cuts the stream into messages; only those with a right CRC come through. */
function reader(message: (body: string) => void): (bytes: Uint8Array) => void {
  let held: number[] | undefined;
  return (bytes) => {
    for (const byte of bytes) {
      if (byte === START) held = [];
      else if (byte === ABORT) held = undefined;
      else if (held && byte !== END && held.length < MAX_MESSAGE_BYTES) held.push(byte);
      else if (held) {
        const body = checked(held);
        held = undefined;
        if (body !== undefined) message(body);
      }
    }
  };
}

/** The text before the bar, if the CRC behind it is its own. */
function checked(message: readonly number[]): string | undefined {
  const text = String.fromCharCode(...message);
  const body = text.slice(0, text.lastIndexOf('|'));
  const right = serialFrame(body);
  const given = ascii(`!${text}\r`);
  return right.length === given.length && right.every((byte, at) => byte === given[at]) ? body : undefined;
}
