/** What a command of the command line is, and what it may use of the terminal. */
import type { ParseArgsConfig } from 'node:util';

/** The terminal as a command sees it. */
export interface Terminal {
  /** One line on standard output: what was asked for. */
  out(line: string): void;
  /** One line on standard error: what went wrong and what to do. */
  err(line: string): void;
  /** Standard output as it is, for a view that redraws itself. */
  raw(text: string): void;
  readonly isTty: boolean;
  readonly columns: number;
  readonly rows: number;
  /** Aborts when the person or the machine asks the process to end (SIGINT, SIGTERM). */
  readonly stop: AbortSignal;
}

/** Options and operands after parsing; `help` and `json` are understood by every command. */
export interface Given {
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly operands: readonly string[];
}

export interface Command {
  readonly name: string;
  /** After the name in the usage line: 'decode --driver ID [--channel UUID] HEX...'. */
  readonly usage: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Shown by --help under the usage line. */
  readonly details: readonly string[];
  /** Words that are no options: how many it takes at most (default none). */
  readonly operandsMax?: number;
  readonly options: NonNullable<ParseArgsConfig['options']>;
  /** Resolves to the exit code: 0 done, 1 failed, 2 used wrongly. Throws UsageError for the latter. */
  run(given: Given, terminal: Terminal): Promise<number>;
}

/** The command was used wrongly; the message says how to use it. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The command cannot do it; the message says what to do. */
export class Failure extends Error {
  override readonly name = 'Failure';
}

export function textOption(given: Given, name: string): string | undefined {
  const value = given.options[name];
  return typeof value === 'string' ? value : undefined;
}

/** A whole number option within bounds. Throws UsageError naming the option, its bounds and what was given. */
export function wholeOption(given: Given, name: string, low: number, high: number): number | undefined {
  const text = textOption(given, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= low && value <= high) return value;
  throw new UsageError(`--${name} takes a whole number from ${low} to ${high}, not "${text}"`);
}

/** Where settings are looked for when --config is not given. */
export function configFolder(given: Given): string {
  return textOption(given, 'config') ?? '/etc/hjemmebro';
}
