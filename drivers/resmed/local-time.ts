/** The device's clock: local wall time without zone, which does not follow summer time, counted in milliseconds as if it were UTC. */

export const MS_PER_MINUTE = 60_000;
export const MS_PER_DAY = 86_400_000;

/** EDF start date 'dd.mm.yy' and time 'hh.mm.ss'; undefined where there is no such day or time. Source: EDF+ 2.1.3.2. */
export function edfStartMs(date: string, time: string): number | undefined {
  const day = /^(\d\d)\.(\d\d)\.(\d\d)$/.exec(date);
  const clock = /^([01]\d|2[0-3])\.([0-5]\d)\.([0-5]\d)$/.exec(time);
  if (!day || !clock) return undefined;
  // Clipping date of EDF: 85..99 are of the last century.
  const year = Number(day[3]) + (Number(day[3]) >= 85 ? 1900 : 2000);
  const midnightMs = Date.UTC(year, Number(day[2]) - 1, Number(day[1]));
  const exists = localText(midnightMs).slice(5, 10) === `${day[2]}-${day[1]}`;
  if (!exists) return undefined;
  return midnightMs + ((Number(clock[1]) * 60 + Number(clock[2])) * 60 + Number(clock[3])) * 1000;
}

/** '2026-03-01T22:15:00', with the milliseconds only where there are any. */
export function localText(localMs: number): string {
  const iso = new Date(localMs).toISOString();
  return iso.endsWith('.000Z') ? iso.slice(0, -5) : iso.slice(0, -1);
}

/** Seconds as decimal text to whole milliseconds; finer digits are cut. Undefined for anything else. */
export function secondsMs(text: string): number | undefined {
  const match = /^([+-]?)(\d{1,9})(?:\.(\d{0,9}))?$/.exec(text);
  if (!match) return undefined;
  const ms = Number(match[2]) * 1000 + Number((match[3] ?? '').slice(0, 3).padEnd(3, '0'));
  return match[1] === '-' && ms !== 0 ? -ms : ms;
}
