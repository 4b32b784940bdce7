/** The first reader of the journal: follows it with a cursor, judges by the plan, and writes alerts back. */
import { type Journal, JournalClosed, JournalFull } from '../journal/contract.ts';
import type { Alert, HubEvent } from '../reading/entry.ts';
import type { Timer, World } from '../world.ts';
import { openAhead, throughTo } from './ahead.ts';
import {
  activeAlerts,
  type Evaluated,
  enforce,
  evaluate,
  evaluateTime,
  NOTHING_SEEN,
  type RulesState,
} from './evaluate.ts';
import { type CarePlan, NO_PLAN, planRef } from './plan.ts';

export interface RulesOptions {
  readonly world: World;
  readonly journal: Journal;
  /** In force from the start; the rules it shares with the plan last in force keep their state. */
  readonly plan: CarePlan;
  /** 'rules-unreadable-lines', 'rules-held-back' (journal full; tried again), 'rules-state-lost', 'plan-in-force'. */
  readonly onEvent: (event: HubEvent) => void;
}

export interface RulesHealth {
  /** False when closed, or when lines wait and none was judged for STUCK_MS. */
  readonly running: boolean;
  /** Lines in the journal that are not judged yet. */
  readonly behind: number;
  /** Readings that were judged and wait for a disk that takes nothing. */
  readonly ahead: number;
  readonly unreadable: number;
}

export interface RulesRunner {
  /** Resolves when the plan is in force and on disk; the latest call wins. */
  setPlan(plan: CarePlan): Promise<void>;
  /** What is on now, as last told. */
  active(): readonly Alert[];
  /** Calls back with each new phase once it is on disk, or at once where the disk takes nothing. Returns the way to stop. */
  onAlert(listener: (alert: Alert) => void): () => void;
  health(): RulesHealth;
  /** Finishes the batch at hand, keeps the cursor and stops. */
  close(): Promise<void>;
}

const TICK_MS = 1_000;
/** Lines judged between two looks at the journal; halved when their alerts do not fit into it. */
const BATCH_MAX = 200;
/** A cursor that moved without alerts is kept this often. */
const KEEP_EVERY_MS = 10_000;
const KEEP_EVERY_LINES = 1_000;
const STUCK_MS = 30_000;
/** How often an append that takes its time is held against the state of the disk. */
const LOOK_AT_DISK_MS = 500;
/** A disk that takes nothing does not hold up the end. */
const CLOSE_PATIENCE_MS = 2_000;

const STATE = 'rules';
const PLAN = 'rules-plan';

interface Kept {
  readonly v: 1;
  readonly cursor: number;
  readonly state: RulesState;
  /** Judged as well, though after the cursor: everything up to the entry with this id, if it is there. */
  readonly through?: string;
}

