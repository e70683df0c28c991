// Compiles the tests, and the modules that they load, to CommonJS. `npm run typecheck` checks the types.
const { createHash } = require('node:crypto');
const { transformSync, version } = require('esbuild');

const options = {
  loader: 'ts',
  format: 'cjs',
  target: 'node20',
  // Modules are strict code, also as CommonJS.
  tsconfigRaw: { compilerOptions: { alwaysStrict: true } },
  // Jest's module system has require() only.
  supported: { 'dynamic-import': false },
  sourcemap: 'external',
};
const compiler = `esbuild ${version} ${JSON.stringify(options)}`;

module.exports = {
  process(source, path) {
    return transformSync(source, { ...options, sourcefile: path });
  },
  getCacheKey(source, path, { instrument }) {
    const key = JSON.stringify([compiler, path, instrument, source]);
    return createHash('sha1').update(key).digest('hex');
  },
};
