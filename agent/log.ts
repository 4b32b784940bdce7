/** The log: for technicians, on standard error, without patient data or identifiers (invariant 13). */
import { destination, type Logger, pino } from 'pino';

export type { Logger };

export function openLog(level: 'debug' | 'info' | 'warn' | 'error'): Logger {
  return pino(
    { level, base: null, timestamp: false, formatters: { level: (label) => ({ level: label }) } },
    destination({ fd: 2, sync: true }),
  );
}
