/** An uplink under test: its journal, what it told, and waits that are twenty times shorter. */
import type { Journal } from '../../agent/journal/contract.ts';
import type { HubJournal } from '../../agent/journal/log.ts';
import type { HubEvent } from '../../agent/reading/entry.ts';
import { startUplink, type Uplink, type UplinkOptions } from '../../agent/uplink/uplink.ts';
import { opened, place } from '../journal/support.ts';
import { afterwards, hurriedWorld } from './broker.ts';

export const HUB = 'hub-1';

export interface Started {
  readonly uplink: Uplink;
  readonly events: HubEvent[];
  readonly plans: string[];
  readonly state: { level: string; cause?: string; since: string };
}

export function started(journal: Journal, brokers: readonly string[], options: Partial<UplinkOptions> = {}): Started {
  const events: HubEvent[] = [];
  const plans: string[] = [];
  const state = { level: 'monitored', since: '2026-03-02T08:00:00.000Z' };
  const uplink = startUplink({
    world: hurriedWorld(),
    journal,
    settings: { brokers, keepAliveSeconds: 5 },
    hub: HUB,
    state: () => ({ v: 1, hub: HUB, ...state }),
    devices: () => ({
      'oximeter-1': { v: 1, hub: HUB, model: 'Nonin 3230' },
      'scale-1': { v: 1, hub: HUB, model: 'UC-352' },
    }),
    commands: {},
    onPlan: (payload) => plans.push(Buffer.from(payload).toString()),
    onEvent: (event) => events.push(event),
    ...options,
  });
  afterwards(() => uplink.close());
  return { uplink, events, plans, state };
}

export async function aJournal(path = place()): Promise<HubJournal> {
  const { journal } = await opened(path);
  afterwards(() => journal.close());
  return journal;
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
export const patiently = { timeout: 20_000, interval: 20 };
export const distinct = (seqs: readonly number[]): number[] => [...new Set(seqs)].sort((a, b) => a - b);
