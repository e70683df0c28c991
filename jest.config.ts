/** @jest-config-loader esbuild-register */
import { randomUUID } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Config } from 'jest';
import { scratch } from './test/support/scratch';

// Where test/support/sqlite-template.ts keeps the database that those of this run are copies of.
process.env['TEST_SQLITE_TEMPLATE'] ??= join(scratch, `ans-template-${randomUUID()}.sqlite`);

// For `npm run test:node-sqlite`, which also sets another Node.js.
const isOnNodeSqlite = process.env['TEST_SQLITE_DRIVER'] === 'node:sqlite';

const shared = {
  testEnvironment: 'node',
  runtime: join(__dirname, 'test/support/caching-runtime.cjs'),
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '\\.ts$': '<rootDir>/test/support/typescript-transformer.cjs' },
  // The compiled package imports lazily with the extension that Node wants.
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    ...(isOnNodeSqlite ? { '^better-sqlite3$': '<rootDir>/test/support/no-better-sqlite3.cjs' } : {}),
  },
} satisfies Config;

/** Tests of the one engine's own parts, and of what has nothing to do with an engine: input is checked before its use. */
const onSqliteOnly = [
  'sqlite/',
  'faults/sqlite/',
  'migration/(?!cli-)',
  'scripts/',
  'sql/',
  'agents/agent-input\\.',
  'cache/(?:reads|record-cache)\\.',
  'errors/(?:classification|driver-unavailable|http)\\.',
  'events/(?:security-event-input|set-digest)\\.',
  'lifecycle/options\\.',
  'limits/limits\\.',
  'prisma/entry-points\\.',
  'runtime/breaker-bursts\\.',
  'cli/(?:move|studio-url)\\.',
  'resolution/agent-name\\.',
  'architecture\\.',
  'documentation/',
  'package/(?!prisma-)',
  'workflows\\.',
  'model/properties\\.',
  'query/',
  'testing/',
  'x509/',
  'formats/',
  '\\w+/build-\\w+-query\\.',
];

/** Tests that need better-sqlite3, or do not depend on the driver. */
const onBetterSqlite3Only = [
  ...['sqlite/connection\\.', 'sqlite/prisma-transactions\\.'],
  ...['sqlite/adapter\\.', 'sqlite/prisma-client\\.', 'sqlite/prisma-isolation\\.', 'errors/driver-unavailable\\.'],
  ...[
    'scripts/',
    'cli/studio',
    'migration/cli-',
    'migration/run-script\\.',
    'migration/embedded\\.',
    'prisma/entry-points\\.',
  ],
  ...['architecture\\.', 'documentation', 'package/', 'model/', 'query/', 'x509/', 'formats/'],
];

const isEveryDay = process.env['LONG_TESTS'] === undefined;

/** What takes long, unless a command of its own asks for it: `npm run test:long`, `test:faults`, `test:races`, `test:big`. */
const onDemand = [
  ...(process.env['BIG_DATA'] === undefined ? ['<rootDir>/test/big/'] : []),
  ...(isEveryDay ? ['\\.(?:long|race)\\.test\\.ts$', '<rootDir>/test/data/', '<rootDir>/test/faults/'] : []),
];

/** Tests that start many processes and hardly depend on the engine: `npm run test:long` runs them on PostgreSQL too. */
const onDemandOnPostgresql = isEveryDay ? ['<rootDir>/test/cli/'] : [];

const config: Config = {
  // The same tests of behaviour on either engine, and some of its own on each.
  projects: [
    {
      ...shared,
      displayName: 'sqlite',
      globalTeardown: '<rootDir>/test/support/sqlite-template-teardown.ts',
      globals: { testEngine: 'sqlite' },
      testPathIgnorePatterns: [
        ...['<rootDir>/test/postgresql/', '<rootDir>/test/faults/postgresql-'],
        ...(isOnNodeSqlite ? onBetterSqlite3Only.map((path) => `<rootDir>/test/${path}`) : []),
        ...onDemand,
      ],
    },
    {
      ...shared,
      displayName: 'postgresql',
      globals: { testEngine: 'postgresql' },
      testPathIgnorePatterns: [
        ...onSqliteOnly.map((path) => `<rootDir>/test/${path}`),
        ...onDemand,
        ...onDemandOnPostgresql,
      ],
      globalSetup: '<rootDir>/test/support/postgresql-setup.ts',
      globalTeardown: '<rootDir>/test/support/postgresql-teardown.ts',
      setupFilesAfterEnv: ['<rootDir>/test/support/skip-without-server.ts'],
    },
  ],
  // Jest leaves one core unused. The suite of every day waits much of its time: for a server, for processes of its own.
  maxWorkers: availableParallelism() + (isEveryDay ? 1 : 0),
  testTimeout: 60_000,
  // For `npm run coverage`.
  collectCoverageFrom: ['<rootDir>/src/**/*.ts', '!<rootDir>/src/generated/**'],
  coverageReporters: ['text-summary', 'html'],
};

export default config;
