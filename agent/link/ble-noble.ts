/** The only file that touches noble: puts it on a controller of ours, and closes the gaps it leaves for an unattended hub. */
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import { compileFunction } from 'node:vm';
import type { World } from '../world.ts';
import type { Controller } from './ble-h4.ts';
import { type Hold, hold } from './ble-hold.ts';
import type { Bindings, Hci, Noble, NoblePeripheral } from './ble-noble-shape.ts';
import { LinkError } from './link.ts';
import { causeOf, within } from './patience.ts';

/** noble on a controller, ready to scan. */
export interface Attachment {
  readonly noble: Pick<Noble, 'startScanning' | 'stopScanning' | 'on' | 'once'>;
  readonly hold: Hold;
  peripheral(id: string): NoblePeripheral | undefined;
  /** Tells of each ATT Error Response, which noble keeps to itself. Returns the way to stop. */
  onAttError(listener: (id: string, request: number, code: number) => void): () => void;
  detach(): void;
}

export interface AttachOptions {
  readonly world: World;
  readonly controller: Controller;
  /** The start is given up when this aborts. */
  readonly gone: AbortSignal;
  readonly onLost: (cause: string) => void;
  /** A packet that noble could not read; it was dropped. */
  readonly onRefused: (how: string) => void;
}

const START_LIMIT_MS = 10_000;
/** Bluetooth Core 5.4 Vol 3 Part A 2.1 and Part F 3.4. */
const ATT_CID = 4;
const att = { error: 0x01, indication: 0x1d, confirmation: 0x1e } as const;
/** Peripherals noble may remember, and how many sightings lie between two looks at their number. */
const MAX_PERIPHERALS = 512;
const FORGET_EVERY = 256;

const require = createRequire(import.meta.url);
let withBindings: (bindings: Bindings) => Noble;
let NobleBindings: new (options: object) => Bindings;

/**
 * noble's hci.js requires its native socket when it loads, and that optional package is absent wherever no compiler was at
 * hand. So this one module is run with a plain EventEmitter in its place and put where noble will look for it; each Hci then
 * gets our controller for a socket. Only documented means of Node are used, and the rest of noble loads as it is.
 */
function load(): void {
  if (NobleBindings) return;
  // noble's own switch for "no kernel beside us": it then answers the peer's connection parameter requests itself.
  Object.assign(process.env, { HCI_CHANNEL_USER: '1' });
  const path = require.resolve('@abandonware/noble/lib/hci-socket/hci.js');
  const requireThere = createRequire(path);
  const module = new Module(path);
  const run = compileFunction(readFileSync(path, 'utf8'), ['module', 'require'], { filename: path });
  run(module, (id: string) => (id === '@abandonware/bluetooth-hci-socket' ? EventEmitter : requireThere(id)));
  module.loaded = true;
  require.cache[path] = module;
  NobleBindings = require('@abandonware/noble/lib/hci-socket/bindings.js');
  withBindings = require('@abandonware/noble/with-bindings.js');
}

/** Starts noble on the controller. Rejects with a LinkError when the controller does not come up. */
export async function attach(options: AttachOptions): Promise<Attachment> {
  load();
  const { controller, onRefused } = options;
  const bindings = new NobleBindings({});
  const noble = withBindings(bindings);
  const hci = bindings._hci;
  const socket = facade(controller);
  const indications = hold();
  const attErrors = new EventEmitter();

  hci._socket = socket;
  // The other start-up polls the socket every second for ever, on a timer that nobody can stop.
  hci._userChannel = true;
  guardAcl(hci, indications, onRefused);
  // Before noble's own listener, which comes with init() and delivers the value.
  hci.on('aclDataPkt', (handle: number, cid: number, pdu: Buffer) => {
    if (cid !== ATT_CID) return;
    if (pdu[0] === att.indication && !indications.arrived(handle)) {
      throw new Error('indications without waiting for their confirmations'); // refused with its packet, below
    }
    if (pdu[0] === att.error && pdu.length >= 5) attErrors.emit('told', bindings._handles[handle], pdu[1], pdu[4]);
  });
  hci.on('disconnComplete', (handle: number) => indications.dropped(handle));
  keepFew(noble, bindings);
  noble.on('warning', (message: string) => onRefused(message.split(' ', 2).join(' '))); // the rest may hold an address
  noble.initialized = true;
  const started = poweredOn(bindings);
  withoutProcessHandlers(() => bindings.init());
  controller.listen((packet) => {
    try {
      socket.emit('data', packet);
    } catch (error) {
      onRefused(causeOf(error)); // the controller's or the peer's fault; noble trusts lengths it was sent
    } finally {
      indications.offered();
    }
  }, options.onLost);

  function detach(): void {
    controller.close();
    for (const emitter of [noble, bindings, bindings._gap, hci, socket, attErrors]) emitter.removeAllListeners();
  }

  try {
    const { world, gone } = options;
    const limits = { world, limitMs: START_LIMIT_MS, what: 'the start of the Bluetooth controller', gone };
    await within(limits, started);
    // After a reset noble does not ask for this, and its ACL queue would wait for the answer for ever.
    hci.readLeBufferSize();
    await within(limits, hci.getAclBuffers());
  } catch (error) {
    detach();
    throw error;
  }
  return {
    noble,
    hold: indications,
    peripheral: (id) => noble._peripherals[id],
    onAttError: (listener) => {
      attErrors.on('told', listener);
      return () => attErrors.off('told', listener);
    },
    detach,
  };
}

