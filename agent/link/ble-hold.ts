/**
 * Withholds the confirmation of an indication until its measurements are on disk (invariant 4). A device deletes what was
 * confirmed; noble confirms on arrival.
 */

/** One indication between its arrival and its confirmation. */
interface Indication {
  taken: boolean;
  kept: boolean;
}

interface Line {
  /** Arrived and not yet confirmed, oldest first. */
  readonly waiting: Indication[];
  /** Confirmations noble wants to send, oldest first. Sequential by ATT, so the first belongs to `waiting[0]`. */
  readonly held: (() => void)[];
}

/** A peer that keeps indicating without a confirmation breaks ATT (Core 5.4 Vol 3 Part F 3.3.2); this many are followed. */
const MAX_WAITING = 16;

export interface Hold {
  /** An indication arrived on this connection; what happens until `offered` is its delivery. Returns false past the bound. */
  arrived(connection: number): boolean;
  /** Called by whoever takes the value being delivered: returns what to call once it is kept. */
  take(): () => void;
  /** The delivery is over. An indication that nobody took has nothing to wait for. */
  offered(): void;
  /** noble wants to confirm: `send` runs now or once the indication is kept. */
  confirm(connection: number, send: () => void): void;
  /** The connection is gone, and what was held with it: the device will indicate again. */
  dropped(connection: number): void;
}

export function hold(): Hold {
  const lines = new Map<number, Line>();
  let delivering: { readonly line: Line; readonly indication: Indication } | undefined;

  function lineOf(connection: number): Line {
    const known = lines.get(connection);
    if (known) return known;
    const line: Line = { waiting: [], held: [] };
    lines.set(connection, line);
    return line;
  }

  function settle(line: Line): void {
    while (line.waiting[0]?.kept && line.held.length > 0) {
      line.waiting.shift();
      line.held.shift()?.();
    }
  }

  return {
    arrived(connection) {
      const line = lineOf(connection);
      if (line.waiting.length >= MAX_WAITING) return false;
      const indication: Indication = { taken: false, kept: false };
      line.waiting.push(indication);
      delivering = { line, indication };
      return true;
    },
    take() {
      if (!delivering) return () => undefined; // a notification: nothing will be confirmed
      const { line, indication } = delivering;
      indication.taken = true;
      return () => {
        indication.kept = true;
        settle(line);
      };
    },
    offered() {
      if (!delivering) return;
      const { line, indication } = delivering;
      delivering = undefined;
      if (indication.taken) return;
      indication.kept = true;
      settle(line);
    },
    confirm(connection, send) {
      const line = lineOf(connection);
      line.held.push(send);
      if (line.waiting.length === 0) line.held.pop()?.();
      else settle(line);
    },
    dropped(connection) {
      const line = lines.get(connection);
      if (!line) return;
      line.waiting.length = 0;
      line.held.length = 0;
      lines.delete(connection);
    },
  };
}
