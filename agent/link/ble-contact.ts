/** One connection to one device: discovery, subscriptions, reads and writes, each with a time limit, one at a time. */
import type { EventEmitter } from 'node:events';
import type { World } from '../world.ts';
import type { Attachment } from './ble-noble.ts';
import type { NobleCharacteristic, NoblePeripheral, NobleService } from './ble-noble-shape.ts';
import { attErrorText, DEVICE_ENDED, reasonText, whereOf } from './ble-words.ts';
import { type DownWhere, LinkError } from './link.ts';
import { causeOf, within } from './patience.ts';

const DISCOVERY_LIMIT_MS = 15_000;
const REQUEST_LIMIT_MS = 10_000;
const DISCONNECT_LIMIT_MS = 5_000;

/** ATT request opcodes, Core 5.4 Vol 3 Part F 3.4. */
const att = { readByType: 0x08, read: 0x0a, write: 0x12, prepareWrite: 0x16, executeWrite: 0x18 } as const;

/** On these noble pairs and repeats the request; whether that worked shows in the answer or its absence. */
const WANTS_PAIRING: ReadonlySet<number> = new Set([0x05, 0x08, 0x0f]);

export interface Ending {
  readonly cause: string;
  readonly where: DownWhere;
  /** The device hung up by itself, as many do after each measurement. */
  readonly byDevice: boolean;
}

export interface Contact {
  readonly over: boolean;
  /** Resolves when the connection is over, whoever ended it. */
  readonly ended: Promise<Ending>;
  /** Characteristics of each service found, by four-digit (or 32-digit) UUID. Undefined for a service the device lacks. */
  discover(services: readonly string[]): Promise<readonly (Characteristics | undefined)[]>;
  /** `onValue` gets each value, and what to call when it is kept: only then is an indication confirmed. */
  subscribe(characteristic: NobleCharacteristic, onValue: (value: Uint8Array, kept: () => void) => void): Promise<void>;
  read(characteristic: NobleCharacteristic): Promise<Uint8Array>;
  write(characteristic: NobleCharacteristic, bytes: Uint8Array): Promise<void>;
  /** Resolves when the controller says that the connection is gone. */
  hangUp(cause: string): Promise<void>;
}

export type Characteristics = ReadonlyMap<string, NobleCharacteristic>;

/** noble writes 16-bit UUIDs without leading zeros. */
export function uuidOf(uuid: string): string {
  return uuid.padStart(4, '0');
}

export interface ContactOptions {
  readonly world: World;
  readonly attachment: Attachment;
  readonly peripheral: NoblePeripheral;
  /** Aborts when the radio itself is gone; its reason is the cause. */
  readonly gone: AbortSignal;
  /** The controller does not do what it is told. */
  readonly onStuck: (cause: string) => void;
}

/** One thing asked of the device through noble, which answers with an event. */
interface Request<T> {
  /** Completes "the device refused ..." and "... took longer than". */
  readonly what: string;
  readonly limitMs: number;
  /** ATT requests that carry it: an error response to one of them is its refusal. */
  readonly opcodes: readonly number[];
  readonly from: EventEmitter;
  readonly event: string;
  begin(): void;
  /** The answer in the event's arguments; undefined when it was an answer to something else. */
  answer(...args: readonly unknown[]): T | undefined;
}