function poweredOn(bindings: Bindings): Promise<void> {
  return new Promise((resolve, reject) => {
    bindings.on('stateChange', (state: string) => {
      if (state === 'poweredOn') resolve();
      if (state === 'unsupported') reject(new LinkError('the Bluetooth controller has no Low Energy'));
    });
  });
}

/** What hci.js expects of its socket; binding was done by whoever opened the controller. */
function facade(controller: Controller): EventEmitter {
  const nothing = (): void => undefined;
  return Object.assign(new EventEmitter(), {
    bindRaw: nothing,
    bindUser: nothing,
    start: nothing,
    stop: nothing,
    setFilter: nothing,
    isDevUp: () => true,
    write: (packet: Buffer) => controller.write(packet),
  });
}

/**
 * Holds confirmations back before they enter noble's ACL queue, so that a held one takes no buffer of the controller. Also
 * keeps packets for a connection that just ended out of the queue: noble would throw on them where nobody can catch it.
 */
function guardAcl(hci: Hci, indications: Hold, onRefused: (how: string) => void): void {
  const write = hci.writeAclDataPkt.bind(hci);
  const flush = hci.flushAcl.bind(hci);
  const refused = (error: unknown): void => onRefused(causeOf(error));
  hci.flushAcl = () => {
    hci._aclQueue = hci._aclQueue.filter(({ handle }) => hci._aclConnections.has(handle));
    return flush().catch(refused);
  };
  hci.writeAclDataPkt = async (handle, cid, data) => {
    const send = (): Promise<void> => write(handle, cid, data).catch(refused);
    if (cid === ATT_CID && data[0] === att.confirmation) indications.confirm(handle, send);
    else await send();
  };
}

/** noble installs SIGINT and exit handlers for each bindings object; the agent's one way out must win, and none may pile up. */
function withoutProcessHandlers(run: () => void): void {
  const events: EventEmitter = process;
  const names = ['SIGINT', 'exit'];
  const before = new Set(names.flatMap((name) => events.listeners(name)));
  run();
  for (const name of names) {
    for (const listener of events.listeners(name)) {
      if (!before.has(listener)) events.removeListener(name, listener as () => void);
    }
  }
}

/** Phones change their address every quarter of an hour; noble would remember each for ever. */
function keepFew(noble: Noble, bindings: Bindings): void {
  const { _addresses, _addresseTypes, _connectable, scannable } = bindings;
  const { _peripherals, _services, _characteristics, _descriptors } = noble;
  const tables = [
    _addresses,
    _addresseTypes,
    _connectable,
    scannable,
    _peripherals,
    _services,
    _characteristics,
    _descriptors,
  ];
  let sightings = 0;
  noble.on('discover', () => {
    if (++sightings % FORGET_EVERY !== 0) return;
    const all = Object.values(_peripherals);
    if (all.length <= MAX_PERIPHERALS) return;
    for (const peripheral of all) {
      if (['connect', 'disconnect'].some((event) => peripheral.listenerCount(event) > 0)) continue; // in use
      for (const table of tables) delete table[peripheral.id];
      delete bindings._gap._discoveries[peripheral.address];
    }
  });
}
