/** What the documents name is there: every file they link to, and every path of the tree that they mention. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../agent/settings/package-root.ts';

const root = packageRoot();
const pages = [
  'README.md',
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => join('docs', name)),
];
const TOP = ['agent', 'config', 'docs', 'drivers', 'simulators', 'systemd', 'test'];

const LINK = /\]\(([^)\s#]+)(?:#[^)]*)?\)/g;
const CODE = /`([^`\s]+)`/g;

/** Relative to the root of the repository. */
function linksOf(page: string, text: string): readonly string[] {
  const targets = [...text.matchAll(LINK)].map(([, target = '']) => target);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => relative(root, join(root, dirname(page), target)));
}

/** `test/journal/disk.test.ts`, and not `drivers/<id>.ts` or `agent/link/ble-*`. */
function pathsOf(text: string): readonly string[] {
  const words = [...text.matchAll(CODE)].map(([, word = '']) => word);
  return words.filter(
    (word) => TOP.includes(word.split('/')[0] ?? '') && /^[\w./-]+$/.test(word) && word.includes('/'),
  );
}

function missingIn(page: string): readonly string[] {
  const text = readFileSync(join(root, page), 'utf8').replace(/```[\s\S]*?```/g, '');
  return [...linksOf(page, text), ...pathsOf(text)].filter((path) => !existsSync(join(root, path)));
}

describe('what a page names is there', () => {
  it('and there are pages', () => expect(pages.length).toBeGreaterThan(10));
  it.each(pages)('%s', (page) => expect(missingIn(page)).toEqual([]));
  it('and a page that names what is not there would be seen', () => {
    const text = 'See [it](nowhere.md#part), `agent/nowhere.ts`, `drivers/<id>.ts` and [that](https://example.org/).';
    expect([...linksOf('docs/page.md', text), ...pathsOf(text)]).toEqual(['docs/nowhere.md', 'agent/nowhere.ts']);
  });
});
