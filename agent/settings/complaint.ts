/** One thing that is wrong with a settings file, in words that say what to write instead. */

export interface Complaint {
  /** File name, as 'hub.json'. */
  readonly file: string;
  /** Where in it, as 'devices[1].port'; empty for the whole file. */
  readonly path: string;
  /** What was found there. */
  readonly found: string;
  /** What was expected, or what to do. */
  readonly expected: string;
}

/** As in `hub.json: devices[1].port: found 5, expected a serial port`. */
export function complaintText({ file, path, found, expected }: Complaint): string {
  return [file, ...(path === '' ? [] : [path]), `${found}; ${expected}`].join(': ');
}

/** A JSON pointer as people write paths: /devices/1/port is devices[1].port. */
export function pathOf(pointer: string, key?: string): string {
  const parts = pointer.split('/').slice(1).map(unescaped);
  if (key !== undefined) parts.push(key);
  return parts.reduce((path, part) => {
    if (/^\d+$/.test(part)) return `${path}[${part}]`;
    return path === '' ? part : `${path}.${part}`;
  }, '');
}

function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

/** A value as it stood in the file, cut where it would hide the message, and without what must not be logged (invariant 13). */
export function shown(value: unknown): string {
  const text = (JSON.stringify(value) ?? 'nothing')
    .replace(/\/\/[^/@"]*@/g, '//***@')
    .replace(/[0-9a-f]{2}(?:[:-][0-9a-f]{2}){3,}/gi, '***')
    .replace(/\d{6}[- ]?\d{5}/g, '***');
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
