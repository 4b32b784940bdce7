/** A serial pump behind a TCP port, as a serial device server offers it: says what it is told to say, and when it did. */
import { createServer, type Socket } from 'node:net';
import type { DeviceSettings } from '../../agent/settings/settings.ts';
import { alarmBody, infusionBody, type PumpState, serialFrame } from '../../simulators/devices/alaris-gh-frames.ts';
import type { SerialEnd } from '../../simulators/devices/contract.ts';
import { nowMs, until } from './clock.ts';

export const PUMP = 'pump';
/** Readings of one frame of its state. */
export const READINGS_PER_FRAME = 6;

export function pumpSettings(port: string, pollSeconds = 1): DeviceSettings {
  return { id: PUMP, driver: 'alaris-gh-serial', port, pollSeconds };
}

export interface TcpPort extends SerialEnd {
  /** Whether a hub has opened the line. */
  isOpen(): boolean;
}

/** A device's end of a line whose other end is `tcp:127.0.0.1:port`. */
export async function openTcpPort(): Promise<TcpPort> {
  let socket: Socket | undefined;
  let listener: (bytes: Uint8Array) => void = () => undefined;
  const server = createServer({ noDelay: true }, (opened) => {
    socket = opened;
    opened.on('data', (bytes) => listener(Uint8Array.from(bytes)));
    opened.on('error', () => undefined); // the hub was killed
    opened.on('close', () => {
      if (socket === opened) socket = undefined;
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('a TCP server has a port');
  return {
    path: `tcp:127.0.0.1:${address.port}`,
    onBytes: (heard) => {
      listener = heard;
    },
    write: (bytes) => socket?.write(bytes),
    isOpen: () => socket !== undefined,
    close: () => {
      socket?.destroy();
      server.close();
    },
  };
}

const STATE: PumpState = {
  rate: '5.00',
  volume: '0.000',
  pressure: '17.91',
  status: 'SET',
  alarm: 'AL_NOALM',
  drug: 'MORPHINE',
  timeLeft: '06:30:00',
};
const SERIAL_NUMBER = '8002-00001';

export interface StreamingPump {
  readonly port: string;
  opened(withinMs: number): Promise<void>;
  /** Sends the state in which n microlitres were infused, by which its readings are known again. Returns when it left. */
  infusion(n: number): number;
  alarm(code: string): number;
  close(): void;
}

/** Sends without being asked and answers no question: its pace is the measurement's, not the poll's. */
export async function openStreamingPump(): Promise<StreamingPump> {
  const line = await openTcpPort();
  function send(body: string): number {
    const frame = serialFrame(body);
    const leftMs = nowMs();
    line.write(frame);
    return leftMs;
  }
  return {
    port: line.path,
    opened: (withinMs) => until('the hub opens the line of the pump', withinMs, line.isOpen),
    infusion: (n) => send(infusionBody(SERIAL_NUMBER, { ...STATE, volume: volumeOf(n) }, n)),
    alarm: (code) => send(alarmBody({ ...STATE, alarm: code })),
    close: line.close,
  };
}

export function volumeOf(n: number): string {
  return (n / 1000).toFixed(3);
}
