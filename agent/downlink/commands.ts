/** Carries out the hospital's commands: each once, none too late, every one answered. */
import type { World } from '../world.ts';
import { type Command, isMalformed, parseCommand } from './messages.ts';

export type Status =
  | 'done'
  /** The hub could and would not; `detail` says why. */
  | 'refused'
  /** Carrying it out went wrong. */
  | 'failed'
  | 'expired'
  | 'unknown-command'
  | 'malformed';

export interface CommandResult {
  readonly status: 'done' | 'refused';
  /** For a person or, where the command returns something, for a program. */
  readonly detail?: unknown;
}

export type CommandHandler = (args: Readonly<Record<string, unknown>>) => Promise<CommandResult>;

export type CommandHandlers = Readonly<Record<string, CommandHandler>>;

/** What is published on up/reply. */
export interface Reply {
  readonly v: 1;
  readonly hub: string;
  /** The command's id. */
  readonly command: string;
  readonly name: string;
  readonly status: Status;
  readonly detail?: unknown;
}

export interface CommandDeskOptions {
  readonly world: World;
  readonly hub: string;
  readonly handlers: CommandHandlers;
  /** A message that is no command and cannot be answered, for it has no id. */
  readonly onMalformed: (reason: string) => void;
}

/** Answers remembered, so that a command that is delivered twice is carried out once. */
const REMEMBERED_MOST = 500;

export interface CommandDesk {
  /** The reply to this message; undefined when there is nobody to reply to. */
  take(bytes: Uint8Array): Promise<Reply | undefined>;
}

export function openCommandDesk({ world, hub, handlers, onMalformed }: CommandDeskOptions): CommandDesk {
  const remembered = new Map<string, Promise<Reply>>();

  async function answer({ id, name, args, expiresMs }: Command): Promise<Reply> {
    const reply = (status: Status, detail?: unknown): Reply => ({ v: 1, hub, command: id, name, status, detail });
    if (expiresMs !== undefined) {
      if (world.clock().state === 'unsynced')
        return reply('refused', "the hub's clock is not set: it cannot tell whether this has expired");
      if (world.wallMs() > expiresMs) return reply('expired');
    }
    const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined;
    if (!handler) return reply('unknown-command', { known: Object.keys(handlers).sort() });
    try {
      const { status, detail } = await handler(args);
      return reply(status, detail);
    } catch (error) {
      // A command from afar must not be able to stop the hub.
      return reply('failed', String(error));
    }
  }

  return {
    take: async (bytes) => {
      const command = parseCommand(bytes);
      if (isMalformed(command)) {
        const { id, malformed } = command;
        if (id !== undefined) return { v: 1, hub, command: id, name: '', status: 'malformed', detail: malformed };
        onMalformed(malformed);
        return undefined;
      }
      const before = remembered.get(command.id);
      if (before) return before;
      const reply = answer(command);
      remembered.set(command.id, reply);
      const [oldest] = remembered.keys();
      if (remembered.size > REMEMBERED_MOST && oldest !== undefined) remembered.delete(oldest);
      return reply;
    },
  };
}
