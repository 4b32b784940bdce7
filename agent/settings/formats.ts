/** The forms of text that the schemas name: handles, zones, brokers, ports and numbers in quotes. */
import { isDecimal } from '../reading/decimal.ts';

const HANDLE = /^[A-Za-z0-9][A-Za-z0-9-]{0,31}$/;
const MAC = /^[0-9a-f]{2}(?:-?[0-9a-f]{2}){5}$/i;
const ELEVEN_DIGITS = /(?<!\d)\d{6}-?\d{5}(?!\d)/;
const OFFSET = /^[+-](?:0\d|1[0-4]):[0-5]\d$/;
const HOST_AND_PORT = /^(?:[A-Za-z0-9.-]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})$/;

/** What stands in topics, readings and log lines: it must not give anybody away (invariant 13). */
function isHandle(text: string): boolean {
  return HANDLE.test(text) && privacyFault(text) === undefined;
}

/** What a handle would give away: a MAC address, or eleven digits as in a Norwegian national identity number. */
export function privacyFault(text: string): string | undefined {
  if (MAC.test(text.replaceAll(':', '-'))) return 'looks like a MAC address';
  if (ELEVEN_DIGITS.test(text)) return 'holds eleven digits, like a national identity number';
  return undefined;
}

function isTimeZone(text: string): boolean {
  if (OFFSET.test(text)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return true;
  } catch {
    return false;
  }
}

function isHci(text: string): boolean {
  if (text === 'native') return true;
  if (text.startsWith('h4:unix:/')) return true;
  return text.startsWith('h4:tcp:') && isHostAndPort(text.slice('h4:tcp:'.length));
}

/** mqtt or mqtts, host and port; credentials in a URL end up in logs, and the hub has a certificate. */
function isBroker(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, port, username, password, pathname } = new URL(text);
  const bare = username === '' && password === '' && (pathname === '' || pathname === '/');
  return (protocol === 'mqtt:' || protocol === 'mqtts:') && hostname !== '' && port !== '0' && bare;
}

function isPort(text: string): boolean {
  return text.startsWith('tcp:')
    ? isHostAndPort(text.slice('tcp:'.length))
    : text.startsWith('/') || /^COM\d+$/i.test(text);
}

function isHostAndPort(text: string): boolean {
  const port = Number(HOST_AND_PORT.exec(text)?.[1] ?? 0);
  return port >= 1 && port <= 65_535;
}

export const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  handle: isHandle,
  'time-zone': isTimeZone,
  'clock-zone': (text) => OFFSET.test(text) || isTimeZone(text),
  hci: isHci,
  broker: isBroker,
  port: isPort,
  decimal: isDecimal,
};
