/** Reads a file of the settings folder; what is wrong with it comes as a complaint that says what to do. */
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Complaint } from './complaint.ts';
import { parseJson } from './json-text.ts';

/** A settings file is written by people; one that is larger is something else. */
const BYTES_MAX = 1_048_576;

export type Text = { readonly text: string } | { readonly complaints: readonly Complaint[] };

export function readText(folder: string, file: string): Text {
  const path = join(folder, file);
  const refuse = (found: string, expected: string): Text => ({ complaints: [{ file, path: '', found, expected }] });
  try {
    if (statSync(path).size > BYTES_MAX)
      return refuse('larger than 1 MiB', 'expected a settings file written by people');
    return { text: readFileSync(path, 'utf8') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') {
      return refuse(
        `there is no ${path}`,
        `copy config/example/${file} of the installation there and adapt it, or give the folder with --config`,
      );
    }
    if (code === 'EACCES') return refuse(`${path} may not be read`, 'let the user that runs hjemmebro read it');
    if (code === 'EISDIR') return refuse(`${path} is a folder`, 'put the file there');
    return refuse(`${path} could not be read (${code})`, 'check the disk');
  }
}

/** The JSON of a text, or the place where it stops being JSON. */
export function parseText(
  file: string,
  text: string,
): { readonly value: unknown } | { readonly complaints: readonly Complaint[] } {
  const parsed = parseJson(text);
  if ('value' in parsed) return parsed;
  const path = `line ${parsed.line}, column ${parsed.column}`;
  return { complaints: [{ file, path, found: 'not JSON', expected: parsed.problem }] };
}
