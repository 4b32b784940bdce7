/** Alaris GH and Asena syringe pumps on their serial port: status only, and by construction nothing that could control one. */
import { asking, isQuestion, LINE_MAX_BYTES, type Query, readLine } from './alaris/line.ts';
import { decodeMessage, type PumpMetric } from './alaris/status.ts';
import { sameBytes } from './contract/bytes.ts';
import { defineDriver, type Heard, type Say } from './contract/driver.ts';

const CHANNEL = 'serial';
/** Aborts whatever the pump still has of a question. */
const ESCAPE = Uint8Array.of(0x1b);
const REPLY_WAIT_MS = 500;
const TRIES = 2;
/** Echoes and late replies passed over while waiting for one reply. */
const OTHER_FRAMES_MAX = 4;

export const alarisGhSerial = defineDriver<PumpMetric>({
  id: 'alaris-gh-serial',
  title: 'Syringe pump Alaris GH / Asena, serial, status only',
  kind: 'infusion-pump',
  sources: [
    'frames in the source of the mdpnp project (BSD-2): Asena, SingleSimAlaris and the EasyTiva bridge',
    'frames in the source of the infupy project',
  ],
  verified: 'published vectors',

  recognise: [],

  link: {
    kind: 'serial',
    baudRate: 38_400,
    dataBits: 8,
    parity: 'none',
    stopBits: 1,
    framing: { kind: 'delimited', start: 0x21, end: 0x0d, maxBytes: LINE_MAX_BYTES },
  },

  observes: {
    MDC_FLOW_FLUID_PUMP: { cadence: 'continuous' },
    MDC_VOL_FLUID_DELIV: { cadence: 'continuous' },
    // Understood when it passes on the line, but not polled.
    MDC_VOL_FLUID_TBI: { cadence: 'spot' },
    MDC_TIME_PD_REMAIN: { cadence: 'continuous' },
    MDC_DRUG_NAME_LABEL: { cadence: 'continuous' },
    MDC_PUMP_INFUSING_STATUS: { cadence: 'continuous' },
    MDCX_PUMP_LINE_PRESS: { cadence: 'continuous' },
    MDCX_PUMP_ALARM: { cadence: 'continuous' },
  },

  decode({ bytes }) {
    const message = readLine(bytes);
    return 'how' in message ? { outcome: 'malformed', how: message.how } : decodeMessage(message);
  },

  mayWrite: (channel, bytes) => channel === CHANNEL && (sameBytes(bytes, ESCAPE) || isQuestion(bytes)),

  *dialogue({ pollMs }) {
    for (;;) {
      yield* ask('INF');
      yield* ask('ALARM');
      yield { say: 'listen', forMs: pollMs };
    }
  },
});

/** Puts one question, twice at most, and waits for its reply; echoes of the question are passed over. */
function* ask(query: Query): Generator<Say, void, Heard> {
  for (let tries = 0; tries < TRIES; tries++) {
    const written = yield { say: 'write', channel: CHANNEL, bytes: asking(query) };
    if (written.heard === 'refused') return;
    for (let others = 0; others <= OTHER_FRAMES_MAX; others++) {
      const heard = yield { say: 'listen', forMs: REPLY_WAIT_MS };
      if (heard.heard !== 'frame') break;
      const message = readLine(heard.frame.bytes);
      if ('name' in message && message.name === query && message.fields.length > 0) return;
    }
  }
  yield { say: 'write', channel: CHANNEL, bytes: ESCAPE };
}
