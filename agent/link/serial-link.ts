/** One serial device's Link: opens its line, passes the pieces of its stream on, and opens it again for as long as it is open. */
import type { World } from '../world.ts';
import { type Link, LinkError, type LinkListener } from './link.ts';
import { causeOf, STABLE_MS, waits } from './patience.ts';
import { type Line, openTcp, tcpPlace } from './serial-line.ts';
import { openTty, type SerialSpec } from './serial-port.ts';

/** A line has one channel. */
const SERIAL_CHANNEL = 'serial';
/** Somebody stands at the bed with the cable in hand: no reason to wait a minute before looking again. */
const BACK_OFF_MOST_MS = 10_000;

export interface SerialLinkOptions {
  readonly world: World;
  readonly driverLink: SerialSpec;
  /** A tty path or tcp:host:port. */
  readonly port: string;
}

/** Throws LinkError when the port is not understood. A port that is not there is told to the listener. */
export function serialLink({ world, driverLink, port }: SerialLinkOptions): Link {
  const place = tcpPlace(port);
  const closing = new AbortController();
  const pause = waits(world, BACK_OFF_MOST_MS);
  let listener: LinkListener | undefined;
  let line: Line | undefined;
  let lose: (cause: string) => void = () => undefined;
  let told: string | undefined;
  let living: Promise<void> = Promise.resolve();

  /** Each failure once: the same cause again is no news until the line was up in between. */
  function down(cause: string): void {
    line = undefined;
    if (told === cause) return;
    told = cause;
    // What answers on the port is the device's; the port itself is ours.
    if (!closing.signal.aborted) listener?.down(cause, 'link-fault');
  }

  async function live(to: LinkListener): Promise<void> {
    while (!closing.signal.aborted) {
      const openedMs = world.monotonicMs();
      await once(to).catch((error: unknown) => down(causeOf(error)));
      if (world.monotonicMs() - openedMs >= STABLE_MS) pause.reset();
      await world.sleep(pause.next(), closing.signal);
    }
  }

  /** The line from its opening to its end. */
  async function once(to: LinkListener): Promise<void> {
    const gone = new Promise<string>((resolve) => {
      lose = resolve;
    });
    const early: Uint8Array[] = [];
    const hears = {
      bytes: (piece: Uint8Array): void => {
        if (line) to.frame({ channel: SERIAL_CHANNEL, bytes: piece, kept: () => undefined });
        else early.push(piece);
      },
      gone: (cause: string): void => lose(cause),
    };
    const { signal } = closing;
    line = place ? await openTcp(world, place, hears, signal) : await openTty(world, port, driverLink, hears, signal);
    const { close } = line;
    told = undefined;
    to.up(new Set([SERIAL_CHANNEL]), {});
    for (const piece of early) hears.bytes(piece);
    down(await gone);
    await close();
  }

  return {
    open(to) {
      if (listener) throw new Error('a link is opened once');
      listener = to;
      living = live(to);
    },
    async write(channel, bytes) {
      if (channel !== SERIAL_CHANNEL) throw new LinkError(`a serial device has no channel ${channel}`);
      if (!line) throw new LinkError(told ?? 'the port is not open');
      await line.write(bytes);
    },
    async read() {
      throw new LinkError('a serial device cannot be read; it is written to and listened to');
    },
    async hangUp() {
      pause.reset();
      lose('the hub let go of the device');
    },
    async close() {
      closing.abort('the hub closed the link');
      lose('the hub closed the link');
      await living;
    },
  };
}
