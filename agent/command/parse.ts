/** Turns command-line words into a command and what it was given. */
import { parseArgs } from 'node:util';
import { nearest } from '../settings/nearest.ts';
import { type Command, Failure, type Given, type Terminal, UsageError } from './command.ts';

/** Commands are loaded when they are asked for: `decode` need not wait for a database and a radio. */
export type Commands = Readonly<Record<string, () => Promise<Command>>>;

/** Errors of the environment whose message is written for the person at the terminal. */
const IN_WORDS: ReadonlySet<string> = new Set([
  'JournalForeign',
  'JournalLocked',
  'JournalUnavailable',
  'LinkError',
  'StageError',
]);

/** Runs the command that the words name; resolves to the exit code and never throws for what a person can mend. */
export async function runWords(
  words: readonly string[],
  commands: Commands,
  terminal: Terminal,
  version: string,
): Promise<number> {
  const [first, ...others] = words;
  if (first === '--version') return say(terminal, [version]);
  const asksHelp = first === undefined || first === 'help' || first === '--help' || first === '-h';
  const [name, ...rest] = asksHelp ? others : words;
  if (name === undefined) {
    say(terminal, await overview(commands, version));
    return first === undefined ? 2 : 0;
  }
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!load) {
    const meant = didYouMean(name, Object.keys(commands));
    terminal.err(`hjemmebro: no command "${name}";${meant} "hjemmebro help" lists them`);
    return 2;
  }
  const command = await load();
  return asksHelp ? say(terminal, helpOf(command)) : await carryOut(command, rest, terminal);
}

async function carryOut(command: Command, words: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const given = parse(command, words);
    if (given.options['help'] === true) return say(terminal, helpOf(command));
    const excess = given.operands[command.operandsMax ?? 0];
    if (excess !== undefined) throw new UsageError(`"${excess}" is one word too many`);
    return await command.run(given, terminal);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const isMisuse = error instanceof UsageError;
    if (!isMisuse && !(error instanceof Failure) && !IN_WORDS.has(error.name)) throw error;
    terminal.err(`hjemmebro ${command.name}: ${error.message}`);
    if (isMisuse) terminal.err(`usage: hjemmebro ${command.usage}`);
    return isMisuse ? 2 : 1;
  }
}

function parse(command: Command, words: readonly string[]): Given {
  const known = { ...command.options, help: { type: 'boolean', short: 'h' }, json: { type: 'boolean' } } as const;
  try {
    const { values, positionals } = parseArgs({ args: [...words], options: known, allowPositionals: true });
    const options: Record<string, string | boolean | undefined> = {};
    for (const [key, value] of Object.entries(values)) {
      if (typeof value === 'string' || typeof value === 'boolean') options[key] = value;
    }
    return { options, operands: positionals };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const unknown = /^Unknown option '-*([^'=]+)/.exec(error.message)?.[1];
    if (unknown === undefined) throw new UsageError(error.message.replaceAll('\n', ' '));
    throw new UsageError(`no option --${unknown};${didYouMean(unknown, Object.keys(known), '--')} see --help`);
  }
}

/** ' did you mean "X"?', or nothing. */
function didYouMean(typed: string, known: readonly string[], prefix = ''): string {
  const near = nearest(typed, known);
  return near === undefined ? '' : ` did you mean "${prefix}${near}"?`;
}

function say(terminal: Terminal, lines: readonly string[]): 0 {
  for (const line of lines) terminal.out(line);
  return 0;
}

function helpOf(command: Command): readonly string[] {
  const { usage, summary, details } = command;
  return [`usage: hjemmebro ${usage}`, '', summary, ...(details.length > 0 ? ['', ...details] : [])];
}

async function overview(commands: Commands, version: string): Promise<readonly string[]> {
  const all = await Promise.all(Object.values(commands).map((load) => load()));
  const width = Math.max(...all.map((command) => command.name.length));
  return [
    `hjemmebro ${version}: carries readings from the medical devices in a home to the hospital, and loses none`,
    '',
    'usage: hjemmebro COMMAND [options]; every command has --help, and --json where it reports',
    '',
    ...all.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
  ];
}
