/** The simulated pump as whoever holds the line sees it: questions answered, orders remembered, nonsense ignored. */
import { expect, it } from 'vitest';
import { serialFrame } from '../../simulators/devices/alaris-gh-frames.ts';
import { alarisGhSerialSimulator as pump } from '../../simulators/devices/alaris-gh-serial.ts';
import { ascii } from '../../simulators/devices/bytes.ts';
import { ccittFalse } from '../../simulators/devices/ccitt-false.ts';
import { virtualWorld } from '../virtual-world.ts';
import { book, isDone, memoryPlace } from './memory-place.ts';

const STATE = { volume: '0.000', pressure: '17.91', status: 'SET', alarm: 'AL_NOALM', timeLeft: '24+' } as const;
const STATES = ['0.10', '0.20'].map((rate) => ({ ...STATE, rate }));

async function plugged() {
  const place = memoryPlace(virtualWorld());
  const ledger = book();
  const running = await pump.play(place, 'pump', { states: STATES }, ledger);
  const heard = () => place.wire.received.map((bytes) => Buffer.from(bytes).toString());
  return { send: (text: string) => place.wire.send(ascii(text)), heard, ledger, running };
}

it.each([
  ['123456789', 0x29b1],
  ['INF', 0x4961],
  ['INST_SERIALNO^8002-51740', 0x050b],
  ['INF^8002-51740^-^SET^0.10^ml/h^^0.000^ml^17.91^mmHg^24+^EVENT^127904', 0x57d6],
])('checks %s as the published specimens do', (text, crc) => {
  expect(ccittFalse(ascii(text))).toBe(crc);
});

it('answers each question with the next state, and then is switched off', async () => {
  const { send, heard, ledger, running } = await plugged();
  send('!INF|4961\r');
  send('!AL');
  send('ARM|50B2\r');
  expect(ledger.acknowledgedValues).toEqual(ledger.sentValues.slice(0, 6));
  expect(await isDone(running.done)).toBe(false);
  send('!INF|4961\r!ALARM|50B2\r');
  expect(await isDone(running.done)).toBe(true);
  send('!INF|4961\r!ALARM|50B2\r');
  expect(heard()).toHaveLength(4);
  expect(heard()[0]).toMatch(
    /^!INF\^8002-00001\^-\^SET\^0\.10\^ml\/h\^\^0\.000\^ml\^17\.91\^mmHg\^24\+\^EVENT\^2\|[0-9A-F]{4}\r$/,
  );
  expect(heard()[1]).toBe('!ALARM^AL_NOALM^ ^ |C73B\r');
  expect(ledger.sentValues.filter((value) => value.startsWith('0.') && value.length === 4)).toEqual(['0.10', '0.20']);
  expect(ledger.acknowledgedValues).toEqual(ledger.sentValues);
  expect(running.orders).toEqual([]);
});

it.each([
  ['a wrong CRC', '!INF|4962\r'],
  ['a CRC in small letters', '!INF_RATE_MAX_SYRINGE|8f30\r'],
  ['no start', 'INF|4961\r'],
  ['an abort in the middle', '!INF|49\x1b61\r'],
  ['a message without end', `!${'A'.repeat(600)}\r`],
])('does not answer %s, and answers the next question', async (_, text) => {
  const { send, heard, running } = await plugged();
  send(text);
  expect(heard()).toEqual([]);
  send('!INF|4961\r');
  expect(heard()).toHaveLength(1);
  expect(running.orders).toEqual([]);
});

it('remembers orders and obeys none', async () => {
  const { send, heard, running } = await plugged();
  for (const order of ['INF_STOP', 'INF_RATE^5.00^ml/h']) send(Buffer.from(serialFrame(order)).toString());
  expect(heard()).toEqual([]);
  expect(running.orders).toEqual(['INF_STOP', 'INF_RATE^5.00^ml/h']);
});
