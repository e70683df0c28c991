// Jest's module system, which keeps compiled modules for the next test file of the worker: V8 would compile several
// hundred modules of the package, its dependencies and Jest for each test file, most of the time that a short file takes.
const { Script } = require('node:vm');
const { default: Runtime } = require('jest-runtime');

/** @type {Map<string, { source: string, script: Script }>} */
const compiled = new Map();

module.exports = class CachingRuntime extends Runtime {
  constructor(config, ...others) {
    super(config, ...others);
    const { executor, _environment: environment, _testPath: testPath } = this;
    const compile = executor.compile.bind(executor);
    const parameters = executor.injectedModuleParameters.join(', ');

    executor.compile = (source, filename) => {
      const context = environment.getVmContext();
      // A test file is loaded once only. Jest's compile() explains errors of syntax.
      if (context === null || filename === testPath) return compile(source, filename);
      let known = compiled.get(filename);
      if (known?.source !== source) {
        try {
          known = {
            source,
            script: new Script(`(function (${parameters}) {\n${source}\n})`, { filename, lineOffset: -1 }),
          };
        } catch {
          return compile(source, filename);
        }
        compiled.set(filename, known);
      }
      return known.script.runInContext(context);
    };
  }
};
