/** How much is measured: enough for a figure, or just enough to see that everything still runs. */

export interface Sizes {
  /** Seconds of each append measurement. */
  readonly appendSeconds: number;
  /** Frames of the latency rows: one at a time, and streaming. */
  readonly calmFrames: number;
  readonly stressFrames: number;
  readonly alerts: number;
  /** Entries of the drain rows, and of the same at its largest; 0 leaves the latter out. */
  readonly backlog: number;
  readonly largeBacklog: number;
  /** What a peer and `mosquitto_pub` are given in one go: MQTT packet ids end at 65 535. */
  readonly lines: number;
  readonly straight: number;
  readonly peerBacklogs: readonly number[];
  readonly homeSeconds: number;
  readonly idleSeconds: number;
  readonly controlSeconds: number;
  /** Entries of the write amplification rows. */
  readonly written: number;
  readonly nightMinutes: number;
  /** Seconds after a start before its memory is looked at. */
  readonly restSeconds: number;
}

export const FULL: Sizes = {
  appendSeconds: 3,
  calmFrames: 500,
  stressFrames: 1_000,
  alerts: 100,
  backlog: 100_000,
  largeBacklog: 1_000_000,
  lines: 50_000,
  straight: 50_000,
  peerBacklogs: [65_000, 100_000],
  homeSeconds: 120,
  idleSeconds: 60,
  controlSeconds: 20,
  written: 100_000,
  nightMinutes: 480,
  restSeconds: 6,
};

export const QUICK: Sizes = {
  appendSeconds: 0.5,
  calmFrames: 60,
  stressFrames: 200,
  alerts: 20,
  backlog: 5_000,
  largeBacklog: 20_000,
  lines: 5_000,
  straight: 5_000,
  peerBacklogs: [2_000],
  homeSeconds: 10,
  idleSeconds: 5,
  controlSeconds: 3,
  written: 5_000,
  nightMinutes: 30,
  restSeconds: 2,
};
