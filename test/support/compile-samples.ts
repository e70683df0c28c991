import { join, relative } from 'node:path';
import ts from 'typescript';
import { sampleGlobals } from './sample-globals';

const root = join(__dirname, '../..');

/** Compiles samples, given by file name, without files on the disk. */
export function compileSamples(samples: ReadonlyMap<string, string>): ts.Program {
  const files = new Map([...samples, [join(root, 'sample-globals.d.ts'), sampleGlobals]]);
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path)).config as object;
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, root);
  const compilerOptions: ts.CompilerOptions = {
    ...options,
    module: ts.ModuleKind.Preserve,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    types: ['node'],
    noUnusedLocals: false,
    noPropertyAccessFromIndexSignature: false,
    paths: { 'ans-database': [join(root, 'src/index.ts')], 'ans-database/*': [join(root, 'src/*/index.ts')] },
  };
  const disk = ts.createCompilerHost(compilerOptions);
  const host: ts.CompilerHost = {
    ...disk,
    fileExists: (path) => files.has(path) || disk.fileExists(path),
    getSourceFile: (path, languageVersion, ...rest) => {
      const text = files.get(path);
      if (text === undefined) return disk.getSourceFile(path, languageVersion, ...rest);
      return ts.createSourceFile(path, text, languageVersion);
    },
  };
  return ts.createProgram([...files.keys()], compilerOptions, host);
}

/** Returns the compiler errors of a sample, each with its file name. */
export function errorsOf(program: ts.Program, file: string): string[] {
  const source = program.getSourceFile(file);
  const diagnostics = [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)];
  return diagnostics.map(({ messageText }) => {
    return `${relative(root, file)}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
  });
}
