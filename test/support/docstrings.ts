import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import ts from 'typescript';

const root = join(__dirname, '../..');
const sources = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts') && !name.startsWith('generated'))
  .map((name) => join(root, 'src', name));

/** Returns the code of an `@example` without its fence. */
export function codeOf(example: string): string {
  return example.replace(/^```ts\n(.*)\n```$/s, '$1');
}

/** Returns the examples in all docstrings of the source, each with a file name that contains its place. */
export function docstringExamples(): Map<string, string> {
  return new Map(sources.flatMap(examplesOf));
}

function examplesOf(path: string): [file: string, code: string][] {
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const examples: [file: string, code: string][] = [];
  const visit = (node: ts.Node): void => {
    for (const tag of ts.getJSDocTags(node)) {
      // TypeScript also attaches the docstring to the first declaration of a list.
      if (tag.tagName.text !== 'example' || tag.parent.parent !== node) continue;
      const line = source.getLineAndCharacterOfPosition(tag.pos).line + 1;
      const file = join(dirname(path), `${basename(path, '.ts')}-line-${line}.ts`);
      examples.push([file, `${codeOf(ts.getTextOfJSDocComment(tag.comment) ?? '')}\nexport {};\n`]);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return examples;
}

/** Docstring of a call that applications can make. */
export interface PublicDocstring {
  readonly name: string;
  readonly text: string;
  readonly examples: readonly string[];
  readonly throws: readonly string[];
}

/** Returns the docstrings of the functions, and of the methods of the classes, that an entry point exports. */
export function publicDocstrings(program: ts.Program, entry: string): PublicDocstring[] {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(join(root, entry));
  const module = source && checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`no module ${entry}`);
  const docstringsOf = (symbol: ts.Symbol, name: string): PublicDocstring[] =>
    checker
      .getTypeOfSymbol(symbol)
      .getCallSignatures()
      .map((signature) => toDocstring(name, signature, checker));
  return checker.getExportsOfModule(module).flatMap((exported) => {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    if (!isOwn(symbol)) return [];
    if (symbol.flags & ts.SymbolFlags.Function) return docstringsOf(symbol, symbol.name);
    if (!(symbol.flags & ts.SymbolFlags.Class)) return [];
    const members = [...checker.getDeclaredTypeOfSymbol(symbol).getProperties(), ...(symbol.exports?.values() ?? [])];
    return members
      .filter((member) => member.flags & ts.SymbolFlags.Method && isOwn(member) && !isHidden(member))
      .flatMap((member) => docstringsOf(member, `${symbol.name}.${member.name}`));
  });
}

function toDocstring(name: string, signature: ts.Signature, checker: ts.TypeChecker): PublicDocstring {
  const tags = signature.getJsDocTags();
  const textsOf = (tagName: string): string[] =>
    tags.filter((tag) => tag.name === tagName).map(({ text }) => ts.displayPartsToString(text));
  return {
    name,
    text: ts.displayPartsToString(signature.getDocumentationComment(checker)),
    examples: textsOf('example'),
    throws: textsOf('throws'),
  };
}

function isOwn(symbol: ts.Symbol): boolean {
  return (symbol.declarations ?? []).some((declaration) => sources.includes(declaration.getSourceFile().fileName));
}

/** Reports whether a member is private, or has a symbol as its name. */
function isHidden({ name, declarations }: ts.Symbol): boolean {
  const isPrivate = (declarations ?? []).some((declaration) => {
    const nameNode = ts.getNameOfDeclaration(declaration);
    return nameNode !== undefined && ts.isPrivateIdentifier(nameNode);
  });
  return isPrivate || name.startsWith('__@');
}
