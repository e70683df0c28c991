import { Kysely, PostgresDialect } from 'kysely';
import { jsonArrayFrom } from 'kysely/helpers/postgres';
import { Pool } from 'pg';
import type { Open } from '../../contender';
import type { Engine } from './engine';
import { reads } from './reads';
import type { Tables } from './tables';
import { writes } from './writes';

const engine: Engine = {
  jsonArrayFrom,
  parsed: (json) => json,
  toTime: (date) => date,
  toFlag: (flag) => flag,
};

/** Opens Kysely on node-postgres, with its helpers for relations. */
export const open: Open = (url) => {
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: new Pool({ connectionString: url }) }) });
  return { ...reads(db, engine), ...writes(db, engine), close: () => db.destroy() };
};
