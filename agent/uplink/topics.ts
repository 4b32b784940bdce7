/** The names of a hub's topics (docs/contract.md); a hub publishes only under its own up/ and listens only to its own down/. */
import type { EntryKind } from '../reading/entry.ts';

export interface Topics {
  readonly state: string;
  readonly health: string;
  readonly reply: string;
  readonly entry: Readonly<Record<EntryKind, string>>;
  device(id: string): string;
  readonly receipt: string;
  readonly command: string;
  readonly plan: string;
  /** Whether a reply may go there: under this hub's up/, and a topic rather than a filter. */
  isOwnUp(topic: string): boolean;
}

export function topicsOf(hub: string): Topics {
  const up = `hjemmebro/v1/${hub}/up`;
  const down = `hjemmebro/v1/${hub}/down`;
  return {
    state: `${up}/state`,
    health: `${up}/health`,
    reply: `${up}/reply`,
    entry: {
      reading: `${up}/reading`,
      waveform: `${up}/waveform`,
      alert: `${up}/alert`,
      gap: `${up}/gap`,
      event: `${up}/event`,
    },
    device: (id) => `${up}/device/${id}`,
    receipt: `${down}/receipt`,
    command: `${down}/command`,
    plan: `${down}/plan`,
    isOwnUp: (topic) => topic.startsWith(`${up}/`) && topic.length <= 256 && !/[+#\0]/.test(topic),
  };
}
