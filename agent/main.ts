#!/usr/bin/env node
/** The only door to the operating system: process, signals, exit codes. */
import type { Terminal } from './command/command.ts';
import { type Commands, runWords } from './command/parse.ts';
import { packageVersion } from './settings/package-root.ts';

const commands: Commands = {
  run: async () => (await import('./command/run.ts')).runCommand,
  demo: async () => (await import('./command/demo.ts')).demoCommand,
  decode: async () => (await import('./command/decode.ts')).decodeCommand,
  drivers: async () => (await import('./command/drivers.ts')).driversCommand,
  simulate: async () => (await import('./command/simulate.ts')).simulateCommand,
  journal: async () => (await import('./command/journal.ts')).journalCommand,
  import: async () => (await import('./command/import.ts')).importCommand,
};

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // The first asks politely; a second one, from somebody who cannot wait, ends the process where it stands.
  process.on(signal, () => (stop.signal.aborted ? process.exit(130) : stop.abort()));
}
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0); // the reader of a pipe has seen enough
  throw error;
});

const terminal: Terminal = {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  raw: (text) => void process.stdout.write(text),
  isTty: process.stdout.isTTY === true,
  columns: process.stdout.columns ?? 80,
  rows: process.stdout.rows ?? 24,
  stop: stop.signal,
};

process.exitCode = await runWords(process.argv.slice(2), commands, terminal, packageVersion());
// Native handles (radio, ports) may still hold the loop after everything was closed. A reader of a pipe who is slower than
// we are still gets all that was written: exit() does not wait for it.
for (const stream of [process.stdout, process.stderr]) await new Promise((written) => stream.write('', written));
process.exit();
