/** What hubs say in the receiver's tests. */
export type Fields = Readonly<Record<string, unknown>>;

export const HUB = 'hub-1';
export const AT = '2026-03-02T08:00:00.000Z';

/** JSON of an entry; `fields` go over what is there. */
export function entryText(seq: number, fields: Fields = {}): string {
  const body = { device: 'oximeter-1', metric: 'MDC_PULS_OXIM_SAT_O2', value: '97' };
  return JSON.stringify({ v: 1, hub: HUB, seq, id: `id-${seq}`, kind: 'reading', at: AT, body, ...fields });
}

export function gapText(seq: number, body: Fields): string {
  return entryText(seq, { kind: 'gap', body: { cause: 'evicted', ...body } });
}

export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Topic and payload of an entry as it is published. */
export function message(text: string): readonly [topic: string, payload: Uint8Array] {
  const { hub, kind }: { hub: string; kind: string } = JSON.parse(text);
  return [`hjemmebro/v1/${hub}/up/${kind}`, bytes(text)];
}
