/** Lines of Alaris pumps published in the source of others, and what must never be sent to one. */
import { decimal } from '../../agent/reading/decimal.ts';
import { crc16CcittFalse } from '../../drivers/contract/crc.ts';
import { ascii, type DriverVector } from './vectors.ts';

const MDPNP = 'mdpnp Asena and SingleSimAlaris (BSD-2), infupy';

/** The sources print the lines without the carriage return that ends them on the wire. */
export function line(text: string): Uint8Array {
  return ascii(`${text}\r`);
}

const NO_DRUG = { metric: 'MDC_DRUG_NAME_LABEL', absent: 'not-recorded' } as const;

export const ALARIS: readonly DriverVector[] = [
  {
    name: 'INF while running',
    source: MDPNP,
    channel: 'serial',
    bytes: line('!INF^8002-51740^-^SET^0.10^ml/h^^0.000^ml^17.91^mmHg^24+^EVENT^127904|57D6'),
    measurements: [
      { metric: 'MDC_PUMP_INFUSING_STATUS', code: 'pump-status-infusing' },
      { metric: 'MDC_FLOW_FLUID_PUMP', value: decimal('0.10') },
      NO_DRUG,
      { metric: 'MDC_VOL_FLUID_DELIV', value: decimal('0.000') },
      { metric: 'MDCX_PUMP_LINE_PRESS', value: decimal('17.91') },
      { metric: 'MDC_TIME_PD_REMAIN', absent: 'above-range' },
    ],
  },
  {
    name: 'INF on hold with an alarm',
    source: 'mdpnp EasyTiva bridge (BSD-2)',
    channel: 'serial',
    bytes: line('!INF^8002-51733^A^HLD^0.00^ml/h^^0.969^ml^530.15^mmHg^00:04:09^EVENT^214725|DB9D'),
    measurements: [
      { metric: 'MDC_PUMP_INFUSING_STATUS', code: 'pump-status-not-infusing' },
      { metric: 'MDC_FLOW_FLUID_PUMP', value: decimal('0.00') },
      NO_DRUG,
      { metric: 'MDC_VOL_FLUID_DELIV', value: decimal('0.969') },
      { metric: 'MDCX_PUMP_LINE_PRESS', value: decimal('530.15') },
      { metric: 'MDC_TIME_PD_REMAIN', value: decimal('4.15'), asTold: { value: decimal('249'), unit: 's' } },
    ],
  },
  {
    name: 'INF_RATE',
    source: MDPNP,
    channel: 'serial',
    bytes: line('!INF_RATE^0.10^ml/h|D407'),
    measurements: [{ metric: 'MDC_FLOW_FLUID_PUMP', value: decimal('0.10') }],
  },
  {
    name: 'ALARM, none',
    source: MDPNP,
    channel: 'serial',
    bytes: line('!ALARM^AL_NOALM^ ^ |C73B'),
    measurements: [{ metric: 'MDCX_PUMP_ALARM', code: 'AL_NOALM' }],
  },
  {
    name: 'COMMS_RESPONSE_MAX',
    source: MDPNP,
    channel: 'serial',
    bytes: line('!COMMS_RESPONSE_MAX^4000^ms|DFDF'),
    measurements: [],
    facts: { COMMS_RESPONSE_MAX: '4000 ms' },
  },
  {
    name: 'COMMS_PROTOCOL',
    source: MDPNP,
    channel: 'serial',
    bytes: line('!COMMS_PROTOCOL^Asena Rev 2.1.5|661A'),
    measurements: [],
    facts: { COMMS_PROTOCOL: 'Asena Rev 2.1.5' },
  },
  {
    name: 'SYRINGE_STATUS',
    source: MDPNP,
    channel: 'serial',
    bytes: line('!SYRINGE_STATUS^BD PLASTIPAK^ 50^CONF|1CF8'),
    measurements: [],
    facts: { SYRINGE_STATUS: 'BD PLASTIPAK 50 CONF' },
  },
  {
    name: 'INF_RATE_MAX_SYRINGE',
    source: MDPNP,
    channel: 'serial',
    bytes: line('!INF_RATE_MAX_SYRINGE^1200.00^ml/h|8575'),
    measurements: [],
    facts: { INF_RATE_MAX_SYRINGE: '1200.00 ml/h' },
  },
];

/** Valid on the line, and nothing to keep: questions seen back, and the serial number, which is never kept. */
export const ALARIS_IGNORED: readonly string[] = [
  '!INF|4961',
  '!INST_SERIALNO|457D',
  '!ALARM|50B2',
  '!INF_RATE_MAX_SYRINGE|8F30',
  '!COMMS_PROTOCOL|E8DA',
  '!SYRINGE_STATUS|4102',
  '!INF_VTBI|8456',
  '!INST_SERIALNO^8002-51740|050B',
];

/** What sets, starts, stops or opens remote control, as other software sends it (mdpnp, infupy): to be refused, each of them. */
export const ALARIS_CONTROL: readonly string[] = [
  '!INF_START|38F3',
  '!INF_STOP|CD57',
  '!INF_RATE^0.1^ml/h|B775',
  '!INF_VI_CLEAR|A706',
  '!INF_BOLUS^ENABLED|E288',
  '!INF_VTBI^ACTIV^11.000^ml^STOP|4433',
  '!INF_VTBI^DEACT|D8C5',
  '!REMOTE_CTRL^ENABLED^3CC1|B1F1',
  '!REMOTE_CTRL^DISABLED|EF95',
  '!REMQUERY^DEACT|F295',
];

/** A line with the CRC it should have. */
export function checked(text: string): string {
  return `!${text}|${crc16CcittFalse(ascii(text)).toString(16).toUpperCase().padStart(4, '0')}`;
}
