/** The attribute server of simulated peripherals, PDU by PDU (Core 5.4 Vol 3 Part F 3.4). */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Bearer } from '../../simulators/radio/att-bearer.ts';
import { createBearer } from '../../simulators/radio/att-bearer.ts';
import { buildDatabase } from '../../simulators/radio/att-database.ts';
import { answerAttribute } from '../../simulators/radio/att-server.ts';
import { custom, oximeter, written } from './oximeter.ts';

// Handles: 1800 takes 1 to 5, 1801 6 to 9, 1822 10 to 18 (2a5f: value 12, configuration 13), the custom service 19 to 21.

function fresh(told: string[] = []): Bearer {
  return createBearer(buildDatabase(oximeter.name, oximeter.services), (uuid, on) =>
    told.push(`${on ? '+' : '-'}${uuid}`),
  );
}

function ask(bearer: Bearer, hex: string): string | undefined {
  return answerAttribute(bearer, Buffer.from(hex.replaceAll(' ', ''), 'hex'))?.toString('hex');
}

test('the MTU is the smaller of both, and never under 23', () => {
  for (const [offered, agreed] of [
    [512, 247],
    [100, 100],
    [5, 23],
  ] as const) {
    const bearer = fresh();
    expect(ask(bearer, `02 ${Buffer.from([offered & 0xff, offered >> 8]).toString('hex')}`)).toBe('03f700');
    expect(bearer.mtu).toBe(agreed);
  }
});

test('services by group, by value, and to the end', () => {
  const bearer = fresh();
  expect(ask(bearer, '10 0100 ffff 0028')).toBe('11060100050000180600090001180a0012002218');
  expect(ask(bearer, '10 1300 ffff 0028')).toBe(`111413001500${Buffer.from(custom, 'hex').reverse().toString('hex')}`);
  expect(ask(bearer, '10 1600 ffff 0028')).toBe('011016000a');
  expect(ask(bearer, '10 0100 ffff 0328')).toBe('0110010010');
  expect(ask(bearer, '06 0100 ffff 0028 2218')).toBe('070a001200');
});

test('characteristics and descriptors', () => {
  const bearer = fresh();
  expect(ask(bearer, '08 0a00 1200 0328')).toBe('09070b00100c005f2a0e00200f005e2a1100021200602a');
  // All nine attributes of the service would need 38 octets; five fit in the 23 of a new connection.
  expect(ask(bearer, '04 0a00 1200')).toBe('05010a0000280b0003280c005f2a0d0002290e000328');
  expect(ask(bearer, '04 0d00 0d00')).toBe('05010d000229');
  expect(ask(bearer, '08 0100 ffff 002a')).toBe(`090a0300${Buffer.from('Oximeter').toString('hex')}`);
});

test('what may not be done is refused with its reason', () => {
  const bearer = fresh();
  const refusals: readonly (readonly [string, string])[] = [
    ['0a ffff', '010affff01'], // no such handle
    ['0a 0c00', '010a0c0002'], // notify only
    ['12 0b00 00', '01120b0003'], // a declaration
    ['12 0d00 01', '01120d000d'], // two octets, or nothing
    ['0c 1500 ff01', '010c150007'], // beyond the value
    ['0a 15', '010a000004'], // truncated
    ['08 0500 0100 0328', '0108050001'], // a range that is none
    ['0e 0300 0500', '010e000006'], // not offered
  ];
  for (const [request, answer] of refusals) expect(ask(bearer, request)).toBe(answer);
});

test('subscribing is told once, and only what the characteristic can do is kept', () => {
  const told: string[] = [];
  const bearer = fresh(told);
  for (const value of ['0300', '0100', '0000', '0200']) expect(ask(bearer, `12 0d00 ${value}`)).toBe('13');
  expect(told).toEqual(['+2a5f', '-2a5f']);
  expect(ask(bearer, '0a 0d00')).toBe('0b0000');
});

test('a long write is put together from its parts, or dropped', () => {
  written.length = 0;
  const bearer = fresh();
  expect(ask(bearer, '16 1500 0000 0102')).toBe('17150000000102');
  expect(ask(bearer, '16 1500 0200 03')).toBe('171500020003');
  expect(ask(bearer, '18 01')).toBe('19');
  expect(ask(bearer, '16 1500 0900 03')).toBe('171500090003');
  expect(ask(bearer, '18 01')).toBe('0118150007');
  ask(bearer, '16 1500 0000 03');
  expect(ask(bearer, '18 00')).toBe('19');
  expect(written).toEqual([Uint8Array.of(1, 2, 3)]);
  for (let n = 0; n < 32; n += 1) ask(bearer, '16 1500 0000 03');
  expect(ask(bearer, '16 1500 0000 03')).toBe('0116150009');
});

test('any octets get at most one answer that fits the MTU, and commands get none', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 30 }), { maxLength: 20 }), (pdus) => {
      const bearer = fresh();
      for (const pdu of pdus) {
        const answer = answerAttribute(bearer, Buffer.from(pdu));
        if (answer) expect(answer.length).toBeLessThanOrEqual(Math.max(bearer.mtu, 30));
        if (answer)
          expect([(pdu[0] ?? 0) & 0x41, answer[0] === 0x01 || answer[0] === (pdu[0] ?? 0) + 1]).toEqual([0, true]);
      }
    }),
    { numRuns: 500 },
  );
});
