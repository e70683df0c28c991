declare global {
  /** Set by the project of jest.config.ts that a test runs in. */
  var testEngine: Engine | undefined;
}

export type Engine = 'sqlite' | 'postgresql';

/** What the tests that are about no engine in particular run on. */
export const engine: Engine = globalThis.testEngine ?? 'sqlite';

export const onPostgresql = engine === 'postgresql';
