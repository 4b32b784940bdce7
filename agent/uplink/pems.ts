/** Reads the hub's certificate, key and the hospital's CA. */
import { readFileSync } from 'node:fs';
import type { UplinkSettings } from '../settings/settings.ts';
import type { Pems } from './mqtt-client.ts';

/** Undefined where the settings name none. Throws with the path and what to do when a file cannot be read. */
export function readPems(tls: UplinkSettings['tls']): Pems | undefined {
  return tls && { ca: text('ca', tls.ca), cert: text('cert', tls.cert), key: text('key', tls.key) };
}

function text(name: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new Error(`uplink.tls.${name}: ${cause}; provision the hub's certificate, or correct the path in hub.json`);
  }
}
