/** The only file that touches serialport: a tty, opened exclusively and watched, because an unplugged one may never say so. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { SerialPort } from 'serialport';
import type { LinkSpec } from '../../drivers/contract/driver.ts';
import type { World } from '../world.ts';
import { LinkError } from './link.ts';
import { causeOf, within } from './patience.ts';
import { type Line, type LineListener, OPEN_LIMIT_MS, WRITE_LIMIT_MS } from './serial-line.ts';

export type SerialSpec = Extract<LinkSpec, { kind: 'serial' }>;

const WATCH_EVERY_MS = 2_000;
const CLOSE_LIMIT_MS = 5_000;
const MAX_PORTS_NAMED = 8;

/** The port for people and logs: names under by-id hold the cable's serial number, which is struck out (invariant 13). */
export function portName(path: string): string {
  return path.replace(/_[^_/]*(-if\d+)/, '_*$1');
}

/** What went wrong with opening a port, and what to do about it. `present` are the ports there are. */
export function portTrouble(path: string, error: unknown, present: readonly string[]): string {
  const name = portName(path);
  const words = causeOf(error);
  const named = present.slice(0, MAX_PORTS_NAMED).map(portName).join(', ') || 'none';
  if (/ENOENT|no such file/i.test(words)) {
    return `no such port ${name}; plug the cable in or correct devices[..].port; ports present: ${named}`;
  }
  if (/EACCES|EPERM|permission denied|not permitted/i.test(words)) {
    return `no permission to open ${name}; add the hjemmebro user to the dialout group and restart the hub`;
  }
  if (/cannot lock|EBUSY|busy/i.test(words)) {
    return `port ${name} is in use by another program or by another device of these settings`;
  }
  return `port ${name} cannot be opened: ${words}; ports present: ${named}`;
}

/** Opens the tty. Rejects with a LinkError that says what to do. */
export async function openTty(
  world: World,
  path: string,
  spec: SerialSpec,
  listener: LineListener,
  closing: AbortSignal,
): Promise<Line> {
  const { baudRate, dataBits, parity, stopBits } = spec;
  const port = new SerialPort({ path, baudRate, dataBits, parity, stopBits, lock: true, autoOpen: false });
  const closed = new AbortController();
  let cause: string | undefined;
  const lose = (why: string): void => {
    if (cause !== undefined) return;
    cause = why;
    void close();
    listener.gone(why);
  };

  async function close(): Promise<void> {
    cause ??= 'the hub closed the port';
    closed.abort();
    if (!port.isOpen) return;
    const done = new Promise<void>((resolve) => port.close(() => resolve()));
    // A driver that does not let go of its port keeps a thread; waiting for it longer helps nobody.
    await within({ world, limitMs: CLOSE_LIMIT_MS, what: 'closing' }, done).catch(() => undefined);
  }

  /** A tty that was unplugged reads as empty for ever, and its close event may not come. */
  async function watch(identity: string): Promise<void> {
    while (!closed.signal.aborted) {
      await world.sleep(WATCH_EVERY_MS, closed.signal);
      if (closed.signal.aborted) return;
      if ((await identify(path).catch(() => undefined)) !== identity) lose(`port ${portName(path)} was unplugged`);
    }
  }

  async function opened(): Promise<string> {
    await access(path, constants.R_OK | constants.W_OK);
    await new Promise<void>((resolve, reject) => port.open((error) => (error ? reject(error) : resolve())));
    if (cause !== undefined) await close(); // too late: nobody waits for it any more
    return identify(path);
  }

  try {
    const identity = await within({ world, limitMs: OPEN_LIMIT_MS, what: 'opening', gone: closing }, opened());
    port.on('data', (piece: Buffer) => listener.bytes(piece));
    port.on('error', (error) => lose(`port ${portName(path)} failed: ${error.message}`));
    port.on('close', () => lose(`port ${portName(path)} was unplugged`));
    void watch(identity);
  } catch (error) {
    await close();
    throw new LinkError(portTrouble(path, error, await present()));
  }

  return {
    async write(bytes) {
      if (cause !== undefined) throw new LinkError(cause);
      const sent = new Promise<void>((resolve, reject) => {
        const settle = (error: Error | null | undefined): void =>
          error ? reject(new LinkError(`port ${portName(path)} failed: ${error.message}`)) : resolve();
        port.write(Buffer.from(bytes), (error) => {
          if (error || !port.isOpen) settle(error ?? new Error(`port ${portName(path)} is closed`));
          else port.drain(settle);
        });
      });
      await within({ world, limitMs: WRITE_LIMIT_MS, what: 'sending to the device' }, sent).catch((error: unknown) => {
        lose(causeOf(error));
        throw error;
      });
    },
    close,
  };
}

/** Tells one device from another that was plugged in under the same name. */
async function identify(path: string): Promise<string> {
  const { dev, ino, rdev } = await stat(path);
  return `${dev}.${ino}.${rdev}`;
}

async function present(): Promise<readonly string[]> {
  const ports = await SerialPort.list().catch(() => []);
  return ports.map(({ path }) => path);
}
