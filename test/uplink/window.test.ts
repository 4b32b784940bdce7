/** The window against links of every kind: full where that helps, and never so full that an alert waits. */
import { describe, expect, it } from 'vitest';
import { openWindow } from '../../agent/uplink/window.ts';

interface Link {
  /** There and back for a message that finds nobody before it, milliseconds. */
  readonly tripMs: number;
  /** What the narrowest place needs for one message, milliseconds. */
  readonly eachMs: number;
}

interface Ran {
  readonly size: number;
  readonly perSecond: number;
  /** How long the last hundred messages waited in the link for others. */
  readonly queueMs: number;
}

/** Sends for so many seconds through a link that takes one message at a time, as many at once as the window says. */
function run(most: number, seconds: number, linkAt: (second: number) => Link): Ran {
  const window = openWindow(most);
  const underWay: { readonly sentMs: number; readonly ackMs: number }[] = [];
  let nowMs = 0;
  let freeMs = 0;
  let acked = 0;
  const waits: number[] = [];
  while (nowMs < seconds * 1000) {
    const { tripMs, eachMs } = linkAt(nowMs / 1000);
    while (underWay.length < window.size) {
      freeMs = Math.max(freeMs, nowMs) + eachMs;
      waits.push(freeMs - eachMs - nowMs);
      underWay.push({ sentMs: nowMs, ackMs: freeMs + tripMs });
    }
    const first = underWay.shift();
    if (!first) break;
    nowMs = Math.max(nowMs, first.ackMs);
    window.acked(nowMs - first.sentMs, nowMs, underWay.length + 1 >= window.size);
    acked += 1;
  }
  const last = waits.slice(-100);
  return {
    size: window.size,
    perSecond: acked / seconds,
    queueMs: last.reduce((sum, ms) => sum + ms, 0) / last.length,
  };
}

const same = (link: Link) => () => link;

describe('the window', () => {
  it.each<[string, Link, number, (ran: Ran) => void]>([
    ['a local broker', { tripMs: 0.3, eachMs: 0.02 }, 5, ({ perSecond }) => expect(perSecond).toBeGreaterThan(40_000)],
    // A window of 20 carries 400 a second over such a link.
    [
      'a fast link of 50 ms',
      { tripMs: 50, eachMs: 0.1 },
      20,
      ({ perSecond }) => expect(perSecond).toBeGreaterThan(7_000),
    ],
    ['a satellite, 600 ms', { tripMs: 600, eachMs: 1 }, 120, ({ perSecond }) => expect(perSecond).toBeGreaterThan(700)],
    [
      'a link of 20 messages a second',
      { tripMs: 80, eachMs: 50 },
      60,
      ({ queueMs }) => expect(queueMs).toBeLessThan(200),
    ],
    [
      'a link of 3 messages a second',
      { tripMs: 300, eachMs: 330 },
      120,
      ({ queueMs }) => expect(queueMs).toBeLessThan(700),
    ],
  ])('suits %s', (_, link, seconds, expected) => expected(run(1_000, seconds, same(link))));

  it('shrinks when a link becomes narrow, and grows again when it is wide', () => {
    const narrow = (second: number): Link =>
      second > 10 && second < 70 ? { tripMs: 50, eachMs: 40 } : { tripMs: 50, eachMs: 0.2 };
    expect(run(1_000, 70, narrow).queueMs).toBeLessThan(250);
    expect(run(1_000, 150, narrow).perSecond).toBeGreaterThan(1_500);
  });

  it.each([1, 2, 7, 20, 300])('never exceeds what the broker takes: %i', (most) => {
    const window = openWindow(most);
    for (let i = 0; i < 5_000; i++) {
      window.acked(1, i, true);
      expect(window.size).toBeLessThanOrEqual(most);
      expect(window.size).toBeGreaterThanOrEqual(1);
    }
    expect(window.size).toBe(most);
  });

  it('does not grow while it is not used', () => {
    const window = openWindow(1_000);
    const { size } = window;
    for (let i = 0; i < 5_000; i++) window.acked(1, i, false);
    expect(window.size).toBe(size);
  });
});
