/** A real mosquitto for one measurement, as Debian ships it or with a larger window. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../simulators/hospital/free-port.ts';
import { findMosquitto } from '../../simulators/hospital/mosquitto.ts';
import { type Child, launch } from './child.ts';

export interface Broker {
  readonly port: number;
  readonly url: string;
  /** Stops it; what it held is gone. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/** `inflight`: publishes under way per client; left out, the broker's own default, 20. */
export async function openBroker(folder: string, { inflight }: { readonly inflight?: number } = {}): Promise<Broker> {
  const program = findMosquitto();
  if (program === undefined) throw new Error('mosquitto is not installed: apt-get install mosquitto mosquitto-clients');
  const port = await freePort();
  const config = join(folder, `mosquitto-${port}.conf`);
  const lines = [
    `listener ${port} 127.0.0.1`,
    'allow_anonymous true',
    'persistence false',
    'set_tcp_nodelay true',
    'max_queued_messages 0', // none is dropped, however slow the subscriber is
    'log_dest stderr',
    'log_type information',
    'connection_messages false',
    ...(inflight === undefined ? [] : [`max_inflight_messages ${inflight}`]),
  ];
  writeFileSync(config, `${lines.join('\n')}\n`);
  let child: Child | undefined;
  return {
    port,
    url: `mqtt://127.0.0.1:${port}`,
    start: async () => {
      child = launch([program, '-c', config]);
      await child.line(/ running/);
    },
    stop: async () => {
      await child?.end();
      child = undefined;
    },
  };
}