export function startRules({ world, journal, plan: firstPlan, onEvent }: RulesOptions): RulesRunner {
  let { cursor, state, plan, through } = restore(journal, onEvent);
  const ahead = openAhead(journal);
  let wanted: CarePlan | undefined = firstPlan;
  let batch = BATCH_MAX;
  let unreadable = 0;
  let lastKept = { cursor, atMs: world.monotonicMs() };
  let movedAtMs = world.monotonicMs();
  let tickDue = false;
  let closed = false;
  let work: Promise<void> | undefined;
  let woken = false;
  /** A batch with alerts waits for the disk; the state that goes with it is newer than ours. */
  let isCommitting = false;
  const listeners = new Set<(alert: Alert) => void>();

  const moment = () => ({ wallMs: world.wallMs(), monotonicMs: world.monotonicMs(), boot: world.boot });
  function kept(to: number, as: RulesState): string {
    const last = ahead.through() ?? through;
    return JSON.stringify({ v: 1, cursor: to, state: as, ...(last !== undefined && { through: last }) } satisfies Kept);
  }

  /**
   * Alerts, state and cursor in one batch (invariant 6); nothing moves unless they are on disk. Where the disk takes nothing
   * the patient does not wait for it: the alerts are told, and the batch lands when it can, before what was judged after it.
   */
  async function commit(result: Evaluated, to: number, as: CarePlan = plan): Promise<void> {
    const { alerts } = result;
    if (alerts.length === 0 && as === plan) return moveOn(result, to, as);
    const together = { [STATE]: kept(to, result.state), ...(as !== plan && { [PLAN]: JSON.stringify(as) }) };
    isCommitting = true;
    const appended = await orStuck(journal.append(alerts, together)).finally(() => {
      isCommitting = false;
    });
    lastKept = { cursor: to, atMs: world.monotonicMs() };
    moveOn(result, to, as);
    alerts.forEach((draft, index) => {
      if (appended?.[index]?.known !== true) for (const listener of listeners) listener(draft.body);
    });
  }

  /** What was written; undefined when the disk takes nothing and it will be written later. */
  async function orStuck<T>(written: Promise<T>): Promise<T | undefined> {
    let isWritten = false;
    const done = written.finally(() => {
      isWritten = true;
    });
    while (!isWritten) {
      const soon = world.sleep(LOOK_AT_DISK_MS);
      const first = await Promise.race([done.then((value) => ({ value })), soon]);
      if (first) return first.value;
      if (!journal.isStuck()) continue;
      done.catch(() => undefined); // closed before it could be written: then it was told, and is told again after the restart
      return undefined;
    }
    return done;
  }

  function moveOn(result: Evaluated, to: number, as: CarePlan): void {
    state = result.state;
    cursor = to;
    plan = as;
    movedAtMs = world.monotonicMs();
    if (result.unreadable === 0) return;
    unreadable += result.unreadable;
    onEvent({ name: 'rules-unreadable-lines', count: result.unreadable });
  }

  /** One step of work; false when there is none. */
  async function advance(): Promise<boolean> {
    if (wanted !== undefined) {
      const as = wanted;
      await commit(enforce(plan, as, state, world.wallMs()), cursor, as);
      if (wanted === as) wanted = undefined;
      onEvent({ name: 'plan-in-force', cause: planRef(as) });
      return true;
    }
    if (through !== undefined) {
      cursor = await throughTo(journal, cursor, through);
      through = undefined;
    }
    const head = journal.head;
    if (cursor < head) {
      const lines = await journal.scan(cursor + 1, batch);
      // Lines that cannot be read are left out by the journal; past the last one there is nothing to wait for.
      await commit(evaluate(plan, state, ahead.unjudged(lines)), lines.at(-1)?.seq ?? head);
      batch = Math.min(BATCH_MAX, batch * 2);
      return true;
    }
    const waiting = ahead.next(batch);
    if (waiting.length > 0) {
      const result = evaluate(plan, state, waiting);
      ahead.judged(waiting);
      await commit(result, cursor);
      return true;
    }
    const isAllSaved = journal.health().waiting === 0;
    if (isAllSaved) ahead.settle();
    // What was received but is not on disk yet may still break a silence: then the lines themselves will tell the time.
    if (tickDue && (isAllSaved || journal.isStuck())) {
      tickDue = false;
      await commit(evaluateTime(plan, state, moment()), cursor);
      return true;
    }
    keepCursor(KEEP_EVERY_MS, KEEP_EVERY_LINES);
    return false;
  }

  /** A cursor without alerts goes to disk with whatever goes next: what a crash makes us judge again gives the same alerts. */
  function keepCursor(everyMs: number, everyLines: number): void {
    const lines = cursor - lastKept.cursor;
    if (lines === 0 || (lines < everyLines && world.monotonicMs() - lastKept.atMs < everyMs)) return;
    lastKept = { cursor, atMs: world.monotonicMs() };
    journal.keepSoon({ [STATE]: kept(cursor, state) });
  }

  async function drain(): Promise<void> {
    do {
      woken = false;
      try {
        while (!closed && (await advance())) {
          // until nothing is left to do
        }
      } catch (error) {
        if (error instanceof JournalClosed) closed = true;
        else if (error instanceof JournalFull) {
          batch = Math.max(1, Math.floor(batch / 2));
          onEvent({ name: 'rules-held-back', cause: 'the journal is full', count: journal.head - cursor });
          woken = false; // the next tick tries again, not the next line
        } else throw error;
      }
    } while (woken && !closed);
  }

  function wake(): void {
    woken = true;
    if (closed || work) return;
    work = drain().finally(() => {
      work = undefined;
      if (woken) wake(); // a line that came while the last look was ending
    });
  }

  let timer: Timer = world.after(TICK_MS, tick);
  function tick(): void {
    if (closed) return;
    tickDue = true;
    timer = world.after(TICK_MS, tick);
    wake();
  }

  const stopListening = journal.onLines(wake);
  wake();

  return {
    setPlan: async (next) => {
      wanted = next;
      wake();
      while (wanted === next && !closed) await (work ?? world.sleep(TICK_MS));
    },
    active: () => activeAlerts(plan, state),
    onAlert: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    health: () => {
      const behind = journal.head - cursor;
      const stuck = behind > 0 && world.monotonicMs() - movedAtMs > STUCK_MS;
      return { running: !closed && !stuck, behind, ahead: ahead.count, unreadable };
    },
    close: async () => {
      if (closed) return;
      closed = true;
      timer.cancel();
      stopListening();
      await Promise.race([work, world.sleep(CLOSE_PATIENCE_MS)]);
      if (!isCommitting) keepCursor(0, 0);
    },
  };
}

/** A state that cannot be read is given up, and the journal judged from its oldest line: same lines, same alerts, already known. */
function restore(
  journal: Journal,
  onEvent: (event: HubEvent) => void,
): { cursor: number; state: RulesState; plan: CarePlan; through?: string | undefined } {
  const fresh = { cursor: journal.tail - 1, state: NOTHING_SEEN, plan: NO_PLAN };
  const text = journal.kept(STATE);
  if (text === undefined) return fresh;
  try {
    const { v, cursor, state, through } = JSON.parse(text) as Kept;
    const plan = JSON.parse(journal.kept(PLAN) ?? JSON.stringify(NO_PLAN)) as CarePlan;
    if (v === 1) return { cursor: Math.min(cursor, journal.head), state, plan, through };
  } catch {
    // reported below
  }
  onEvent({ name: 'rules-state-lost', cause: 'its state could not be read; the journal is judged again' });
  return fresh;
}
