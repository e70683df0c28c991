import type { Database } from 'better-sqlite3';
import { DataSource } from 'typeorm';
import type { Open } from '../../contender';
import { sqlitePragmas } from '../sqlite-pragmas';
import { defineEntities } from './entities';
import { reads } from './reads';
import { writes, type Transact } from './writes';

const entities = defineEntities((name) => ({
  name,
  type: 'integer',
  transformer: {
    from: (ms: number) => new Date(ms),
    to: (date: unknown) => (date instanceof Date ? date.getTime() : date),
  },
}));

/** Opens TypeORM on better-sqlite3 with its cache of prepared statements. */
export const open: Open = async (path) => {
  const source = new DataSource({
    type: 'better-sqlite3',
    database: path,
    entities: Object.values(entities),
    statementCacheSize: 500,
    prepareDatabase: (driver: Database) => {
      for (const pragma of sqlitePragmas) driver.pragma(pragma);
    },
  });
  await source.initialize();
  // Makes concurrent callers wait for each other, because TypeORM begins every transaction on its only connection.
  let last: Promise<unknown> = Promise.resolve();
  const transaction: Transact = (work) => {
    const next = last.then(() => source.transaction(work));
    last = next.catch(() => undefined);
    return next;
  };
  return { ...reads(source, entities), ...writes(transaction, entities), close: () => source.destroy() };
};
