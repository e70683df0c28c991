import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const root = join(__dirname, '../..');

/** Folders of pages that are generated, or that belong to other packages. */
const otherFolders = /(?:^|\/)(?:node_modules|docs\/api)\//;

function markdownFiles(folder: string, recursive: boolean): string[] {
  return readdirSync(join(root, folder), { recursive, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((name) => name.endsWith('.md') && !otherFolders.test(name));
}

/** Paths of all pages, relative to the root of the repository. */
export const pages: readonly string[] = [...markdownFiles('.', false), ...markdownFiles('docs', true)];

/** Pages for users. The pages for contributors show parts of the source. */
export const userPages: readonly string[] = pages.filter((page) => page === 'README.md' || page.startsWith('docs/'));

/** Returns the content of a file of the repository. */
export function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

export interface CodeBlock {
  readonly page: string;
  /** Line of the first fence. */
  readonly line: number;
  /** Language after the first fence; empty for output and other plain text. */
  readonly language: string;
  /** Words after the language, such as `no-run`. */
  readonly marks: readonly string[];
  readonly code: string;
}

/** Returns the code blocks of a page, also those in lists, without their indentation. */
export function codeBlocksOf(page: string): CodeBlock[] {
  const text = textOf(page);
  return [...text.matchAll(/^( *)```([^\n`]*)\n(.*?)^ *```$/gms)].map(
    ({ index, 1: indent = '', 2: info = '', 3: code = '' }) => {
      const [language = '', ...marks] = info.trim().split(/\s+/);
      const line = text.slice(0, index).split('\n').length;
      return { page, line, language, marks, code: code.replaceAll(new RegExp(`^${indent}`, 'gm'), '') };
    },
  );
}

/** Returns the text of a page without its code blocks. */
export function proseOf(page: string): string {
  return textOf(page).replaceAll(/^ *```.*?^ *```$/gms, '');
}

/** TypeScript and JavaScript blocks of the pages for users. */
export const samples: readonly CodeBlock[] = userPages
  .flatMap(codeBlocksOf)
  .filter(({ language }) => language === 'ts' || language === 'js');

/** Returns the name of a file for a sample, which shows its page and line. */
export function fileOf({ page, line }: CodeBlock): string {
  return join(root, dirname(page), `${page.replaceAll(/\W/g, '-')}-line-${line}.ts`);
}
