/** Reads the tree for the architecture test: which file imports what, and which words of the outside world it uses. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = normalize(join(dirname(fileURLToPath(import.meta.url)), '../..'));

export interface SourceFile {
  /** Relative to the checkout, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** Relative imports as paths from the checkout; packages by name. */
  readonly imports: readonly string[];
}

export function sourceFile(path: string, text: string): SourceFile {
  const code = withoutComments(text);
  const specifiers = [
    ...code.matchAll(/(?:^|[;\s}])(?:import|export)\b[^'";]*?from\s*['"]([^'"]+)['"]/g),
    ...code.matchAll(/(?:^|[;\s])import\s*['"]([^'"]+)['"]/g),
    ...code.matchAll(/\b(?:import|require|requirePackage)\(\s*['"]([^'"]+)['"]\s*\)/g),
    ...code.matchAll(/\bimport\.meta\.resolve\(\s*['"]([^'"]+)['"]/g),
  ].map((match) => match[1] ?? '');
  return { path, text, imports: specifiers.map((specifier) => resolved(path, specifier)) };
}

export function sourceFiles(...folders: readonly string[]): readonly SourceFile[] {
  return folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`)
      .map((path) => sourceFile(path, readFileSync(join(root, path), 'utf8'))),
  );
}

/** Comments may speak of clocks; code may not use them. Strings are left, since imports are strings. */
export function withoutComments(text: string): string {
  return text.replace(/("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '$1');
}

function resolved(path: string, specifier: string): string {
  if (!specifier.startsWith('.')) return specifier;
  return relative(root, join(root, dirname(path), specifier)).replaceAll('\\', '/');
}
