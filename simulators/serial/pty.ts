/** A serial line without a wire: a pseudo-terminal whose one end a simulated device holds and whose other the hub opens as a tty. */
import { closeSync, constants, openSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { ReadStream } from 'node:tty';
import type { SerialEnd } from '../devices/contract.ts';

/** What is used of node-pty; `open` allocates a terminal without starting a program in it. */
interface NodePty {
  open(options: { readonly encoding: null }): Terminal;
}

interface Terminal {
  readonly master: ReadStream;
  readonly slave: ReadStream;
  readonly ptsName: string;
}

/** Rejects when node-pty has no prebuilt binary for this machine. */
export async function openPty(): Promise<SerialEnd> {
  const { open } = createRequire(import.meta.url)('@lydell/node-pty') as NodePty;
  const { master, slave, ptsName } = open({ encoding: null });
  slave.setRawMode(true);
  // The hub's end is held open, so that the line outlives the hub's restarts, but never read: its bytes are the hub's.
  const held = openSync(ptsName, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  slave.destroy();
  let listener: (bytes: Uint8Array) => void = () => undefined;
  master.on('data', (bytes: Buffer) => listener(Uint8Array.from(bytes)));
  master.on('error', () => undefined); // EIO once the other end is gone
  return {
    path: ptsName,
    onBytes: (heard) => {
      listener = heard;
    },
    write: (bytes) => {
      if (!master.destroyed) master.write(Buffer.from(bytes));
    },
    close: () => {
      if (master.destroyed) return;
      closeSync(held);
      master.destroy();
    },
  };
}