/** Wraps a peripheral that is connected now. */
export function contact(options: ContactOptions): Contact {
  const { world, peripheral, attachment, gone } = options;
  let over: Ending | undefined;
  let parting: string | undefined;
  let refuse: ((opcode: number, code: number) => void) | undefined;
  let abandon: ((cause: string) => void) | undefined;
  let pairing = false;
  let turn: Promise<unknown> = Promise.resolve();

  const ended = new Promise<Ending>((resolve) => {
    const end = (ending: Ending): void => {
      if (over) return;
      over = ending;
      peripheral.removeAllListeners();
      gone.removeEventListener('abort', onGone);
      stopHearing();
      abandon?.(ending.cause);
      resolve(ending);
    };
    peripheral.once('disconnect', (reason: number) => {
      const byDevice = parting === undefined && DEVICE_ENDED.has(reason);
      // What the hub ended it ended for a fault it saw.
      end({ cause: parting ?? reasonText(reason), where: parting ? 'link-fault' : whereOf(reason), byDevice });
    });
    const onGone = (): void => end({ cause: String(gone.reason), where: 'link-fault', byDevice: false });
    gone.addEventListener('abort', onGone);
  });
  const stopHearing = attachment.onAttError((id, opcode, code) => {
    if (id !== peripheral.id) return;
    if (WANTS_PAIRING.has(code) && !pairing)
      pairing = true; // noble pairs and repeats the request
    else refuse?.(opcode, code);
  });

  function perform<T>(request: Request<T>): Promise<T> {
    const { what, limitMs, from, event } = request;
    return new Promise<T>((resolve, reject) => {
      const done = (settle: () => void): void => {
        timer.cancel();
        from.removeListener(event, heard);
        refuse = undefined;
        abandon = undefined;
        settle();
      };
      const fail = (cause: string): void => done(() => reject(new LinkError(cause)));
      const heard = (...args: readonly unknown[]): void => {
        const value = request.answer(...args);
        if (value !== undefined) done(() => resolve(value));
      };
      const timer = world.after(limitMs, () => {
        const late = pairing ? 'the device wants to be paired and pairing did not complete' : `${what} took too long`;
        fail(late);
        // noble's queue stands still behind a request that was never answered: this connection is of no more use.
        void hangUp(late);
      });
      refuse = (opcode, code) => {
        if (request.opcodes.includes(opcode)) fail(`the device refused ${what}: ${attErrorText(code)}`);
      };
      abandon = fail;
      from.on(event, heard);
      try {
        request.begin();
      } catch (error) {
        fail(causeOf(error));
      }
    });
  }

  /** One request after the other: a refusal must be known to belong to the one that is waiting. */
  function ask<T>(request: Request<T>): Promise<T> {
    const result = turn.then(() => (over ? Promise.reject(new LinkError(over.cause)) : perform(request)));
    turn = result.catch(() => undefined);
    return result;
  }

  async function hangUp(cause: string): Promise<void> {
    if (over) return;
    parting ??= cause;
    if (peripheral.state === 'connected') peripheral.disconnect();
    try {
      await within({ world, limitMs: DISCONNECT_LIMIT_MS, what: 'disconnecting' }, ended);
    } catch (error) {
      options.onStuck(causeOf(error));
    }
  }

  async function characteristicsOf(service: NobleService): Promise<Characteristics> {
    const found = await ask({
      what: 'the discovery of its characteristics',
      limitMs: DISCOVERY_LIMIT_MS,
      opcodes: [],
      from: service,
      event: 'characteristicsDiscover',
      begin: () => service.discoverCharacteristics([]),
      answer: (list) => list as readonly NobleCharacteristic[],
    });
    return new Map(found.map((characteristic) => [uuidOf(characteristic.uuid), characteristic]));
  }

  return {
    ended,
    get over() {
      return over !== undefined;
    },
    hangUp,
    async discover(services) {
      const found = await ask({
        what: 'the discovery of its services',
        limitMs: DISCOVERY_LIMIT_MS,
        opcodes: [],
        from: peripheral,
        event: 'servicesDiscover',
        begin: () => peripheral.discoverServices([]),
        answer: (list) => list as readonly NobleService[],
      });
      const wanted: (Characteristics | undefined)[] = [];
      for (const uuid of services) {
        const service = found.find((candidate) => uuidOf(candidate.uuid) === uuid);
        wanted.push(service && (await characteristicsOf(service)));
      }
      return wanted;
    },
    subscribe(characteristic, onValue) {
      characteristic.on('data', (value: Buffer, pushed: boolean) => {
        if (pushed) onValue(value, attachment.hold.take());
      });
      return ask({
        what: `the subscription of ${uuidOf(characteristic.uuid)}`,
        limitMs: REQUEST_LIMIT_MS,
        opcodes: [att.readByType, att.write],
        from: characteristic,
        event: 'notify',
        begin: () => characteristic.subscribe(),
        answer: () => true,
      }).then(() => undefined);
    },
    read(characteristic) {
      return ask({
        what: `reading ${uuidOf(characteristic.uuid)}`,
        limitMs: REQUEST_LIMIT_MS,
        opcodes: [att.read],
        from: characteristic,
        event: 'data',
        begin: () => characteristic.read(),
        answer: (value, pushed) => (pushed ? undefined : Uint8Array.from(value as Buffer)),
      });
    },
    write(characteristic, bytes) {
      const { properties } = characteristic;
      const withoutResponse = !properties.includes('write') && properties.includes('writeWithoutResponse');
      return ask({
        what: `writing ${uuidOf(characteristic.uuid)}`,
        limitMs: REQUEST_LIMIT_MS,
        opcodes: [att.write, att.prepareWrite, att.executeWrite],
        from: characteristic,
        event: 'write',
        begin: () => characteristic.write(Buffer.from(bytes), withoutResponse),
        answer: () => true,
      }).then(() => undefined);
    },
  };
}
