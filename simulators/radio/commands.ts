/** What an HCI command is, and how those of each theme are put into one table. */
import type { Controller } from './controller-state.ts';
import { complete, pending } from './controller-state.ts';
import type { Octets } from './hci.ts';
import { status } from './hci.ts';
import type { LinkEnd } from './link.ts';
import { procedure } from './link.ts';

export interface Command {
  readonly opcode: number;
  /** Exact length of the parameters; a command of another length is refused as invalid. */
  readonly length: number;
  /** Octet and bit in the answer to Read Local Supported Commands, Vol 4 Part E 6.27. */
  readonly supported?: readonly [octet: number, bit: number];
  /** Octets that follow the status in Command Complete; absent: answered by Command Status. */
  readonly returns?: number;
  readonly run: (controller: Controller, parameters: Buffer) => void;
}

/** How a command that is answered at once ends: a status, or success with return parameters. */
type Answer = number | Octets;

interface Immediate {
  readonly opcode: number;
  readonly length?: number;
  readonly supported?: readonly [number, number];
  readonly returns?: number;
  readonly answer: (controller: Controller, parameters: Buffer) => Answer;
}

/** A command answered by Command Complete. Hosts read return parameters even of a failure, so they are always there. */
export function immediate(command: Immediate): Command {
  const returns = command.returns ?? 0;
  return {
    opcode: command.opcode,
    length: command.length ?? 0,
    returns,
    ...(command.supported && { supported: command.supported }),
    run: (controller, parameters) => {
      const answer = command.answer(controller, parameters);
      const result = typeof answer === 'number' ? refusal(answer, returns, parameters) : [status.success, ...answer];
      complete(controller, command.opcode, result);
    },
  };
}

/** Return parameters of commands about a connection begin with its handle, also when they fail. */
export function refusal(code: number, returns: number, parameters: Uint8Array): number[] {
  return [code, ...Array.from({ length: returns }, (_, at) => (at < 2 ? (parameters[at] ?? 0) : 0))];
}

interface Started {
  readonly opcode: number;
  readonly length: number;
  readonly supported?: readonly [number, number];
  /** Sets it going and returns the status; what it leads to happens later. */
  readonly start: (controller: Controller, parameters: Buffer) => number;
}

/** A command answered by Command Status now and by an event of its own later. */
export function started(command: Started): Command {
  return {
    opcode: command.opcode,
    length: command.length,
    ...(command.supported && { supported: command.supported }),
    run: (controller, parameters) => pending(controller, command.opcode, command.start(controller, parameters)),
  };
}

/** The link that a command names in its first two octets. */
export function namedLink(controller: Controller, parameters: Buffer): LinkEnd | undefined {
  return controller.links.get(parameters.readUInt16LE(0) & 0x0fff);
}

/** Runs at the link's next connection event, after the data that was queued before it. */
export function overLink(controller: Controller, parameters: Buffer, run: (end: LinkEnd) => void): number {
  const end = namedLink(controller, parameters);
  if (end === undefined) return status.unknownConnection;
  return procedure(end.link, () => run(end)) ? status.success : status.disallowed;
}
