/** What can happen to a home: each thing with how often, for how long, and how it ends. */
import type { Chance } from './chance.ts';
import type { Home } from './home.ts';
import { plans } from './settings.ts';

/** A run has some of these and not others: what never happens lets other things go further. */
export type Family = 'disk' | 'damage' | 'network' | 'hospital' | 'devices' | 'lives';

interface Named {
  readonly name: string;
  /** How often, against the others. */
  readonly weight: number;
  /** One at a time of these; left out, any number. */
  readonly of?: 'disk' | 'network' | 'broker' | 'hospital' | 'radio' | 'oximeter' | 'finger' | 'pump' | 'port';
}

/** Happens, and is over. */
export interface Blow extends Named {
  strike(home: Home, chance: Chance): void;
}

/** Begins, and ends some time later. */
export interface Spell extends Named {
  /** Seconds, least and most. */
  readonly lasts: readonly [number, number];
  /** Returns how it ends. */
  begin(home: Home, chance: Chance): () => void;
}

export type Fault = Blow | Spell;

const NOBODY_REFUSES = undefined;

const disk: readonly Fault[] = [
  {
    name: 'disk fails',
    weight: 3,
    of: 'disk',
    lasts: [0.05, 60],
    begin: ({ disk: { trouble } }, chance) => {
      trouble.failing = 'io';
      trouble.landsAnyway = chance.one([0, 0, 0.5, 1]);
      trouble.lies = chance.odds(0.5);
      return () => {
        trouble.failing = 'no';
      };
    },
  },
  {
    name: 'disk read-only',
    weight: 1,
    of: 'disk',
    lasts: [2, 90],
    begin: ({ disk: { trouble } }) => {
      trouble.failing = 'read-only';
      trouble.landsAnyway = 0;
      return () => {
        trouble.failing = 'no';
      };
    },
  },
  {
    name: 'disk full',
    weight: 2,
    of: 'disk',
    lasts: [2, 200],
    begin: (home, chance) => {
      const { trouble } = home.disk;
      trouble.lies = chance.odds(0.5);
      trouble.othersBytes = Math.max(0, home.disk.freeBytes() - chance.one([0, 10_000, 1_000_000, 3_000_000]));
      return () => {
        trouble.othersBytes = 0;
      };
    },
  },
  {
    name: 'disk hangs',
    weight: 2,
    of: 'disk',
    lasts: [0.5, 60],
    begin: ({ disk: { trouble, unhang } }) => {
      trouble.hangs = true;
      return unhang;
    },
  },
  {
    name: 'disk slow',
    weight: 2,
    of: 'disk',
    lasts: [2, 60],
    begin: ({ disk: { trouble } }, chance) => {
      trouble.slowMs = chance.scale(30, 2_500);
      return () => {
        trouble.slowMs = 0;
      };
    },
  },
];

const damage: readonly Fault[] = [
  {
    name: 'disk loses the end of its log',
    weight: 1.5,
    strike: ({ disk: { damages }, service }, chance) => {
      damages.dropTail(chance.whole(1, 10));
      service.kill();
    },
  },
  {
    name: 'store does not open',
    weight: 1.5,
    strike: ({ disk: { damages }, service }, chance) => {
      damages.refuseToOpen(chance.odds(0.7));
      if (chance.odds(0.7)) service.kill();
    },
  },
  {
    name: 'bits flip',
    weight: 1,
    strike: ({ disk: { damages } }, chance) => damages.flip(chance.whole(1, 5)),
  },
  {
    name: 'a block breaks',
    weight: 1,
    strike: ({ disk: { damages } }, chance) => damages.breakBlock(chance.whole(1, 30)),
  },
];

const network: readonly Fault[] = [
  {
    name: 'connection breaks',
    weight: 2,
    strike: (home, chance) => {
      const cut = (): void => home.connection()?.cut();
      if (chance.odds(0.5)) cut();
      else home.on('publishes', cut);
    },
  },
  {
    name: 'nothing comes through',
    weight: 2,
    of: 'network',
    lasts: [1, 120],
    begin: (home) => {
      const { trouble } = home.broker;
      trouble.network = 'hole';
      const stalled = home.connection();
      stalled?.stall();
      return () => {
        trouble.network = 'up';
        stalled?.resume();
      };
    },
  },
  {
    name: 'no network',
    weight: 2,
    of: 'network',
    lasts: [1, 200],
    begin: (home) => {
      const { trouble } = home.broker;
      trouble.network = 'refusing';
      home.connection()?.cut();
      return () => {
        trouble.network = 'up';
      };
    },
  },
  {
    name: 'broker down',
    weight: 2,
    of: 'broker',
    lasts: [1, 120],
    begin: ({ broker }, chance) => {
      broker.goDown(chance.odds(0.6));
      return broker.comeUp;
    },
  },
  {
    name: 'broker slow',
    weight: 1,
    of: 'broker',
    lasts: [5, 60],
    begin: ({ broker: { trouble } }, chance) => {
      trouble.ackDelayMs = chance.scale(300, 40_000);
      return () => {
        trouble.ackDelayMs = 0;
      };
    },
  },
  {
    name: 'broker refuses',
    weight: 1.5,
    of: 'broker',
    lasts: [2, 60],
    begin: ({ broker: { trouble } }, chance) => {
      const all = ['reading', 'alert', 'event', 'gap', 'state'];
      const kinds = chance.odds(0.4) ? all : [chance.one(all)];
      trouble.refusing = { kinds, code: chance.one([0x80, 0x83, 0x87, 0x97, 0x99]) };
      return () => {
        trouble.refusing = NOBODY_REFUSES;
      };
    },
  },
  {
    name: 'broker takes small packets only',
    weight: 0.7,
    of: 'broker',
    lasts: [5, 60],
    begin: (home, chance) => {
      const { trouble } = home.broker;
      trouble.maximumPacketBytes = chance.one([650, 720, 800]);
      home.connection()?.cut();
      return () => {
        trouble.maximumPacketBytes = 1_000_000;
        home.connection()?.cut();
      };
    },
  },
  { name: 'another hub of this name', weight: 0.7, strike: ({ broker }) => broker.intrude('hub-4f2a9c') },
];

