import SqliteDriver from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { jsonArrayFrom } from 'kysely/helpers/sqlite';
import type { Open } from '../../contender';
import { sqlitePragmas } from '../sqlite-pragmas';
import type { Engine } from './engine';
import { reads } from './reads';
import type { Tables } from './tables';
import { writes } from './writes';

const engine: Engine = {
  // This helper returns text, contrary to Kysely's types, so the text is parsed here. Kysely's plugin that parses
  // results would also parse the values of metadata, which must stay text.
  jsonArrayFrom,
  parsed: <T>(json: T) => JSON.parse(String(json)) as T,
  toTime: (date) => date.getTime(),
  toFlag: Number,
};

/** Opens Kysely on better-sqlite3, with its helpers for relations. */
export const open: Open = (path) => {
  const driver = new SqliteDriver(path);
  for (const pragma of sqlitePragmas) driver.pragma(pragma);
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: driver }) });
  return { ...reads(db, engine), ...writes(db, engine), close: () => db.destroy() };
};
