import { CommanderError, type Command } from 'commander';
import { createProgram } from '../../src/cli/program';
import { codeBlocksOf, pages, proseOf, textOf } from '../support/documentation-pages';

/** Values for the words that stand for a value in the pages. */
const placeholders: Readonly<Record<string, string>> = {
  'SEQUENCE:HASH': `1:${'a'.repeat(64)}`,
  FILE: 'copy.sqlite',
  '[FILE]': 'copy.ndjson',
};

/** Returns the shell commands of a page: the lines of its blocks, and its inline code. */
function commandsOf(page: string): string[] {
  const blocks = codeBlocksOf(page).filter(({ language }) => language === 'sh');
  const lines = blocks.flatMap(({ code }) => code.replaceAll('\\\n', ' ').split('\n'));
  const inline = [...proseOf(page).matchAll(/`([^`\n]+)`/g)].map(([, code = '']) => code);
  return [...lines, ...inline].map((line) => line.replace(/(?:^|\s)#.*$/, '').trim());
}

/** Returns the arguments of each `npx ans-database` in a line. */
function argumentsOf(line: string): string[][] {
  return line.split('&&').flatMap((command) => {
    const [, text] = /\bnpx ans-database\b(.*)$/.exec(command) ?? [];
    return text === undefined ? [] : [text.split(/\s+/).filter((word) => word !== '')];
  });
}

/** Makes every command do nothing. */
function withoutActions(command: Command): Command {
  command.configureOutput({ writeOut: () => undefined, writeErr: () => undefined });
  if (command.commands.length === 0) command.action(() => undefined);
  for (const child of command.commands) withoutActions(child.exitOverride());
  return command;
}

/** Returns why the command line refuses arguments; undefined if it accepts them. */
async function refusalOf(args: readonly string[]): Promise<string | undefined> {
  const known = args.map((word) => placeholders[word] ?? word);
  try {
    await withoutActions(createProgram()).parseAsync(known, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.code === 'commander.helpDisplayed' ? undefined : error.message;
  }
  return undefined;
}

describe('commands', () => {
  test('the documentation shows only existing commands and options of npx ans-database', async () => {
    const shown = pages.flatMap((page) =>
      commandsOf(page)
        .flatMap(argumentsOf)
        .map((args) => ({ page, args })),
    );
    // A name alone stands for the command line as a whole.
    const complete = shown.filter(({ args }) => args.length > 0);
    expect(complete.length).toBeGreaterThan(20);
    const refused: object[] = [];
    for (const { page, args } of complete) {
      const refusal = await refusalOf(args);
      if (refusal !== undefined) refused.push({ page, args, refusal });
    }
    expect(refused).toEqual([]);
  });

  test('the documentation lists every command of npx ans-database', () => {
    const namesOf = (command: Command): string[] => {
      if (command.commands.length === 0) return [command.name()];
      return command.commands.flatMap(namesOf).map((name) => `${command.name()} ${name}`);
    };
    const page = textOf('docs/command-line.md');
    const names = createProgram().commands.flatMap(namesOf);
    expect(names.filter((name) => !page.includes(`| \`${name}`))).toEqual([]);
  });

  test('the documentation names only existing scripts of package.json', () => {
    const { scripts } = JSON.parse(textOf('package.json')) as { scripts: Readonly<Record<string, string>> };
    const named = pages.flatMap((page) =>
      [...textOf(page).matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => ({ page, name })),
    );
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter(({ name }) => !(name in scripts))).toEqual([]);
  });
});
