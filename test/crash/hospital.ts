/** The rig's hold on the hospital: the application's process, a second pair of eyes at the broker, and what the application has stored. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { World } from '../../agent/world.ts';
import { type MqttWire, openMqtt } from '../../simulators/hospital/mqtt.ts';
import type { Order } from './receiver.ts';

export interface HospitalOptions {
  readonly world: World;
  readonly folder: string;
  readonly broker: string;
  readonly hub: string;
}

/** What the hub answers to `diagnose`. */
export interface Diagnosis {
  readonly head: number;
  readonly receiptedUpTo: number;
}

export interface Hospital {
  /** How often each entry passed by at the broker, by id. */
  readonly seen: ReadonlyMap<string, number>;
  /** The application dies after it has stored what comes next, before it says so. Resolves when it is dead, or after the bound. */
  killReceiver(withinMs: number): Promise<boolean>;
  /** Starts the application again where it is dead. */
  restartReceiver(): Promise<void>;
  /** Asks the hub; undefined when no answer comes in time. */
  diagnose(withinMs: number): Promise<Diagnosis | undefined>;
  /** The text of each entry as the application stored it. */
  stored(): readonly string[];
  /** Ids that came under a second number. */
  renumbered(): readonly Renumbered[];
  close(): Promise<void>;
}

export interface Renumbered {
  readonly seq: number;
  readonly id: string;
}

/** A line of the receiver's file; its memos have no `was`. An id under a second number leaves that number a hole. */
interface StoredRow extends Renumbered {
  readonly was?: 'new' | 'renumbered';
  readonly text: string;
}

export async function openHospital({ world, folder, broker, hub }: HospitalOptions): Promise<Hospital> {
  const store = join(folder, 'hospital');
  const seen = new Map<string, number>();
  const answers = new Map<string, (detail: Diagnosis) => void>();
  let questions = 0;
  let receiver = await start();
  let isCondemned = false;

  async function start(): Promise<ChildProcess> {
    const child = fork(fileURLToPath(new URL('receiver.js', import.meta.url)), [broker, hub, store]);
    await Promise.race([
      once(child, 'message'),
      once(child, 'exit').then(() => Promise.reject(new Error('the receiver ended at once'))),
    ]);
    return child;
  }

  function onMessage(topic: string, payload: Uint8Array): void {
    const text = new TextDecoder().decode(payload);
    if (topic.endsWith('/up/reply')) {
      const { command, detail } = JSON.parse(text) as { command: string; detail: Diagnosis };
      answers.get(command)?.(detail);
    } else if (/\/up\/(reading|waveform|alert|gap|event)$/.test(topic)) {
      const { id } = JSON.parse(text) as { id: string };
      seen.set(id, (seen.get(id) ?? 0) + 1);
    }
  }

  const wire: MqttWire = await openMqtt({
    world,
    url: broker,
    clientId: `observer-${hub}`,
    topics: [`hjemmebro/v1/${hub}/up/#`],
    onMessage,
  });

  function isDead(): boolean {
    return receiver.exitCode !== null || receiver.signalCode !== null;
  }

  async function end(how: 'SIGKILL' | 'close'): Promise<void> {
    const gone = once(receiver, 'exit');
    if (how === 'close') receiver.send(how satisfies Order);
    else receiver.kill(how);
    await gone;
  }

  function rows(wanted: StoredRow['was']): readonly StoredRow[] {
    return readFileSync(join(store, `${hub}.jsonl`), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as StoredRow)
      .filter(({ was }) => was === wanted);
  }

  return {
    seen,
    killReceiver: async (withinMs) => {
      if (isDead()) return true;
      isCondemned = true;
      receiver.send('die before the next receipt' satisfies Order);
      const bound = new AbortController();
      await Promise.race([once(receiver, 'exit'), world.sleep(withinMs, bound.signal)]);
      bound.abort();
      return isDead();
    },
    restartReceiver: async () => {
      if (!isDead() && isCondemned) await end('SIGKILL'); // nothing came that it could have stored
      if (isDead()) receiver = await start();
      isCondemned = false;
    },
    diagnose: async (withinMs) => {
      const id = `diagnose-${++questions}`;
      const bound = new AbortController();
      const answer = new Promise<Diagnosis>((resolve) => void answers.set(id, resolve));
      const expires = new Date(world.wallMs() + 60_000).toISOString();
      const command = JSON.stringify({ id, name: 'diagnose', args: {}, expires });
      await wire.publish(`hjemmebro/v1/${hub}/down/command`, command).catch(() => undefined);
      const detail = await Promise.race([answer, world.sleep(withinMs, bound.signal).then(() => undefined)]);
      bound.abort();
      answers.delete(id);
      return detail;
    },
    stored: () => rows('new').map(({ text }) => text),
    renumbered: () => rows('renumbered'),
    close: async () => {
      if (!isDead()) await end('close');
      await wire.close();
    },
  };
}
