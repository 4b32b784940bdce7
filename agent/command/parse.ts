/** Turns command-line words into a command and what it was given. */
import { parseArgs } from 'node:util';
import { nearest } from '../settings/nearest.ts';
import { type Command, Failure, type Given, type Terminal, UsageError } from './command.ts';

/** Runs the command that the words name; resolves to the exit code and never throws for what a person can mend. */
export async function runWords(
  words: readonly string[],
  commands: readonly Command[],
  terminal: Terminal,
  version: string,
): Promise<number> {
  const [name, ...rest] = words;
  if (name === '--version') return say(terminal, [version]);
  if (name === undefined || name === 'help' || name === '--help' || name === '-h') {
    const code = say(terminal, overview(commands, version));
    return name === undefined ? 2 : code;
  }
  const command = commands.find((candidate) => candidate.name === name);
  if (!command) {
    const near = nearest(
      name,
      commands.map((candidate) => candidate.name),
    );
    terminal.err(
      `hjemmebro: no command "${name}"${near ? `; did you mean "${near}"?` : ''}. "hjemmebro help" lists them.`,
    );
    return 2;
  }
  try {
    const given = parse(command, rest);
    if (given.options['help'] === true) return say(terminal, helpOf(command));
    return await command.run(given, terminal);
  } catch (error) {
    if (error instanceof UsageError) {
      terminal.err(`hjemmebro ${command.name}: ${error.message}`);
      terminal.err(`usage: hjemmebro ${command.usage}`);
      return 2;
    }
    if (error instanceof Failure) {
      terminal.err(`hjemmebro ${command.name}: ${error.message}`);
      return 1;
    }
    throw error;
  }
}

function parse(command: Command, words: readonly string[]): Given {
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      options: { ...command.options, help: { type: 'boolean', short: 'h' }, json: { type: 'boolean' } },
      allowPositionals: true,
    });
    const options: Record<string, string | boolean | undefined> = {};
    for (const [key, value] of Object.entries(values)) {
      if (typeof value === 'string' || typeof value === 'boolean') options[key] = value;
    }
    return { options, operands: positionals };
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
}

function say(terminal: Terminal, lines: readonly string[]): number {
  for (const line of lines) terminal.out(line);
  return 0;
}

function helpOf(command: Command): readonly string[] {
  return [
    `usage: hjemmebro ${command.usage}`,
    '',
    command.summary,
    ...(command.details.length > 0 ? [''] : []),
    ...command.details,
  ];
}

function overview(commands: readonly Command[], version: string): readonly string[] {
  const width = Math.max(...commands.map((command) => command.name.length));
  return [
    `hjemmebro ${version}: carries readings from the medical devices in a home to the hospital, and loses none`,
    '',
    'usage: hjemmebro COMMAND [options]; every command has --help, and --json where it reports',
    '',
    ...commands.map((command) => `  ${command.name.padEnd(width)}  ${command.summary}`),
  ];
}