const hospital: readonly Fault[] = [
  {
    name: 'hospital away',
    weight: 2,
    of: 'hospital',
    lasts: [1, 120],
    begin: ({ hospital: { goAway, comeBack } }) => {
      goAway();
      return comeBack;
    },
  },
  {
    name: 'hospital dies before its receipt',
    weight: 1.5,
    of: 'hospital',
    lasts: [1, 30],
    begin: (home) => {
      home.on('is answered', home.hospital.goAway);
      return () => {
        home.uncue('is answered');
        home.hospital.comeBack();
      };
    },
  },
  {
    name: 'hospital receipts nothing',
    weight: 1.5,
    of: 'hospital',
    lasts: [5, 200],
    begin: ({ hospital: { forget } }) => {
      forget(true);
      return () => forget(false);
    },
  },
  {
    name: 'hospital without its database',
    weight: 1,
    of: 'hospital',
    lasts: [1, 90],
    begin: ({ hospital: { loseDatabase } }) => {
      loseDatabase(true);
      return () => loseDatabase(false);
    },
  },
  { name: 'hospital rejects one', weight: 1, strike: ({ hospital: { rejectNext } }) => rejectNext() },
  {
    name: 'hospital commands',
    weight: 1,
    strike: (home, chance) => {
      const high = chance.whole(1, Math.max(1, home.evidence.head));
      const ranges = [[chance.whole(1, high), high]];
      const minutes = chance.whole(1, 5);
      const [name, args] = chance.one([
        ['pause', { device: 'oximeter', minutes }],
        ['diagnose', {}],
        ['resend', { ranges }],
      ] as const);
      home.hospital.command(name, args);
    },
  },
];

const devices: readonly Fault[] = [
  { name: 'weighing', weight: 8, strike: ({ scale }) => scale.weigh() },
  { name: 'scale touched', weight: 2, strike: ({ scale }) => scale.wake() },
  { name: 'scale clock reset', weight: 0.7, strike: ({ scale }) => scale.resetClock() },
  { name: 'scale clock set by hand', weight: 0.7, strike: ({ scale }) => scale.setClockBadly() },
  {
    name: 'contact lost',
    weight: 3,
    strike: ({ air }, chance) =>
      air.breakContacts('the link was lost', 'out-of-range', chance.one(['scale', 'oximeter'])),
  },
  {
    name: 'radio dead',
    weight: 1,
    of: 'radio',
    lasts: [2, 100],
    begin: ({ air }) => {
      air.setRadio(false);
      return () => air.setRadio(true);
    },
  },
  {
    name: 'oximeter off',
    weight: 2,
    of: 'oximeter',
    lasts: [5, 250],
    begin: ({ oximeter }) => {
      oximeter.switchOn(false);
      return () => oximeter.switchOn(true);
    },
  },
  {
    name: 'finger out',
    weight: 2,
    of: 'finger',
    lasts: [5, 200],
    begin: ({ oximeter }) => {
      oximeter.putOn(false);
      return () => oximeter.putOn(true);
    },
  },
  {
    name: 'saturation falls',
    weight: 4,
    strike: ({ oximeter }, chance) => oximeter.desaturate(chance.scale(20_000, 120_000)),
  },
  {
    name: 'pump pulled out',
    weight: 0.7,
    of: 'port',
    lasts: [2, 60],
    begin: ({ pump }) => {
      pump.plug(false);
      return () => pump.plug(true);
    },
  },
  {
    name: 'pump silent',
    weight: 0.7,
    of: 'pump',
    lasts: [5, 120],
    begin: ({ pump }) => {
      pump.switchOn(false);
      return () => pump.switchOn(true);
    },
  },
  { name: 'impossible value', weight: 1, strike: ({ oximeter }) => oximeter.glitch() },
  {
    name: 'oximeter babbles',
    weight: 0.3,
    strike: ({ oximeter }, chance) => oximeter.babble(chance.whole(200, 3_000)),
  },
];

const lives: readonly Fault[] = [
  {
    name: 'kill',
    weight: 2.5,
    strike: (home, chance) => {
      const { service, scheduler } = home;
      const kill = (): void => service.kill();
      const soonMs = scheduler.nowMs + chance.scale(1, 20_000);
      if (chance.odds(0.4)) scheduler.at(soonMs, kill);
      else home.on(chance.one(['writes', 'has written', 'publishes', 'is answered']), kill);
    },
  },
  {
    name: 'power cut',
    weight: 2,
    strike: (home, chance) => {
      const { service, scheduler } = home;
      const offMs = chance.scale(1_000, 200_000);
      const cut = (): void => {
        service.powerCut();
        scheduler.at(scheduler.nowMs + offMs, service.powerOn);
      };
      if (chance.odds(0.4)) cut();
      else home.on(chance.one(['writes', 'has written', 'publishes', 'is answered']), cut);
    },
  },
  {
    name: 'orderly restart',
    weight: 1.5,
    strike: ({ service }, chance) => {
      if (chance.odds(0.3)) service.changePlan(plans[chance.odds(0.5) ? 0 : 1]);
      service.restart();
    },
  },
];

export const faults: Readonly<Record<Family, readonly Fault[]>> = { disk, damage, network, hospital, devices, lives };
