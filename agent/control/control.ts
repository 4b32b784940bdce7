/** How a command on the same machine talks to the running agent: one question per connection on a Unix socket, mode 0600. */
import { chmodSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type Journal, type Line, textOf } from '../journal/contract.ts';
import { unreachable } from '../reading/unreachable.ts';

/** What may be asked. LevelDB lets one process in at a time, so whoever wants the journal of a running agent asks it. */
export type Question =
  | { readonly ask: 'journal'; readonly from: number; readonly follow: boolean }
  | { readonly ask: 'import'; readonly folder: string; readonly device: string };

export interface Control {
  close(): Promise<void>;
}

export interface ControlOptions {
  readonly path: string;
  readonly journal: Journal;
  /** Takes a card into the journal; resolves to the report that is printed. Rejects with the words for the person. */
  importCard(folder: string, device: string): Promise<object>;
}

/** Connections at a time; one more is refused by closing it. */
const CONNECTIONS_MAX = 8;
const QUESTION_BYTES_MAX = 4096;
const LINES_AT_A_TIME = 200;

export function controlPath(journalPath: string): string {
  return join(dirname(journalPath), 'control.sock');
}

export async function openControl(options: ControlOptions): Promise<Control> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    void answer(options, socket);
  });
  server.maxConnections = CONNECTIONS_MAX;
  rmSync(options.path, { force: true }); // left by an agent that was killed; the journal's lock already says we are alone
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.path, resolve);
  });
  chmodSync(options.path, 0o600);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

async function answer(options: ControlOptions, socket: Socket): Promise<void> {
  try {
    const question = parseQuestion(await firstLine(socket));
    if (!question) return void socket.end(`${JSON.stringify({ error: 'not a question this agent knows' })}\n`);
    switch (question.ask) {
      case 'journal':
        await tellJournal(options.journal, question, socket);
        break;
      case 'import':
        socket.write(`${JSON.stringify(await options.importCard(question.folder, question.device))}\n`);
        break;
      default:
        unreachable(question);
    }
  } catch (error) {
    socket.write(`${JSON.stringify({ error: error instanceof Error ? error.message : String(error) })}\n`);
  }
  socket.end();
}

function firstLine(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (piece: string) => {
      text += piece;
      const end = text.indexOf('\n');
      if (end >= 0) resolve(text.slice(0, end));
      else if (text.length > QUESTION_BYTES_MAX) reject(new Error('the question is too long'));
    });
    socket.on('close', () => reject(new Error('the asker went away')));
  });
}

function parseQuestion(text: string): Question | undefined {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null || !('ask' in value)) return undefined;
  if (value.ask === 'journal' && 'from' in value && 'follow' in value) {
    return { ask: 'journal', from: Number(value.from), follow: value.follow === true };
  }
  if (value.ask === 'import' && 'folder' in value && 'device' in value) {
    return { ask: 'import', folder: String(value.folder), device: String(value.device) };
  }
  return undefined;
}

/** Tells all lines from a sequence number on, and with `follow` the new ones as they come. Waits for a slow reader. */
async function tellJournal(journal: Journal, question: Question & { ask: 'journal' }, socket: Socket): Promise<void> {
  let next = question.from;
  for (;;) {
    const lines = await journal.scan(next, LINES_AT_A_TIME);
    for (const line of lines) await sent(socket, line);
    next = (lines.at(-1)?.seq ?? next - 1) + 1;
    if (socket.destroyed) return;
    if (lines.length > 0) continue;
    if (!question.follow) return;
    await newLines(journal, socket, next);
  }
}

async function sent(socket: Socket, line: Line): Promise<void> {
  if (socket.destroyed || socket.write(`${textOf(line)}\n`)) return;
  await new Promise<void>((resolve) => {
    socket.once('drain', resolve);
    socket.once('close', () => resolve());
  });
}

function newLines(journal: Journal, socket: Socket, from: number): Promise<void> {
  return new Promise((resolve) => {
    if (journal.head >= from || socket.destroyed) return resolve();
    const stop = journal.onLines(() => done());
    const done = (): void => {
      stop();
      socket.off('close', done);
      resolve();
    };
    socket.on('close', done);
  });
}

/** Asks the agent that listens at `path`; calls back per line. Resolves false when no agent is there. */
export function askAgent(
  path: string,
  question: Question,
  onLine: (line: string) => void,
  stop: AbortSignal,
): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    let reached = false;
    socket.on('connect', () => {
      reached = true;
      socket.write(`${JSON.stringify(question)}\n`);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ECONNREFUSED') return resolve(false);
      reject(error);
    });
    socket.on('close', () => reached && resolve(true));
    const lines = createInterface({ input: socket });
    lines.on('line', onLine);
    lines.on('error', () => undefined); // told by the socket's own error
    stop.addEventListener('abort', () => socket.destroy(), { once: true });
  });
}
