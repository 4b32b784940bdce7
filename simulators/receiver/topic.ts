/** The topics of a hub, and what a message under one of them is. */

import type { EntryKind } from './entry.ts';
import { isEntryKind } from './entry-check.ts';

const ROOT = 'hjemmebro/v1';
/** A pseudonym: it names topics, and files of the file store. */
const HUB = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** What to subscribe to: one hub, or all of them. */
export function upOf(hub = '+'): string {
  return `${ROOT}/${hub}/up/#`;
}

export function downOf(hub: string, what: string): string {
  return `${ROOT}/${hub}/down/${what}`;
}

export type Heard =
  | { readonly hub: string; readonly what: 'entry'; readonly kind: EntryKind }
  /** `state`, `health`, `reply`, and `device` with its name. */
  | { readonly hub: string; readonly what: 'told'; readonly topic: string; readonly name: string };

/** Undefined for a topic that is not a hub's. */
export function readTopic(topic: string): Heard | undefined {
  if (!topic.startsWith(`${ROOT}/`)) return undefined;
  const [hub = '', up, what = '', ...rest] = topic.slice(ROOT.length + 1).split('/');
  if (up !== 'up' || !isHub(hub)) return undefined;
  if (isEntryKind(what) && rest.length === 0) return { hub, what: 'entry', kind: what };
  return { hub, what: 'told', topic: what, name: rest.join('/') };
}

export function isHub(name: string): boolean {
  return HUB.test(name);
}
