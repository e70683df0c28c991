declare global {
  /** Engine under test, which a project of jest.config.ts sets. */
  var testEngine: Engine | undefined;
}

export type Engine = 'sqlite' | 'postgresql';

/** Engine under test: SQLite when no project sets one. */
export const engine: Engine = globalThis.testEngine ?? 'sqlite';

export const onPostgresql = engine === 'postgresql';

/**
 * Returns the part of a text that the engine can store in every field: all of it, or its beginning where PostgreSQL's indexes take no more.
 * An entry of theirs holds 2,704 bytes at most, often of two columns.
 */
export function indexable(text: string): string {
  return onPostgresql && Buffer.byteLength(text) > 1_300 ? text.slice(0, 400).toWellFormed() : text;
}
