/** What this hub wants: the shape of config/hub.json after it was checked against its schema. */

export interface DeviceSettings {
  /** Handle used in topics, readings and rules: letters, digits and hyphens; never a name, MAC address or serial number. */
  readonly id: string;
  readonly driver: string;
  /** BLE address aa:bb:cc:dd:ee:ff. Left out, the first device that the driver recognises is taken (for development only). */
  readonly address?: string;
  /** A tty path (prefer /dev/serial/by-id/...) or tcp:host:port. */
  readonly port?: string;
  /** Mount point of a card reader. */
  readonly folder?: string;
  /** How often a polled device is asked, seconds (0.5..3600, default 5). */
  readonly pollSeconds?: number;
  /** Whether the hub may set this device's clock (default false). */
  readonly setClock?: boolean;
  /** IANA zone or fixed offset (+01:00) in which the device's clock runs; default the hub's timeZone. */
  readonly clockZone?: string;
}

export interface UplinkSettings {
  /** mqtts://host:8883 or, in development, mqtt://host:1883; tried in order. */
  readonly brokers: readonly string[];
  /** Paths relative to the settings folder. */
  readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
  /** Unacknowledged publishes at a time (1..1000, default 100); the broker's receive maximum may lower it. */
  readonly inflight?: number;
  /** Keep-alive, seconds (5..600, default 30). */
  readonly keepAliveSeconds?: number;
}

export interface JournalSettings {
  readonly path: string;
  /** What the journal may take on the disk, MB (16..65536, default 1024); past it the oldest goes, by the policy of docs/durability.md. */
  readonly maxMegabytes?: number;
  /** Receipted entries are kept for sending again this long while there is room, days (1..400, default 30). */
  readonly keepDays?: number;
  /** Set aside for alerts on a full disk, MB (1..1024, default 16). */
  readonly reserveMegabytes?: number;
}

export interface Settings {
  /** This hub's pseudonym; the common name of its certificate and the topic root. */
  readonly hub: string;
  /** IANA zone of the patient's home. */
  readonly timeZone: string;
  readonly journal: JournalSettings;
  /** Left out: systemd-timesyncd's file, where the machine has it; without it the clock is taken to be kept by others. */
  readonly clock?: { readonly syncFile: string };
  /** native, h4:unix:/path or h4:tcp:host:port. Needed only with BLE devices. */
  readonly ble?: { readonly hci: string };
  readonly uplink: UplinkSettings;
  readonly devices: readonly DeviceSettings[];
  readonly log?: { readonly level: 'debug' | 'info' | 'warn' | 'error' };
}
