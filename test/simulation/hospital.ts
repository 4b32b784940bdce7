/** The hospital: an application that stores what comes and receipts it, and that can be away, forgetful or hard to please. */
import type { Entry } from '../../agent/reading/entry.ts';
import type { World } from '../../agent/world.ts';
import { type Account, openAccount } from '../../simulators/hospital/account.ts';
import { type Desk, openDesk } from '../../simulators/hospital/desk.ts';
import { isEntryKind, jsonOf, readEntry } from '../../simulators/hospital/entry-check.ts';
import type { SimulatedBroker } from './broker.ts';
import type { Chance } from './chance.ts';
import type { Scheduler } from './scheduler.ts';
import type { Trace } from './trace.ts';

export interface Held {
  readonly entry: Entry;
  readonly text: string;
}

export interface SimulatedHospital {
  /** By sequence number: what is stored for good. */
  readonly held: ReadonlyMap<number, Held>;
  /** Numbers that it will not store: it told the hub, and why. */
  readonly rejected: ReadonlySet<number>;
  /** Numbers that came with two contents. */
  readonly contradictions: readonly string[];
  account: Account['statement'];
  /** Stored since the last look. */
  takeFresh(): readonly Held[];
  /** Last words under other topics, by what follows `up/`. */
  readonly told: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  readonly replies: readonly Readonly<Record<string, unknown>>[];
  goAway(): void;
  comeBack(): void;
  /** From now on it stores and says nothing; or is itself again. */
  forget(isForgetful: boolean): void;
  /** It will not store the next entry that comes. */
  rejectNext(): void;
  command(name: string, args: Readonly<Record<string, unknown>>): void;
  /** True time; in the future while it is away. */
  readonly hereSinceMs: number;
}

export interface HospitalOptions {
  readonly scheduler: Scheduler;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly broker: SimulatedBroker;
  readonly hub: string;
}

const RESEND_AFTER_MS = 5_000;

export function openHospital({ scheduler, chance, trace, broker, hub }: HospitalOptions): SimulatedHospital {
  const account = openAccount(hub, 0);
  const held = new Map<number, Held>();
  const seqOf = new Map<string, number>();
  const rejected = new Set<number>();
  const contradictions: string[] = [];
  let fresh: Held[] = [];
  const told = new Map<string, Readonly<Record<string, unknown>>>();
  const replies: Readonly<Record<string, unknown>>[] = [];
  const up = `hjemmebro/v1/${hub}/up/`;
  let isHere = false;
  let hereSinceMs = 0;
  let isForgetful = false;
  let rejects = 0;
  /** Counts the processes that ran: what a dead one still wanted does not happen. */
  let runs = 0;
  let desk = openNewDesk();

  /** Ends with the process that it belongs to. */
  function worldOf(mine: number): World {
    return {
      wallMs: () => scheduler.nowMs,
      monotonicMs: () => scheduler.nowMs,
      boot: 'hospital',
      clock: () => ({ state: 'synced', uncertaintyMs: 10 }),
      random: chance.real,
      soon: scheduler.soon,
      sleep: (ms) => new Promise((resolve) => void scheduler.at(scheduler.nowMs + ms, resolve)),
      after: (ms, fn) => scheduler.at(scheduler.nowMs + ms, () => mine === runs && fn()),
    };
  }

  function openNewDesk(): Desk {
    runs += 1;
    const world = worldOf(runs);
    return openDesk({ world, account, receipts: !isForgetful, resendAfterMs: RESEND_AFTER_MS, say });
  }

  function say(what: string, json: string): Promise<void> {
    trace.note('hospital', `says ${what} ${json}`);
    if (isHere && broker.publishDown(`hjemmebro/v1/${hub}/down/${what}`, json)) return Promise.resolve();
    return Promise.reject(new Error('the broker is away'));
  }

  function take(topic: string, text: string): boolean {
    const what = topic.slice(up.length);
    if (!topic.startsWith(up) || !isEntryKind(what)) {
      const value = jsonOf(text) as Readonly<Record<string, unknown>>;
      if (what === 'reply') replies.push(value);
      else told.set(what, value);
      trace.note('hospital', `hears ${what} ${what === 'state' ? `${value['level']} (${value['cause']})` : ''}`);
      return true;
    }
    const entry = readEntry(hub, what, text);
    if ('wrong' in entry) {
      contradictions.push(`not an entry: ${entry.wrong}`);
      return true;
    }
    store(entry, text);
    return true;
  }

  function store(entry: Entry, text: string): void {
    const { seq, id, kind } = entry;
    const before = held.get(seq);
    if (before && before.text !== text) contradictions.push(`number ${seq} came as ${before.entry.id} and as ${id}`);
    const why = before ? undefined : whyNot(entry);
    if (why !== undefined) {
      rejected.add(seq);
      say('receipt', JSON.stringify({ upTo: account.statement().contiguous, rejected: [{ seq, why }] })).catch(
        () => undefined,
      );
      return;
    }
    trace.note('hospital', `${before ? 'hears again' : 'stores'} ${kind} ${seq}`);
    if (!before) {
      held.set(seq, { entry, text });
      seqOf.set(id, seq);
      fresh.push({ entry, text });
    }
    account.take(kind, text);
    desk.heard();
  }

  function whyNot({ seq, id, kind }: Entry): string | undefined {
    // The hub lost its store and heard the device again: one entry, and its second number is accounted for.
    if (seqOf.has(id)) return `held as number ${seqOf.get(id)}`;
    if (rejected.has(seq)) return 'not wanted';
    if (rejects === 0 || kind === 'gap') return undefined;
    rejects -= 1;
    return 'not wanted';
  }

  return {
    held,
    rejected,
    contradictions,
    account: account.statement,
    takeFresh: () => {
      const seen = fresh;
      fresh = [];
      return seen;
    },
    told,
    replies,
    get hereSinceMs() {
      return isHere ? hereSinceMs : Number.POSITIVE_INFINITY;
    },
    goAway: () => {
      if (!isHere) return;
      isHere = false;
      desk.close();
      runs += 1;
      broker.listen(undefined);
      trace.note('hospital', 'is gone');
    },
    comeBack: () => {
      if (isHere) return;
      isHere = true;
      hereSinceMs = scheduler.nowMs;
      trace.note('hospital', 'is here');
      desk = openNewDesk();
      broker.listen({ take });
      desk.up();
    },
    forget: (is) => {
      if (isForgetful === is) return;
      isForgetful = is;
      desk.close();
      desk = openNewDesk();
      if (isHere && !is) desk.up();
    },
    rejectNext: () => {
      rejects += 1;
    },
    command: (name, args) => {
      if (isHere) desk.command(name, args).catch(() => undefined);
    },
  };
}
