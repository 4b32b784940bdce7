/** Byte vectors published by others, typed in with the name of their source: they agree with the world, not with us. */

import { decimal } from '../../agent/reading/decimal.ts';
import type { Measurement } from '../../agent/reading/measurement.ts';
import type { Facts } from '../../drivers/contract/driver.ts';

/** Bytes from hex text; spaces do not matter. */
export function hex(text: string): Uint8Array {
  return Uint8Array.from(text.replaceAll(' ', '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Bytes from text, one per character. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** Raw value as a number, and what it stands for. HL7 = HL7 PHD 2.0.0 FLOATS page (CC0); blessed = weliem/blessed-kotlin tests (MIT). */
export const SFLOATS: readonly (readonly [source: string, raw: number, expected: string])[] = [
  ['HL7', 0x0002, '2'],
  ['HL7', 0xf014, '2.0'],
  ['HL7', 0xe0c8, '2.00'],
  ['HL7', 0x1002, '20'],
  ['HL7', 0x2002, '200'],
  ['HL7', 0x00c8, '200'],
  ['HL7', 0x04d2, '1234'],
  ['HL7', 0x0b2e, '-1234'],
  ['blessed', 0xf170, '36.8'],
  ['blessed', 0xedaf, '-5.93'],
  ['blessed', 0xed66, '-6.66'],
  ['HL7', 0x07ff, 'not-a-number'],
  ['HL7', 0x0800, 'not-at-this-resolution'],
  ['HL7', 0x07fe, 'positive-infinity'],
  ['HL7', 0x0802, 'negative-infinity'],
  ['HL7', 0x0801, 'reserved-value'],
];

/** thermometer = home-health-hub/health-thermometer-ble (MIT), openScale WeightGurus test. */
export const FLOATS: readonly (readonly [source: string, raw: number, expected: string])[] = [
  ['HL7', 0x00000002, '2'],
  ['HL7', 0xff000014, '2.0'],
  ['HL7', 0xfe0000c8, '2.00'],
  ['HL7', 0x01000002, '20'],
  ['HL7', 0x02000002, '200'],
  ['HL7', 0x000000c8, '200'],
  ['HL7', 0x000004d2, '1234'],
  ['HL7', 0x00fffb2e, '-1234'],
  ['blessed', 0xff000170, '36.8'],
  ['blessed', 0xfeffe9c3, '-56.93'],
  ['thermometer', 0xff000172, '37.0'],
  ['thermometer', 0x00fffff6, '-10'],
  ['openScale', 0xfe001e2d, '77.25'],
  ['HL7', 0x007fffff, 'not-a-number'],
  ['HL7', 0x00800000, 'not-at-this-resolution'],
  ['HL7', 0x007ffffe, 'positive-infinity'],
  ['HL7', 0x00800002, 'negative-infinity'],
  ['HL7', 0x00800001, 'reserved-value'],
];

/** NordicSemiconductor Android-BLE-Common-Library CRC16Test (BSD-3) and the CRC catalogue's check value. */
export const CRCS: readonly (readonly [text: string, crc: number])[] = [
  ['A', 0xb915],
  ['123456789', 0x29b1],
];

export interface DriverVector {
  readonly name: string;
  readonly source: string;
  readonly channel: string;
  readonly bytes: Uint8Array;
  readonly measurements: readonly Measurement[];
  readonly facts?: Facts;
}

const SPEZI = 'StanfordSpezi/SpeziBluetooth PLXTests (MIT)';
const SIG_PYTHON = 'RonanB96/bluetooth-sig-python tests (MIT)';

const PLX_SPOT = {
  deviceTime: '2024-11-29T23:08:57',
  flags: ['ongoing', 'questionable'],
} as const;
const ONGOING = { flags: ['ongoing'] } as const;

export const PULSE_OXIMETER: readonly DriverVector[] = [
  {
    name: 'plxc-1, the mandatory pair alone',
    source: SPEZI,
    channel: '2a5f',
    bytes: hex('00 E8F3 84F3'),
    measurements: [
      { metric: 'MDC_PULS_OXIM_SAT_O2', value: decimal('100.0') },
      { metric: 'MDC_PULS_OXIM_PULS_RATE', value: decimal('90.0') },
    ],
  },
  {
    name: 'plxc-3, statuses and amplitude',
    source: SPEZI,
    channel: '2a5f',
    bytes: hex('1C 5F00 5A00 2000 000000 57F0'),
    measurements: [
      { metric: 'MDC_PULS_OXIM_SAT_O2', ...ONGOING, value: decimal('95') },
      { metric: 'MDC_PULS_OXIM_PULS_RATE', ...ONGOING, value: decimal('90') },
      { metric: 'MDC_PULS_OXIM_DEV_STATUS', ...ONGOING, bits: [], raw: 0 },
      {
        metric: 'MDC_PULS_OXIM_PERF_REL',
        ...ONGOING,
        value: decimal('0.087'),
        asTold: { value: decimal('8.7'), unit: '%' },
      },
    ],
  },
  {
    name: 'plxs-1, questionable and still a value',
    source: SPEZI,
    channel: '2a5e',
    bytes: hex('0F ACF3 BEF5 E807 0B 1D 17 08 39 2040 220000 66E3'),
    measurements: [
      { metric: 'MDC_PULS_OXIM_SAT_O2', ...PLX_SPOT, value: decimal('94.0') },
      { metric: 'MDC_PULS_OXIM_PULS_RATE', ...PLX_SPOT, value: decimal('147.0') },
      {
        metric: 'MDC_PULS_OXIM_DEV_STATUS',
        ...PLX_SPOT,
        bits: ['device-equipment-malfunction', 'signal-low-perfusion'],
        raw: 34,
      },
      {
        metric: 'MDC_PULS_OXIM_PERF_REL',
        ...PLX_SPOT,
        value: decimal('0.0870'),
        asTold: { value: decimal('8.70'), unit: '%' },
      },
    ],
  },
  {
    name: 'plxf-1, features',
    source: SPEZI,
    channel: '2a60',
    bytes: hex('A300 4010 800100'),
    measurements: [],
    facts: { features: 163, measurementStatusSupport: 4160, deviceStatusSupport: 384 },
  },
];

const WSS_3 = { deviceTime: '2023-12-25T14:30:45', user: 3 } as const;
const BF788 = { deviceTime: '2026-07-14T23:41:32', user: 1 } as const;

export const WEIGHT_SCALE: readonly DriverVector[] = [
  {
    name: 'wss-1, kilograms alone',
    source: SIG_PYTHON,
    channel: '2a9d',
    bytes: hex('00 B036'),
    measurements: [{ metric: 'MDC_MASS_BODY_ACTUAL', value: decimal('70.000') }],
  },
  {
    name: 'wss-3, pounds and inches with everything',
    source: SIG_PYTHON,
    channel: '2a9d',
    bytes: hex('0F 543D E7070C190E1E2D 03 F500 A802'),
    measurements: [
      // 157 x 0.45359237 = 71.21400209
      {
        metric: 'MDC_MASS_BODY_ACTUAL',
        ...WSS_3,
        value: decimal('71.214'),
        asTold: { value: decimal('157.00'), unit: '[lb_av]' },
      },
      { metric: 'MDC_RATIO_MASS_BODY_LEN_SQ', ...WSS_3, value: decimal('24.5') },
      {
        metric: 'MDC_LEN_BODY_ACTUAL',
        ...WSS_3,
        value: decimal('172.720'),
        asTold: { value: decimal('68.0'), unit: '[in_i]' },
      },
    ],
  },
  {
    name: 'wss-bf788, captured',
    source: 'KristianP26/ble-scale-sync, Beurer BF720/BF788 captures (issues 168, 229)',
    channel: '2a9d',
    bytes: hex('0e205cea07070e1729200140018007'),
    measurements: [
      { metric: 'MDC_MASS_BODY_ACTUAL', ...BF788, value: decimal('117.920') },
      { metric: 'MDC_RATIO_MASS_BODY_LEN_SQ', ...BF788, value: decimal('32.0') },
      {
        metric: 'MDC_LEN_BODY_ACTUAL',
        ...BF788,
        value: decimal('192.0'),
        asTold: { value: decimal('1.920'), unit: 'm' },
      },
    ],
  },
];
