/** What may be said to an Alaris pump: ten bare questions and escape; every control command is refused, known or imagined. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { alarisGhSerial as driver } from '../../drivers/alaris-gh-serial.ts';
import { ALARIS_CONTROL, checked, line } from './alaris-vectors.ts';
import { ascii } from './vectors.ts';

describe('what may be said', () => {
  const queries = [
    ...['INF', 'INF_VI', 'INF_RATE', 'INF_VTBI', 'ALARM', 'SYRINGE_STATUS', 'INST_SERIALNO', 'COMMS_PROTOCOL'],
    ...['COMMS_RESPONSE_MAX', 'INF_RATE_MAX_SYRINGE'],
  ];

  test.each(queries)('%s may be asked', (query) => expect(driver.mayWrite('serial', line(checked(query)))).toBe(true));

  test('escape may be sent', () => expect(driver.mayWrite('serial', Uint8Array.of(0x1b))).toBe(true));

  test.each(ALARIS_CONTROL)('%s is refused', (text) => {
    expect(driver.mayWrite('serial', line(text))).toBe(false);
    expect(driver.mayWrite('serial', ascii(text))).toBe(false);
  });

  /** Each of these is well formed and has the right CRC: only the list of what may be said keeps it from the pump. */
  const imagined = [
    ...[
      'INF_START',
      'INF_STOP',
      'INF_BOLUS',
      'INF_PURGE',
      'INF_VI_CLEAR',
      'INST_RESET',
      'ALARM_MUTE',
      'ALARM_CLEAR',
      'POWER_OFF',
    ],
    ...[
      'REMOTE_CTRL',
      'REMOTE_CFG',
      'REMQUERY',
      'REMOTE_CTRL^ENABLED^050B',
      'REMOTE_CFG^ENABLED^050B',
      'REMOTE_CFG^DISABLED',
    ],
    ...[
      'INF_BOLUS^1.0^ml',
      'INF_BOLUS_RATE^600^ml/h',
      'INF_BOLUS_CAP_RATE^1.0^ml/h',
      'INF_PURGE_RATE^1.0^ml/h',
      'INF_CAP_RATE^1.0^ml/h',
    ],
    ...[
      'INST_SERIALNO^1',
      'COMMS_RESPONSE_MAX^1^ms',
      'SYRINGE_STATUS^BD PLASTIPAK^ 50^CONF',
      'COMMS_PROTOCOL^X',
      'ALARM^AL_NOALM',
    ],
    ...queries.flatMap((query) => [`${query}^`, `${query}^1.0^ml/h`, query.toLowerCase(), ` ${query}`, `${query} `]),
    ...['', 'I', 'IN', 'INFO', 'INF_', 'INF_RATE_MAX'],
  ];
  test.each(imagined)('"%s" is refused', (text) => expect(driver.mayWrite('serial', line(checked(text)))).toBe(false));

  test.each([
    ['a question without its end', ascii('!INF|4961')],
    ['a question with another CRC', line('!INF|4962')],
    ['two questions in one', line('!INF|4961\r!ALARM|50B2')],
    ['a question with a rider', line('!INF|4961\r!INF_STOP|CD57')],
    ['escape and a rider', Uint8Array.of(0x1b, ...line('!INF_START|38F3'))],
    ['two escapes', Uint8Array.of(0x1b, 0x1b)],
    ['nothing', new Uint8Array()],
  ])('%s is refused', (_, bytes) => expect(driver.mayWrite('serial', bytes)).toBe(false));

  test('no question may go to another channel', () => expect(driver.mayWrite('2a52', line('!INF|4961'))).toBe(false));

  test('whatever may be written is a bare name', () => {
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom(...imagined, ...queries).map((text) => line(checked(text))),
    );
    fc.assert(
      fc.property(anything, (bytes) => {
        if (!driver.mayWrite('serial', bytes)) return;
        const text = String.fromCharCode(...bytes);
        expect(text === '\x1b' || queries.includes(/^!([A-Z_]+)\|[0-9A-F]{4}\r$/.exec(text)?.[1] ?? '')).toBe(true);
      }),
    );
  });
});
