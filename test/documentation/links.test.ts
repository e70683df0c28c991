import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pages, proseOf, textOf } from '../support/documentation-pages';

const root = join(__dirname, '../..');

/** Returns the anchors that GitHub derives from the headings of a page. It numbers equal ones. */
function anchorsOf(page: string): string[] {
  const seen = new Map<string, number>();
  return [...proseOf(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => {
    const anchor = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
    const count = seen.get(anchor) ?? 0;
    seen.set(anchor, count + 1);
    return count === 0 ? anchor : `${anchor}-${count}`;
  });
}

/** Returns the links of a page to files of the repository, each with its path and its anchor. */
function linksOf(page: string): { path: string; anchor: string | undefined }[] {
  const links = proseOf(page).matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)\s]+))?\)/g);
  return [...links].map(([, path = '', anchor]) => ({ path: path === '' ? page : join(dirname(page), path), anchor }));
}

describe('links', () => {
  test('every link of the documentation leads to an existing file and heading', () => {
    const links = pages.flatMap((page) => linksOf(page).map((link) => ({ page, ...link })));
    expect(links.length).toBeGreaterThan(200);
    const broken = links.filter(({ path, anchor }) => {
      return !existsSync(join(root, path)) || (anchor !== undefined && !anchorsOf(path).includes(anchor));
    });
    expect(broken).toEqual([]);
  });

  test('the index of the documentation links to every page in docs', () => {
    const linked = linksOf('docs/README.md').map(({ path }) => path);
    const names = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md') && name !== 'README.md');
    expect(names.map((name) => `docs/${name}`).filter((path) => !linked.includes(path))).toEqual([]);
  });

  test('the README has at most 8 KB', () => {
    expect(Buffer.byteLength(textOf('README.md'))).toBeLessThanOrEqual(8192);
  });

  test('the documentation names only existing files and folders', () => {
    const generated = ['docs/api'];
    const missing = pages.flatMap((page) =>
      [...textOf(page).matchAll(/`((?:src|test|scripts|docs|prisma|examples)\/[\w./-]+)`/g)]
        .map(([, path = '']) => path)
        .filter((path) => !generated.includes(path) && !existsSync(join(root, path)))
        .map((path) => `${page}: ${path}`),
    );
    expect(missing).toEqual([]);
  });
});
