import type { Config } from 'jest';

// ts-jest compiles the tests, and what they load, to CommonJS. The schema engine is published as an ES module only, so
// it goes through ts-jest too.
const typescript = ['ts-jest', { tsconfig: { module: 'commonjs', moduleResolution: 'bundler', allowJs: true }, diagnostics: false }] as const;

const config: Config = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '^.+\\.ts$': [...typescript], 'schema-engine-wasm/.+\\.js$': [...typescript] },
  transformIgnorePatterns: ['node_modules/(?!@prisma/schema-engine-wasm/)'],
  testTimeout: 30_000,
};

export default config;
