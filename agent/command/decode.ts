/** `hjemmebro decode`: what the bytes of a device mean, one JSON line per frame. */
import { readFileSync } from 'node:fs';
import type { Driver, Frame, Outcome } from '../../drivers/contract/driver.ts';
import { driverById, drivers } from '../../drivers/registry.ts';
import { createFramer } from '../framing/framer.ts';
import { nearest } from '../settings/nearest.ts';
import { METRICS, unitOf } from '../vocabulary/metrics.ts';
import { type Command, Failure, type Given, textOption, UsageError } from './command.ts';

export const decodeCommand: Command = {
  name: 'decode',
  usage: 'decode --driver ID [--channel UUID] (HEX... | --text TEXT | --file PATH)',
  summary: 'say what the bytes of a device mean, one JSON line per frame',
  details: [
    '  --driver ID     one of "hjemmebro drivers"',
    '  --channel UUID  GATT characteristic the value came from, four hex digits; for a card the path of the file on it',
    '  HEX...          the bytes; spaces do not matter. A serial driver takes the raw byte stream',
    '  --text TEXT     the bytes as text, for serial devices that speak ASCII',
    '  --file PATH     the bytes of a file, for cards',
    '',
    'Malformed bytes are an answer, not a failure: the outcome says how, and the exit code is 0.',
    '',
    '  hjemmebro decode --driver bluetooth-sig-pulse-oximeter --channel 2a5f 00 E8F3 84F3',
  ],
  operandsMax: Number.POSITIVE_INFINITY,
  options: {
    driver: { type: 'string' },
    channel: { type: 'string' },
    text: { type: 'string' },
    file: { type: 'string' },
  },
  run: async (given, terminal) => {
    const driver = namedDriver(given);
    for (const line of decodeAll(driver, channelOf(driver, given), bytesOf(given))) terminal.out(JSON.stringify(line));
    return 0;
  },
};

/** The driver that --driver names. Throws UsageError with the nearest known id. */
function namedDriver(given: Given): Driver {
  const id = textOption(given, 'driver');
  const known = drivers.map((driver) => driver.id);
  if (id === undefined) throw new UsageError(`--driver is missing; known drivers: ${known.join(', ')}`);
  const driver = driverById(id);
  if (driver) return driver;
  const near = nearest(id, known);
  throw new UsageError(
    `no driver "${id}";${near ? ` did you mean "${near}"?` : ''} known drivers: ${known.join(', ')}`,
  );
}

/** Outcomes as `decode` prints them: each measurement with its code and unit. */
function decodeAll(driver: Driver, channel: string, bytes: Uint8Array): readonly object[] {
  return framesOf(driver, channel, bytes).map((piece) => printable('outcome' in piece ? piece : driver.decode(piece)));
}

/** An outcome with each measurement's code and unit. */
export function printable(outcome: Outcome): object {
  if (outcome.outcome !== 'measured') return outcome;
  const measurements = outcome.measurements.map((measurement) => {
    const unit = unitOf(measurement.metric);
    const { metric, ...rest } = measurement;
    return { metric, mdc: METRICS[metric].mdc, ...rest, ...(unit !== undefined && { unit }) };
  });
  // Whether it is one of a series says how it is kept, not what the bytes mean.
  const { series: _, ...said } = outcome;
  return { ...said, measurements };
}

function framesOf(driver: Driver, channel: string, bytes: Uint8Array): readonly (Frame | Outcome)[] {
  if (driver.link.kind !== 'serial') return [{ channel, bytes }];
  const { framing } = driver.link;
  // A message typed or copied without its end byte is taken as whole.
  const stream = bytes.at(-1) === framing.end ? bytes : Buffer.from([...bytes, framing.end]);
  const { frames, noiseBytes } = createFramer(framing).push(stream);
  const noise: Outcome = { outcome: 'malformed', how: `${noiseBytes} bytes belong to no frame` };
  return [...frames.map((piece) => ({ channel: 'serial', bytes: piece })), ...(noiseBytes > 0 ? [noise] : [])];
}

function channelOf(driver: Driver, given: Given): string {
  const channel = textOption(given, 'channel')?.toLowerCase().replace(/^0x/, '').replace(SIG_BASE, '$1');
  switch (driver.link.kind) {
    case 'ble':
      if (channel !== undefined) return channel;
      throw new UsageError(
        `--channel is missing; ${driver.id} speaks on ${driver.link.subscribe.map((one) => one.channel).join(', ')}`,
      );
    case 'serial':
      return 'serial';
    case 'card':
      return textOption(given, 'channel') ?? textOption(given, 'file') ?? '';
  }
}

/** A 16-bit UUID written out in 128 bits. Source: Bluetooth Core 5.4, Vol 3, Part B, 2.5.1. */
const SIG_BASE = /^0000([0-9a-f]{4})-0000-1000-8000-00805f9b34fb$/;

function bytesOf(given: Given): Uint8Array {
  const text = textOption(given, 'text');
  const file = textOption(given, 'file');
  if ([text || undefined, file, given.operands[0]].filter((source) => source !== undefined).length !== 1) {
    throw new UsageError('give the bytes once: as HEX, as --text or as --file');
  }
  if (text !== undefined) return Buffer.from(text, 'latin1');
  if (file !== undefined) return contentOf(file);
  const hex = given.operands.join('').replace(/\s|0x/gi, '');
  if (!/^([0-9a-f]{2})+$/i.test(hex)) {
    throw new UsageError(`"${given.operands.join(' ')}" is not a whole number of bytes in hex, as in 00 E8F3 84F3`);
  }
  return Buffer.from(hex, 'hex');
}

function contentOf(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new Failure(`cannot read ${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
