/** Identification.tgt: which machine the card belongs to, in lines '#KEY value'. */
import type { Facts, Outcome } from '../contract/driver.ts';

export const FIRST_BYTE = 0x23; // '#'
const MAX_BYTES = 16_384;
const LINE = /^#([A-Z0-9]{3}) ([\x20-\x7e]*)$/;

/**
 * Product name and product code. Never the serial number (#SRN): it would tell the patient (invariant 13). The text has
 * neither length nor checksum (its CRC-32 is a file of its own), so a cut one is read as far as it goes.
 */
export function readIdentification(bytes: Uint8Array): Outcome<never> {
  if (bytes.length > MAX_BYTES) return malformed(`expected at most ${MAX_BYTES} bytes, got ${bytes.length}`);
  const values = new Map<string, string>();
  for (const [index, line] of String.fromCharCode(...bytes)
    .split(/\r?\n/)
    .entries()) {
    if (line.trim() === '') continue;
    const match = LINE.exec(line.trimEnd());
    if (!match) return malformed(`line ${index + 1} is not '#KEY value'`);
    values.set(match[1] ?? '', match[2] ?? '');
  }
  const name = values.get('PNA');
  if (!name) return malformed('no product name (#PNA)');
  const code = values.get('PCD');
  const facts: Facts = { model: name.replaceAll('_', ' '), ...(code && { productCode: code }) };
  return { outcome: 'measured', measurements: [], facts };
}

function malformed(how: string): { readonly outcome: 'malformed'; readonly how: string } {
  return { outcome: 'malformed', how };
}
