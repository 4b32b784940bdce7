/** What a person sees of a running demo: a page that redraws itself on a terminal, plain lines everywhere else. */
import type { AlertLine } from './account.ts';
import { columns } from './account.ts';
import type { Demo } from './demo.ts';
import { HUB } from './stage.ts';

export interface Screen {
  readonly isTty: boolean;
  readonly columns: number;
  out(line: string): void;
  raw(text: string): void;
}

export interface View {
  /** Draws what changed. */
  show(demo: Demo): void;
  /** A line of the agent's log that a person should see. */
  note(line: string): void;
  /** Leaves the terminal as it was found. */
  end(): void;
}

const CLEAR_SCREEN = '\u001b[2J';
const HOME = '\u001b[H';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const RESET = '\u001b[0m';
const COLOURS = { red: '\u001b[31m', yellow: '\u001b[33m', green: '\u001b[32m', bold: '\u001b[1m' } as const;

const NOTES_SHOWN = 4;
const ALERTS_SHOWN = 8;
const REDRAW_EVERY_MS = 200;

export function openView(screen: Screen, title: string): View {
  return screen.isTty ? page(screen, title) : lines(screen, title);
}

/** Before the hub has said anything. */
const UNHEARD = 'not heard yet';

/** The state of everything, as it is known at the hospital: the hub is never asked behind its back. */
function facts(demo: Demo): { level: string; cause: string; head: number; contiguous: number; receipts: number } {
  const account = demo.stage.hospital.account(HUB);
  return {
    level: text(account?.state?.['level']) ?? UNHEARD,
    cause: text(account?.state?.['cause']) ?? '',
    head: account?.highest ?? 0,
    contiguous: account?.contiguous ?? 0,
    receipts: account?.receiptsSent ?? 0,
  };
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function page(screen: Screen, title: string): View {
  const notes: string[] = [];
  let drawnMs = Number.NEGATIVE_INFINITY;
  screen.raw(HIDE_CURSOR + CLEAR_SCREEN);

  function draw(demo: Demo): void {
    const { level, cause, head, contiguous, receipts } = facts(demo);
    const rows = demo.cast.actors.map(({ id, account }) => [
      id,
      String(account.sent.length),
      String(demo.delivered(id)),
      account.doing,
    ]);
    const body = [
      `${COLOURS.bold}${title}${RESET}   ${(demo.elapsedMs / 1000).toFixed(0)} s`,
      '',
      `care level  ${coloured(level)}${cause === '' || cause === 'none' ? '' : `, ${cause}`}`,
      `agent       ${demo.agent.pid === undefined ? 'down, about to be started again' : `process ${demo.agent.pid}; kill it and watch nothing get lost`}`,
      `journal     ${head} entries at the hospital, 1..${contiguous} without a hole, ${receipts} receipts sent`,
      '',
      ...columns([['device', 'sent', 'at hospital', 'now'], ...rows]),
      '',
      demo.alerts.length === 0 ? 'no alerts' : 'alerts',
      ...demo.alerts.slice(-ALERTS_SHOWN).map((alert) => `  ${alertText(alert, true)}`),
      '',
      ...notes.slice(-NOTES_SHOWN).map((note) => `· ${note}`),
    ];
    screen.raw(HOME + body.map((line) => cut(line, screen.columns) + CLEAR_LINE).join('\n') + CLEAR_BELOW);
  }

  return {
    show: (demo) => {
      if (demo.elapsedMs - drawnMs < REDRAW_EVERY_MS) return;
      drawnMs = demo.elapsedMs;
      draw(demo);
    },
    note: (line) => {
      notes.push(line);
      if (notes.length > NOTES_SHOWN) notes.shift();
    },
    end: () => screen.raw(`${SHOW_CURSOR}\n\n`),
  };
}

function lines(screen: Screen, title: string): View {
  const said = new Map<string, string>();
  let alertsSaid = 0;
  let countedMs = 0;
  screen.out(title);

  function sayOnce(what: string, line: string): void {
    if (said.get(what) === line) return;
    said.set(what, line);
    screen.out(line);
  }

  return {
    show: (demo) => {
      const stamp = `${(demo.elapsedMs / 1000).toFixed(1).padStart(5)} s `;
      const { level, cause, head, contiguous } = facts(demo);
      const levelLine = `care level: ${level}${cause === '' || cause === 'none' ? '' : ` (${cause})`}`;
      if (level !== UNHEARD && said.get('level') !== levelLine) {
        said.set('level', levelLine);
        screen.out(stamp + levelLine);
      }
      for (; alertsSaid < demo.alerts.length; alertsSaid++) {
        const alert = demo.alerts[alertsSaid];
        if (alert) screen.out(`${stamp}alert: ${alertText(alert, false)}`);
      }
      if (demo.elapsedMs - countedMs < 5_000) return;
      countedMs = demo.elapsedMs;
      const counts = demo.cast.actors.map(({ id, account }) => `${id} ${demo.delivered(id)}/${account.sent.length}`);
      screen.out(`${stamp}at hospital/sent: ${counts.join(', ')}; journal ${head}, without a hole up to ${contiguous}`);
    },
    note: (line) => sayOnce('note', `        ${line}`),
    end: () => undefined,
  };
}

function alertText(alert: AlertLine, inColour: boolean): string {
  const value = alert.value === undefined ? '' : ` (${alert.value})`;
  const zone = inColour ? coloured(alert.zone) : alert.zone;
  return `${zone} ${alert.priority} ${alert.phase}: ${alert.text}${value}`;
}

function coloured(word: string): string {
  switch (word) {
    case 'monitored':
    case 'green':
      return `${COLOURS.green}${word}${RESET}`;
    case 'delayed':
    case 'yellow':
      return `${COLOURS.yellow}${word}${RESET}`;
    case 'local-only':
    case 'not-monitored':
    case 'red':
      return `${COLOURS.red}${word}${RESET}`;
    default:
      return word;
  }
}

/** Cuts a line to the terminal's width without counting or breaking colours. */
function cut(line: string, width: number): string {
  let seen = 0;
  let at = 0;
  while (at < line.length && seen < width - 1) {
    if (line[at] === '\u001b') at = line.indexOf('m', at) + 1;
    else {
      at++;
      seen++;
    }
  }
  return line.slice(0, at) + (at < line.length ? RESET : '');
}
