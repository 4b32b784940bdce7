/** The standard H4 transport over a stream socket: a Bluetooth controller that is reached through a file or a network port. */
import { connect, type Socket } from 'node:net';
import type { World } from '../world.ts';
import { LinkError } from './link.ts';
import { causeOf, within } from './patience.ts';

/** A controller's end of the wire: whole HCI packets, each with its H4 type byte in front. */
export interface Controller {
  write(packet: Uint8Array): void;
  /** From now on each packet, and once, why no more will come. */
  listen(onPacket: (packet: Buffer) => void, onLost: (cause: string) => void): void;
  close(): void;
}

/** Where an H4 controller listens. */
export type H4Place = { readonly path: string } | { readonly host: string; readonly port: number };

/** Reads 'h4:unix:/path' or 'h4:tcp:host:port'. Throws LinkError on anything else. */
export function h4Place(hci: string): H4Place {
  const unix = /^h4:unix:(\/.+)$/.exec(hci);
  if (unix?.[1]) return { path: unix[1] };
  const tcp = /^h4:tcp:([^:]+):(\d{1,5})$/.exec(hci);
  const port = Number(tcp?.[2]);
  if (tcp?.[1] && port >= 1 && port <= 65_535) return { host: tcp[1], port };
  throw new LinkError(`ble.hci "${hci}" is not understood; write native, h4:unix:/path or h4:tcp:host:port`);
}

/** The largest ACL payload taken: the largest ATT value is 512 octets, and no LE buffer in use exceeds this. */
const MAX_ACL_OCTETS = 4_096;
/** Past this many unsent octets the controller has stopped taking commands. */
const MAX_UNSENT_OCTETS = 65_536;
const CONNECT_LIMIT_MS = 10_000;

/** Header octets after the type byte; the length stands in the last one or two of them. Core 5.4 Vol 4 Part E 5.4. */
const HEADERS: Readonly<Record<number, { readonly octets: number; readonly wide: boolean }>> = {
  2: { octets: 4, wide: true },
  3: { octets: 3, wide: false },
  4: { octets: 2, wide: false },
};

export interface Packetiser {
  /** Whole packets that `piece` completed; `lost` says why the rest of the stream cannot be followed. */
  push(piece: Uint8Array): { readonly packets: readonly Buffer[]; readonly lost?: string };
}

/** Cuts a stream into HCI packets. H4 has no mark to find one's place by again, so the first wrong octet ends the stream. */
export function packetiser(): Packetiser {
  let rest = Buffer.alloc(0);
  let lost: string | undefined;

  function lengthOfNext(): number | undefined {
    const type = rest[0];
    if (type === undefined) return undefined;
    const header = HEADERS[type];
    if (!header) {
      lost = `octet 0x${type.toString(16).padStart(2, '0')} stands where an HCI packet should begin`;
      return undefined;
    }
    if (rest.length <= header.octets) return undefined;
    const payload = header.wide ? rest.readUInt16LE(header.octets - 1) : rest.readUInt8(header.octets);
    if (payload > MAX_ACL_OCTETS) {
      lost = `a packet of ${payload} octets is larger than the ${MAX_ACL_OCTETS} allowed`;
      return undefined;
    }
    return 1 + header.octets + payload;
  }

  return {
    push(piece) {
      const packets: Buffer[] = [];
      if (lost !== undefined) return { packets, lost };
      rest = Buffer.concat([rest, piece]);
      for (let length = lengthOfNext(); length !== undefined && length <= rest.length; length = lengthOfNext()) {
        packets.push(rest.subarray(0, length));
        rest = rest.subarray(length);
      }
      return lost === undefined ? { packets } : { packets, lost };
    },
  };
}

/** Connects to the controller. Rejects with a LinkError that says where it was looked for. */
export async function openH4(world: World, place: H4Place, gone: AbortSignal): Promise<Controller> {
  const name = 'path' in place ? place.path : `${place.host}:${place.port}`;
  const socket = connect(place);
  try {
    const connected = new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    await within({ world, limitMs: CONNECT_LIMIT_MS, what: 'connecting', gone }, connected);
  } catch (error) {
    socket.destroy();
    throw new LinkError(
      `no Bluetooth controller answers at ${name} (${causeOf(error)}); start it or correct ble.hci in the settings`,
    );
  }
  socket.removeAllListeners();
  return onSocket(socket, name);
}

function onSocket(socket: Socket, name: string): Controller {
  const { push } = packetiser();
  let lost: (cause: string) => void = () => undefined;
  const give = (cause: string): void => {
    const tell = lost;
    lost = () => undefined;
    socket.destroy();
    tell(cause);
  };
  socket.on('error', (error) => give(`the Bluetooth controller at ${name} failed: ${error.message}`));
  socket.on('close', () => give(`the Bluetooth controller at ${name} closed the connection`));
  return {
    write(packet) {
      if (socket.destroyed) return;
      if (socket.writableLength > MAX_UNSENT_OCTETS) give(`the Bluetooth controller at ${name} takes no more commands`);
      else socket.write(packet);
    },
    listen(onPacket, onLost) {
      lost = onLost;
      if (socket.destroyed) return give(`the Bluetooth controller at ${name} closed the connection`);
      socket.on('data', (piece: Buffer) => {
        const { packets, lost: why } = push(piece);
        for (const packet of packets) onPacket(packet);
        if (why !== undefined) give(`the Bluetooth controller at ${name} is out of step: ${why}`);
      });
    },
    close() {
      lost = () => undefined;
      socket.destroy();
    },
  };
}
