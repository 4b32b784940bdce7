/** How much one data PDU of a link carries, and who is told when that changes (Core 5.4 Vol 6 Part B 4.5.10, 5.1.9). */
import { sendLeEvent } from './controller-state.ts';
import { leEvent, u16 } from './hci.ts';
import type { LinkEnd } from './link.ts';
import { peerOf } from './link.ts';

export const shortestDataPdu = 27;
export const longestDataPdu = 251;

/** Vol 6 Part B 5.1.9: the new length is used once the other side has agreed; every controller here receives 251. */
export function changeDataLength(side: LinkEnd, octets: number): void {
  if (side.txOctets === octets) return;
  side.txOctets = octets;
  for (const each of [side, peerOf(side)]) {
    sendLeEvent(each.controller, leEvent.dataLengthChange, [
      ...u16(each.handle),
      ...u16(each.txOctets),
      ...u16(airtimeUs(each.txOctets)),
      ...u16(peerOf(each).txOctets),
      ...u16(airtimeUs(peerOf(each).txOctets)),
    ]);
  }
}

/** Vol 6 Part B 2.1 and 2.4 at LE 1M: preamble, access address, header, MIC and CRC around the payload. */
export function airtimeUs(octets: number): number {
  return (octets + 14) * 8;
}
