/** The seam between a session and whatever carries its bytes: radio, port or card. */
import type { Frame } from '../../drivers/contract/driver.ts';

/** A frame as it came off a link. */
export interface LinkFrame extends Frame {
  /** Called once its measurements are on disk: only then may the link acknowledge it to the device (invariant 4). */
  kept(): void;
}

/** What a link tells its session. Calls never overlap and never throw. */
export interface LinkListener {
  /** The device can be talked to; `channels` are those it turned out to have, `about` what the link knows of it. */
  up(channels: ReadonlySet<string>, about: Readonly<Record<string, string | number>>): void;
  /** For serial links the bytes are a piece of a stream; for BLE and cards one whole value or file. */
  frame(frame: LinkFrame): void;
  /** The device can no longer be talked to; `cause` says why, in words for a technician, and `where` the fault lies. */
  down(cause: string, where?: DownWhere): void;
}

/** Left out where a link cannot tell: then it counts as the device's. */
export type DownWhere = 'device-off' | 'out-of-range' | 'link-fault';

/** One device's way in and out. It keeps trying for as long as it is open, with back-off; `down` tells each failure once. */
export interface Link {
  open(listener: LinkListener): void;
  /** Rejects with a LinkError when the device is down or refuses. */
  write(channel: string, bytes: Uint8Array): Promise<void>;
  read(channel: string): Promise<Uint8Array>;
  /** Lets go of the device now; the link opens again by itself after its back-off. For a device that must rest between contacts. */
  hangUp(): Promise<void>;
  close(): Promise<void>;
}

/** The environment's fault, not ours: caught by the session and made a technical condition. */
export class LinkError extends Error {
  override readonly name = 'LinkError';
}
