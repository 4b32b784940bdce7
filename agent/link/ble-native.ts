/** The kernel's own Bluetooth adapter, taken for ourselves through its HCI user channel. */
import type { EventEmitter } from 'node:events';
import { createRequire } from 'node:module';
import type { Controller } from './ble-h4.ts';
import { LinkError } from './link.ts';
import { causeOf } from './patience.ts';

const HCI_SOCKET = '@abandonware/bluetooth-hci-socket';

interface NativeSocket extends EventEmitter {
  bindUser(): unknown;
  start(): void;
  stop(): void;
  write(packet: Uint8Array): void;
}

/** What to do about the errors of socket(2) and bind(2). */
const ADVICE: Readonly<Record<string, string>> = {
  EAFNOSUPPORT: 'this kernel has no Bluetooth: "modprobe bluetooth", or use an h4: controller',
  EBUSY: 'another program uses it: stop and disable bluetooth.service, then "hciconfig hci0 down"',
  ENODEV: 'there is no Bluetooth adapter: plug one in, or enable the one on the board',
  EPERM: 'the hub may not use it: give its service CAP_NET_ADMIN and CAP_NET_RAW',
  ERFKILL: 'it is blocked: "rfkill unblock bluetooth"',
};

/** Throws a LinkError that says what to install or to stop. */
export function openNative(): Controller {
  const Socket = nativeSocket();
  const socket = bound(Socket);
  return {
    write: (packet) => socket.write(packet),
    listen(onPacket, onLost) {
      socket.on('data', onPacket);
      socket.on('error', (error: Error) => onLost(`the Bluetooth adapter failed: ${error.message}`));
    },
    close() {
      socket.removeAllListeners();
      socket.on('error', () => undefined);
      socket.stop();
    },
  };
}

function nativeSocket(): new () => NativeSocket {
  try {
    return createRequire(import.meta.url)(HCI_SOCKET);
  } catch (error) {
    const [why] = causeOf(error).split('\n');
    throw new LinkError(
      `ble.hci "native" needs the package ${HCI_SOCKET}, which is missing or was not built (${why}); ` +
        `install a compiler (apt install build-essential python3) and run "npm rebuild ${HCI_SOCKET}", or use an h4: controller`,
    );
  }
}

function bound(Socket: new () => NativeSocket): NativeSocket {
  try {
    const socket = new Socket();
    socket.bindUser();
    socket.start();
    return socket;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    const advice = ADVICE[code] ?? 'look at "hciconfig -a" and "rfkill list"';
    throw new LinkError(`the Bluetooth adapter cannot be taken (${causeOf(error)}): ${advice}`);
  }
}
