/** One Bluetooth device's Link: meets it, makes it ready, passes its values on, and meets it again for as long as it is open. */
import type { LinkSpec } from '../../drivers/contract/driver.ts';
import type { BleSighting } from './ble-adapter.ts';
import type { Air, Want } from './ble-air.ts';
import type { Characteristics, Contact, Ending } from './ble-contact.ts';
import { type DownWhere, type Link, LinkError, type LinkFrame, type LinkListener } from './link.ts';
import { causeOf, STABLE_MS, waits } from './patience.ts';

/** Device Information Service 1.2. The serial number (2a25) is left alone: it may not leave the hub (invariant 13). */
const DEVICE_INFORMATION = '180a';
const ABOUT: readonly (readonly [string, string])[] = [
  ['manufacturer', '2a29'],
  ['model', '2a24'],
  ['firmware', '2a26'],
];
const MAX_ABOUT_CHARACTERS = 64;

/** Some devices are connected before all their characteristics are there (bluez#1489 and others). */
const DISCOVERY_TRIES = 3;
const DISCOVERY_PAUSE_MS = 500;
/** Values that came before the last subscription; a device that sends more before it is asked is hung up on. */
const MAX_EARLY_FRAMES = 256;

export interface BleLinkOptions {
  readonly driverLink: Extract<LinkSpec, { kind: 'ble' }>;
  /** aa:bb:cc:dd:ee:ff. Left out, the first free device that is recognised is taken. */
  readonly address?: string;
  readonly recognises: (sighting: BleSighting) => boolean;
}

type About = Readonly<Record<string, string>>;

interface Ready {
  readonly contact: Contact;
  readonly characteristics: Characteristics;
}

export function bleLink(air: Air, options: BleLinkOptions): Link {
  const { world } = air;
  const { driverLink } = options;
  const address = options.address?.toLowerCase();
  let listener: LinkListener | undefined;
  let ready: Ready | undefined;
  let told: string | undefined;
  let about: About = {};
  let current: Contact | undefined;
  let living: Promise<void> = Promise.resolve();
  let rests = false;
  const closing = new AbortController();
  const pause = waits(world);

  const want: Want = {
    ...(address === undefined ? {} : { address }),
    recognises: options.recognises,
    onRadioDown: (cause) => down(cause, 'link-fault'),
  };

  /** Each failure once: the same cause again is no news until the device was up in between. */
  function down(cause: string, where?: DownWhere): void {
    ready = undefined;
    if (told === cause) return;
    told = cause;
    if (!closing.signal.aborted) listener?.down(cause, where);
  }

  async function live(): Promise<void> {
    while (!closing.signal.aborted) {
      const again = await once().catch((error: unknown) => {
        down(causeOf(error));
        return 'after a pause' as const;
      });
      if (again === 'after a pause') await world.sleep(pause.next(), closing.signal);
    }
  }

  /** One contact from first sight to its end. */
  async function once(): Promise<'at once' | 'after a pause'> {
    const contact = await air.meet(want, closing.signal);
    if (!contact) return 'at once';
    current = contact;
    const metMs = world.monotonicMs();
    const inbox = inboxOf(contact);
    const ending = await Promise.race([contact.ended, prepare(contact, inbox.take).then(() => undefined)]).catch(
      async (error: unknown) => {
        await contact.hangUp(causeOf(error));
        throw error;
      },
    );
    if (!ending) inbox.open();
    const { cause, where, byDevice }: Ending = ending ?? (await contact.ended);
    inbox.flush();
    down(cause, where);
    const done = byDevice && inbox.delivered > 0;
    if (done || rests || world.monotonicMs() - metMs >= STABLE_MS) pause.reset();
    rests = false;
    // A device that hung up after its measurement may advertise the next one for seconds only.
    return done ? 'at once' : 'after a pause';
  }

  /** Values wait here until the listener was told that the device is up; delivery is outside of noble's own calls. */
  function inboxOf(contact: Contact) {
    const waiting: LinkFrame[] = [];
    let isOpen = false;
    const inbox = {
      delivered: 0,
      take(frame: LinkFrame): void {
        waiting.push(frame);
        if (isOpen) queueMicrotask(inbox.flush);
        else if (waiting.length > MAX_EARLY_FRAMES) {
          void contact.hangUp(`the device sent more than ${MAX_EARLY_FRAMES} values before it was asked for any`);
        }
      },
      open(): void {
        isOpen = true;
        inbox.flush();
      },
      flush(): void {
        for (let frame = isOpen && waiting.shift(); frame; frame = waiting.shift()) {
          inbox.delivered++;
          listener?.frame(frame);
        }
      },
    };
    return inbox;
  }

  /** Makes the device ready and tells the listener, unless the contact ended on the way. */
  async function prepare(contact: Contact, take: (frame: LinkFrame) => void): Promise<void> {
    const { characteristics, information } = await discover(contact);
    if (Object.keys(about).length === 0) about = await readAbout(contact, information);
    for (const { channel } of driverLink.subscribe) {
      const characteristic = characteristics.get(channel);
      if (!characteristic) continue; // optional: discover() saw to the others
      await contact.subscribe(characteristic, (bytes, kept) => take({ channel, bytes: Uint8Array.from(bytes), kept }));
    }
    if (contact.over) return;
    ready = { contact, characteristics };
    told = undefined;
    listener?.up(new Set(characteristics.keys()), about);
  }

  async function discover(contact: Contact) {
    const { service } = driverLink;
    let missing = '';
    for (let tries = 1; tries <= DISCOVERY_TRIES; tries++) {
      const [characteristics, information] = await contact.discover([service, DEVICE_INFORMATION]);
      const lacking = driverLink.subscribe.find(({ channel, optional }) => !optional && !characteristics?.has(channel));
      if (characteristics && !lacking) return { characteristics, information };
      missing = characteristics ? `characteristic ${lacking?.channel} in service ${service}` : `service ${service}`;
      await world.sleep(DISCOVERY_PAUSE_MS * tries, closing.signal);
    }
    throw new LinkError(`the device has no ${missing}: is this the right device for its driver?`);
  }

  async function whenReady(channel: string) {
    if (!ready) throw new LinkError(told ?? 'the device is not connected');
    const characteristic = ready.characteristics.get(channel);
    if (!characteristic)
      throw new LinkError(`the device has no characteristic ${channel} in service ${driverLink.service}`);
    return { contact: ready.contact, characteristic };
  }

  return {
    open(to) {
      if (listener) throw new Error('a link is opened once');
      listener = to;
      const leave = air.join(want);
      living = live().finally(leave);
    },
    async write(channel, bytes) {
      const { contact, characteristic } = await whenReady(channel);
      await contact.write(characteristic, bytes);
    },
    async read(channel) {
      const { contact, characteristic } = await whenReady(channel);
      return contact.read(characteristic);
    },
    async hangUp() {
      rests = ready !== undefined;
      await current?.hangUp('the hub let go of the device');
    },
    async close() {
      closing.abort();
      await current?.hangUp('the hub closed the link');
      await living;
    },
  };
}

async function readAbout(contact: Contact, information: Characteristics | undefined): Promise<About> {
  const about: Record<string, string> = {};
  for (const [name, uuid] of ABOUT) {
    const characteristic = information?.get(uuid);
    if (!characteristic?.properties.includes('read')) continue;
    const value = await contact.read(characteristic).catch(() => new Uint8Array()); // a nicety; its lack is not a fault
    const text = new TextDecoder().decode(value).replaceAll(/\p{C}/gu, '').trim().slice(0, MAX_ABOUT_CHARACTERS);
    if (text !== '') about[name] = text;
  }
  return about;
}
