/** @jest-config-loader esbuild-register */
import type { Config } from 'jest';

// ts-jest compiles the tests, and what they load, to CommonJS. Types are checked by `npm run typecheck`, once for all.
// The schema engine is published as an ES module only, so it goes through ts-jest too.
const tsconfig = { module: 'commonjs', moduleResolution: 'bundler', allowJs: true };

const config: Config = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: {
    '\\.ts$|schema-engine-wasm/.+\\.js$': ['ts-jest', { tsconfig, transpilation: true, diagnostics: false }],
  },
  transformIgnorePatterns: ['node_modules/(?!@prisma/schema-engine-wasm/)'],
  // The compiled package imports lazily with the extension that Node wants.
  moduleNameMapper: { '^(\\.{1,2}/(?!.*schema_engine).*)\\.js$': '$1' },
  // Jest leaves one core unused; much of the suite waits for processes of its own.
  maxWorkers: '100%',
  testTimeout: 60_000,
};

export default config;
