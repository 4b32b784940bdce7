/** What a driver is: one value that says who a device is, how it is found and reached, and what its bytes mean. */
import type { Measurement } from '../../agent/reading/measurement.ts';
import type { MetricName } from '../../agent/vocabulary/metrics.ts';

/** One unit of meaning from a link: a GATT value, one framed serial message, one file of a card. */
export interface Frame {
  /** GATT characteristic as four lower-case hex digits (or 32), 'serial', or the path of a file relative to the card. */
  readonly channel: string;
  readonly bytes: Uint8Array;
}

/** What the device says of itself: shown to technicians, published in `up/device`, never clinical. */
export type Facts = Readonly<Record<string, string | number>>;

export type Outcome<M extends MetricName = MetricName> =
  | {
      readonly outcome: 'measured';
      readonly measurements: readonly Measurement<M>[];
      /** One of a continuous series, whatever cadence `observes` promises of the metric. */
      readonly series?: true;
      readonly facts?: Facts;
    }
  /** What the device's clock shows at this moment, local time without zone; absent when it was never set. */
  | { readonly outcome: 'clock'; readonly shows?: string }
  /** Valid, and nothing to keep; `why` is for a log and for `decode`. */
  | { readonly outcome: 'ignored'; readonly why: string }
  /** Not what the document allows; `how` names the first rule broken. */
  | { readonly outcome: 'malformed'; readonly how: string };

/** What a link can tell about a device before anybody has talked to it. */
export type Sighting =
  | { readonly link: 'ble'; readonly services: readonly string[]; readonly name?: string }
  | { readonly link: 'card'; readonly files: readonly string[] };

/**
 * A claim on a sighting. A product outranks a profile; two drivers that claim one sighting in one rank are an error, whatever
 * the order of the list. Serial devices cannot be recognised: a technician names the driver.
 */
export type Claim =
  | {
      readonly rank: 'product' | 'profile';
      readonly link: 'ble';
      readonly service: string;
      readonly namePrefix?: string;
    }
  | { readonly rank: 'product' | 'profile'; readonly link: 'card'; readonly file: string };

/** How a byte stream is cut into frames; carried out by `agent/framing`. */
export type Framing =
  /** From a start byte to an end byte, both included. A start byte inside restarts the frame; longer than `maxBytes` is noise. */
  { readonly kind: 'delimited'; readonly start: number; readonly end: number; readonly maxBytes: number };

export interface Subscription {
  readonly channel: string;
  /** A device without this characteristic is still ours. */
  readonly optional?: true;
}

export type LinkSpec =
  | {
      readonly kind: 'ble';
      readonly service: string;
      /** Characteristics to subscribe, in this order, before the dialogue begins. */
      readonly subscribe: readonly Subscription[];
    }
  | {
      readonly kind: 'serial';
      readonly baudRate: number;
      readonly dataBits: 7 | 8;
      readonly parity: 'none' | 'even' | 'odd';
      readonly stopBits: 1 | 2;
      readonly framing: Framing;
    }
  | {
      readonly kind: 'card';
      /** Path patterns relative to the card; `*` stands for any characters but `/`. Each file is one frame. */
      readonly files: readonly string[];
      /** A larger file is refused unread. */
      readonly maxFileBytes: number;
    };

/** What a device can observe of a metric; the silence rule and the table of devices are made from it. */
export interface Capability {
  /** spot: now and then; continuous: at least every few seconds while in use, one of a series; summary: once a night or day. */
  readonly cadence: 'spot' | 'continuous' | 'summary';
  readonly stored?: true;
}

/** Local wall time for devices whose clock may be set. Month 1..12. */
export interface LocalTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** What a dialogue may ask of the session, which owns radio, clock and retries. */
export type Say =
  | {
      readonly say: 'write';
      readonly channel: string;
      readonly bytes: Uint8Array;
      /** The write sets the device's clock; reading the clock afterwards shows whether it did. */
      readonly sets?: 'clock';
    }
  | { readonly say: 'read'; readonly channel: string }
  /** Wait for the next frame, at most so long. */
  | { readonly say: 'listen'; readonly forMs: number };

/** What it is told. A frame is told only after its measurements are on disk (invariant 4). */
export type Heard =
  | { readonly heard: 'frame'; readonly frame: Frame }
  | { readonly heard: 'written' }
  | { readonly heard: 'elapsed' }
  | { readonly heard: 'refused'; readonly why: string };

/** The circumstances of one contact with the device. */
export interface Occasion {
  /** Channels the device turned out to have. */
  readonly channels: ReadonlySet<string>;
  /** The time to set, present only where the settings allow this device's clock to be set and the hub knows the time. */
  readonly localTime?: LocalTime;
  /** How often a polled device is asked, milliseconds. */
  readonly pollMs: number;
}

export type Dialogue = Generator<Say, void, Heard>;

export interface Driver<M extends MetricName = MetricName> {
  /** Stable for ever: settings, readings and the simulator's file name use it. */
  readonly id: string;
  /** For people. */
  readonly title: string;
  readonly kind: 'pulse-oximeter' | 'weight-scale' | 'infusion-pump' | 'cpap';
  /** The documents it was written from, and what shows that it is right. */
  readonly sources: readonly string[];
  readonly verified: 'capture' | 'published vectors' | 'paper only';
  readonly recognise: readonly Claim[];
  readonly link: LinkSpec;
  readonly observes: Readonly<Partial<Record<M, Capability>>>;
  /** Pure and total: never throws, remembers, or knows the time (invariant 1). Leaves `frame` untouched. */
  decode(frame: Frame): Outcome<M>;
  /** Whether these bytes may be sent. The session asks before every write; whatever is not a query is refused. */
  mayWrite(channel: string, bytes: Uint8Array): boolean;
  dialogue?(occasion: Occasion): Dialogue;
}

/** Declares a driver so that `observes` types its `decode`: what it does not say it observes, it cannot measure. */
export function defineDriver<const M extends MetricName>(
  driver: Driver<M> & { readonly observes: Readonly<Record<M, Capability>> },
): Driver<M> {
  return driver;
}
